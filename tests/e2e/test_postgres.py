"""The same service on a real PostgreSQL server: runs, crashes, a database that goes away."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.servers import LONG, SHORT, Process, finished, process, submitted
from tests.api.test_cli import bordergate, refused


def binaries() -> Path | None:
    """Where PostgreSQL's programs are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


BINARIES = binaries()
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        BINARIES is None and "CI" not in os.environ, reason="PostgreSQL is not installed (Debian: postgresql)"
    ),
]


class Database:
    """A PostgreSQL server of our own, which refuses to run as root."""

    def __init__(self, folder: Path) -> None:
        assert BINARIES is not None, "CI installs PostgreSQL"
        self.folder, self.binaries = folder, BINARIES
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        self.run("initdb", "-D", str(folder / "db"), "-A", "trust", "-U", "gates", "--no-sync")
        self.start()
        self.url = f"postgresql://gates@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        line = [str(self.binaries / program), *arguments]
        done = subprocess.run(
            line,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            user="postgres" if os.getuid() == 0 else None,
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self.run("pg_ctl", "-D", str(self.folder / "db"), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "db"), "-w", "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "pg"
        folder.mkdir()
        found = Database(folder)
        try:
            yield found
        finally:
            with contextlib.suppress(AssertionError):
                found.stop()


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
