"""A PostgreSQL server of our own, to test with."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def binaries() -> Path | None:
    """Where PostgreSQL's programs are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


BINARIES = binaries()
NEEDED = pytest.mark.skipif(BINARIES is None, reason="not installed: initdb (Debian: postgresql)")


class Database:
    """A PostgreSQL server of our own, which refuses to run as root."""

    def __init__(self, folder: Path) -> None:
        assert BINARIES is not None, NEEDED.kwargs["reason"]
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


@contextlib.contextmanager
def database() -> Iterator[Database]:
    """Give a server that runs, and stop it afterwards."""
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
