"""Golden results: a short run of every gate of the library, as numbers that a person can read.

`earlier/` holds gates as they once shipped, with the results that they gave then: what the model has learned since
must not move them. Only the results of the library are ever written anew.

python -m tests.golden.record        write them anew, then add a Results line to CHANGELOG.md
"""

from __future__ import annotations

import json
from pathlib import Path

from experiments import RunSettings, run_scenario
from gates import Scenario, library_gates, load_gate

FOLDER = Path(__file__).parent
EARLIER = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("earlier/*.yaml"))
"""Gates as they once shipped, by their places here."""
DIGITS = 7
"""Significant digits kept: a tick more or less does not show, a moved result does."""


def results(gate: str) -> dict[str, float | None]:
    """Return every metric of a week of the gate, two replications, by a name that says which it is."""
    found_gate = load_gate(str(FOLDER / gate) if gate in EARLIER else gate)
    scenario = Scenario(gate=found_gate, days=7, warmup_days=3)
    document = run_scenario(scenario, RunSettings(replications=2)).metrics
    found = {}
    for row in document["metrics"]:
        parts = [row[part] for part in ("metric", "statistic", "direction", "class", "stage") if row[part]]
        found[" ".join(parts)] = None if row["value"] is None else float(f"{row['value']:.{DIGITS}g}")
    return found


def file_of(gate: str) -> Path:
    """Return where the golden results of a gate stand."""
    return (FOLDER / gate).with_suffix(".json")


if __name__ == "__main__":
    for name in library_gates():
        file_of(name).write_text(json.dumps(results(name), indent=1) + "\n", encoding="utf-8")
        print(f"wrote {file_of(name)}")
