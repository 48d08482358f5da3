"""Search for answers that break the description of the API: `python -m tests.e2e.contract [CASES]`.

Every operation gets CASES generated requests, or as many as there can be: some have no parameters at all. Left out, it
is the number of the soak tier, with which more than 20,000 are made in all. schemathesis makes them; some of those for
results name runs and studies that are there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.api.servers import SHORT, Process, finished, process, submitted
from tests.tiers import count

SETTINGS = Path(__file__).resolve().parent.parent / "schemathesis.toml"
FULL = count("contract", "soak")
WANTED = 20_000
STUDY = {
    "name": "booths",
    "question": "Does a booth more help?",
    "gate": "minimal",
    "days": 2,
    "warmup_days": 1,
    "replications": 3,
    "scenarios": [{"name": "third", "set": {"stages.booth.lanes": 3}}],
}


class Searched(NamedTuple):
    """How a search ended."""

    code: int
    cases: int
    output: str


def searched(folder: Path, cases: int) -> Searched:
    """Search with some cases for each operation."""
    with process(folder / "data", "--max-queued", "100000", "--workers", "1", "--max-events", "2e6") as server:
        (folder / "settings.toml").write_text(SETTINGS.read_text(encoding="utf-8") + known(server), encoding="utf-8")
        line = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "settings.toml"), "run"]
        line += [f"{server.url}/openapi.json", "--max-examples", str(cases), "--checks", "all"]
        line += ["--continue-on-failure", "--seed", "1", "--generation-deterministic"]
        environment = {**os.environ, "PYTHONWARNINGS": "default", "COLUMNS": "160"}
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, env=environment, check=False)
        assert server.client.get("/health").status_code == 200
    made = re.search(r"(\d+) generated", done.stdout)
    return Searched(done.returncode, int(made[1]) if made else 0, done.stdout + done.stderr)


def known(server: Process) -> str:
    """Return settings that name runs and studies with results, which no generated name would meet."""
    runs = [submitted(server.client, {**SHORT, "seed": seed})["id"] for seed in (1, 2)]
    answer = server.client.post("/api/v1/studies", json=STUDY)
    assert answer.status_code == 202, answer.text
    study = answer.json()
    for run in runs:
        finished(server.client, run)
    while server.client.get(study["links"]["self"], headers={"Prefer": "wait=20"}).json()["status"] != "succeeded":
        pass
    lines = [
        "[dictionaries.gates]",
        'values = ["minimal", "friendship-pass"]',
        "[[operations]]",
        "include-path-regex = '^/api/v1/(runs|validate)$'",
        'parameters = { "body.gate" = { dictionary = "gates", probability = 0.3 } }',
    ]
    for kind, names in (("run", runs), ("study", [study["id"]])):
        results = "runs" if kind == "run" else "studies"
        lines += [
            f"[dictionaries.{results}]",
            f"values = {json.dumps(names)}",
            "[[operations]]",
            f"include-path-regex = '^/api/v1/{results}/[^/]+/(?!cancel|events)'",
            f'parameters = {{ "path.{kind}_id" = {{ dictionary = "{results}", probability = 0.8 }} }}',
        ]
    return "\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else FULL
    with tempfile.TemporaryDirectory() as place:
        found = searched(Path(place), asked)
    print(found.output)
    print(f"{found.cases:,} cases")
    sys.exit(found.code or (asked >= FULL and found.cases < WANTED))
