"""Search for answers that break the description of the API: `python -m tests.e2e.contract [CASES]`.

Every operation gets CASES generated requests a phase; with 500, more than 20,000 in all. schemathesis makes them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.api.servers import SHORT, finished, process, submitted

SETTINGS = Path(__file__).resolve().parent.parent / "schemathesis.toml"


def searched(folder: Path, cases: int) -> tuple[int, str]:
    """Search with some cases for each operation; return the exit code and what was printed."""
    with process(folder / "data", "--max-queued", "100000", "--workers", "1", "--max-events", "2e6") as server:
        for seed in (1, 2):
            finished(server.client, submitted(server.client, {**SHORT, "seed": seed})["id"])
        line = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run"]
        line += [f"{server.url}/openapi.json", "--max-examples", str(cases), "--checks", "all"]
        line += ["--continue-on-failure", "--seed", "1", "--generation-deterministic"]
        environment = {**os.environ, "PYTHONWARNINGS": "default", "COLUMNS": "160"}
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, env=environment, check=False)
        assert server.client.get("/health").status_code == 200
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        status, text = searched(Path(place), int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    print(text)
    sys.exit(status)
