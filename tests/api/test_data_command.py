"""`bordergate data`: copies, a lost database, damaged results and what is too old, on the data of a real server."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.cli.app import app
from api.service.data_folder import open_folder
from api.service.security.keys import all_keys
from api.service.store import Store, rows, tables
from tests.api.servers import SHORT, access_key, finished, problem, submitted, threaded

runner = CliRunner()


def invoke(*words: str, code: int = 0) -> str:
    done = runner.invoke(app, ["data", *words])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, list[dict[str, Any]]]:
    """A data folder with two finished runs and a key."""
    data = Path(tmp_path_factory.mktemp("kept")) / "data"
    with threaded(data) as client:
        runs = [finished(client, submitted(client, {**SHORT, "seed": seed})["id"]) for seed in (1, 2)]
    access_key(data, "office", "admin")
    return data, runs


@pytest.fixture
def data(made, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made[0], tmp_path / "data"))


def listed(data: Path) -> list[rows.Row]:
    stored = Store(f"sqlite:///{open_folder(data).database}")
    found = stored.at_once(rows.with_status("succeeded"))
    stored.close()
    return found


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_is_restored_with_all_that_was_there(data, tmp_path):
    target = tmp_path / "backup"
    assert f"2 results copied to {target}" in invoke("backup", str(target), "--data", str(data)).replace("\n", "")
    invoke("restore", str(target), "--data", str(tmp_path / "new"))
    assert [vars(row) for row in listed(tmp_path / "new")] == [vars(row) for row in listed(data)]
    assert content(tmp_path / "new" / "runs") == content(data / "runs")
    stored = Store(f"sqlite:///{open_folder(tmp_path / 'new').database}")
    assert [key.name for key in stored.at_once(all_keys())] == ["office"]
    stored.close()


def test_what_is_not_replaced(data, tmp_path):
    target = tmp_path / "backup"
    invoke("backup", str(target), "--data", str(data))
    assert "is there already. Name a folder that does not exist." in invoke("backup", str(target), code=2)
    assert "holds runs already. Restore into a new folder" in invoke(
        "restore", str(target), "--data", str(data), code=2
    )
    assert "is not a backup" in invoke("restore", str(data), "--data", str(tmp_path / "new"), code=2)
    document = json.loads((target / "backup.json").read_text(encoding="utf-8"))
    (target / "backup.json").write_text(json.dumps({**document, "format": 99}), encoding="utf-8")
    assert "was made by a newer version" in invoke("restore", str(target), "--data", str(tmp_path / "new"), code=2)


@pytest.mark.parametrize("entries", [True, False], ids=["with entries", "from manifests alone"])
def test_a_lost_database_is_made_again(made, data, entries):
    before = listed(data)
    for path in data.glob("bordergate.sqlite3*"):
        path.unlink()
    if not entries:
        shutil.rmtree(data / "index")
    assert "2 results added" in invoke("reindex", "--data", str(data))
    assert "0 results added" in invoke("reindex", "--data", str(data))
    after = {row.id: row for row in listed(data)}
    assert after.keys() == {row.id for row in before}
    if entries:
        assert [{**vars(after[row.id]), "seq": 0} for row in before] == [{**vars(row), "seq": 0} for row in before]
    with threaded(data) as client:
        for run in made[1]:
            found = client.get(run["links"]["self"]).json()
            assert (found["status"], found["gate"], found["progress"]["total"]) == ("succeeded", "minimal", 3)
            assert client.get(run["links"]["metrics"]).status_code == 200
        again = submitted(client, {**SHORT, "seed": 1})
        assert again["reused"] is entries, "what was asked for is known only from the entry"


def test_damaged_results_are_named_answered_with_410_and_not_given_again(made, data):
    first, second = (run["id"] for run in made[1])
    assert "No result is damaged" in invoke("check", "--data", str(data))
    metrics = data / "runs" / first / "metrics.json"
    metrics.write_bytes(metrics.read_bytes().replace(b"0", b"1"))
    shutil.rmtree(data / "runs" / second)
    said = invoke("check", "--data", str(data), code=1)
    assert f"{first} - is damaged: metrics.json" in said
    assert second in said
    assert "2 results are damaged" in said
    with threaded(data, keys=False) as client:
        problem(client.get(f"/api/v1/runs/{second}/metrics"), 410, "damaged")
        again = submitted(client, {**SHORT, "seed": 2})
        assert (again["reused"], again["id"] == second) == (False, False)


def test_what_is_too_old_goes_only_when_it_is_said_twice(data):
    old, new = listed(data)
    stored = Store(f"sqlite:///{open_folder(data).database}")
    long_ago = tables.runs.update().where(tables.runs.c.id == old.id).values(finished=time.time() - 10 * 86_400)

    def statement(connection: sa.Connection) -> None:
        connection.execute(long_ago)

    stored.at_once(statement)
    stored.close()
    assert "says nothing about which runs to remove" in invoke("trim", "--data", str(data), code=2)
    assert invoke("trim", "--days", "9", "--data", str(data)).split()[0] == old.id
    assert len(listed(data)) == 2
    assert "0 runs removed" in invoke("trim", "--days", "11", "--yes", "--data", str(data))
    assert "1 run removed" in invoke("trim", "--days", "9", "--yes", "--data", str(data))
    assert [row.id for row in listed(data)] == [new.id]
    assert not (data / "runs" / old.id).exists()
    assert "1 run removed" in invoke("trim", "--keep-mb", "0", "--yes", "--data", str(data))
    assert listed(data) == []


def test_a_running_server_keeps_its_data(tmp_path):
    with threaded(tmp_path / "data"):
        assert "is in use by another server" in invoke("reindex", "--data", str(tmp_path / "data"), code=2)
        invoke("check", "--data", str(tmp_path / "data"))
