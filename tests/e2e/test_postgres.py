"""The same service on a real PostgreSQL server: runs, crashes, a database that goes away."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from api.service.security import keys
from api.service.security.keys import AccessKey
from api.service.store import Store, rows
from tests.api.servers import LONG, SHORT, Process, finished, process, submitted
from tests.api.test_cli import bordergate, refused
from tests.api.test_store import FORMAT_1
from tests.e2e import postgres

pytestmark = [pytest.mark.long, postgres.NEEDED]


@pytest.fixture(scope="module")
def database():
    with postgres.database() as found:
        yield found


def test_runs_survive_on_postgres(database, tmp_path):
    data = tmp_path / "data"
    options = ("--database", database.url, "--workers", "2")
    server = Process(data, *options)
    key = {"Idempotency-Key": "once"}
    made = [submitted(server.client, {**SHORT, "seed": seed}, **(key if seed == 1 else {})) for seed in range(1, 6)]
    long = submitted(server.client, {**LONG, "days": 5, "replications": 40})
    assert not (data / "bordergate.sqlite3").exists()
    other = bordergate("serve", "--port", "0", "--data", "other", "--database", database.url, cwd=tmp_path)
    assert "is in use by another server" in refused(other)[0]
    server.kill()
    with process(data, *options) as again:
        for run in (*made, long):
            assert finished(again.client, run["id"])["status"] == "succeeded"
        repeated = submitted(again.client, {**SHORT, "seed": 1}, **key)
        assert repeated["id"] == made[0]["id"]
        page = again.client.get("/api/v1/runs", params={"limit": 3}).json()
        assert [item["id"] for item in page["items"]] == [long["id"], made[4]["id"], made[3]["id"]]

        # the database goes away, and comes back
        run = submitted(again.client, {**LONG, "days": 20, "replications": 40})
        database.stop()
        answer = again.client.post("/api/v1/runs", json={**SHORT, "seed": 9})
        assert answer.status_code == 503, answer.text
        assert again.client.get("/ready").status_code == 503
        assert again.client.get(f"/api/v1/runs/{run['id']}").status_code == 200, "what is at hand is told"
        time.sleep(2)
        database.start()
        assert finished(again.client, run["id"])["status"] == "succeeded"
        assert finished(again.client, submitted(again.client, {**SHORT, "seed": 9})["id"])["status"] == "succeeded"
        assert again.client.delete(f"/api/v1/runs/{run['id']}").status_code == 204


def test_tables_of_format_1_are_brought_up_to_date(database):
    driver = "postgresql+psycopg"
    outside = sa.create_engine(sa.make_url(database.url).set(drivername=driver), isolation_level="AUTOCOMMIT")
    with outside.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE older"))
    outside.dispose()
    url = sa.make_url(database.url).set(database="older")
    engine = sa.create_engine(url.set(drivername=driver))
    with engine.begin() as connection:
        for line in FORMAT_1:
            line = line.replace("INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "BIGSERIAL PRIMARY KEY")
            connection.execute(sa.text(line.replace("FLOAT", "DOUBLE PRECISION")))
    engine.dispose()
    for _ in range(2):
        stored = Store(url.render_as_string(hide_password=False))
        (run,) = stored.at_once(rows.with_status("queued"))
        assert (run.id, run.owner, run.project) == ("run_0000000000000001", "office", "")
        assert stored.at_once(keys.all_keys()) == [AccessKey("5ec", "office", "run", (), 7.0)]
        assert not stored.at_once(keys.remove("office", even_the_last=False))
        stored.close()
