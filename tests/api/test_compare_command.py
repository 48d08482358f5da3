"""`bordergate compare`: differences worked out by hand, and what is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from api.cli.app import app
from experiments.results.comparison import Comparison
from experiments.results.side_by_side import comparison_table
from sim.metrics.meter import Key

CLEARANCE = "clearance_h.mean.northbound"
LIFE = "shelf_life_d.mean.northbound"
SCENARIO = {"days": 2, "warmup_days": 0, "start": "2025-07-01", "gate": {"flows": {"north": {}}}}


def result(seed: int, **numbers: list[float]) -> Any:
    """A result that holds these values of two metrics, in each replication."""
    keys = {"clearance": Key("clearance_h", "mean", "northbound"), "life": Key("shelf_life_d", "mean", "northbound")}
    units = {"clearance_h": "h", "shelf_life_d": "days"}
    rows = [
        {**dict(zip(("metric", "statistic", "direction", "class", "stage"), keys[name], strict=True)), "replication": n}
        | {"value": value}
        for n in range(4)
        for name, value in ((name, values[n]) for name, values in numbers.items())
    ]
    named = {CLEARANCE: numbers["clearance"], LIFE: numbers["life"]}
    return SimpleNamespace(
        manifest={"seed": seed, "scenario": SCENARIO},
        rows={name: {"unit": "h" if name == CLEARANCE else "days"} for name in named},
        replications=pd.DataFrame(rows),
        metric=lambda name: SimpleNamespace(value=float(np.mean(named[name]))),
        unit=lambda name: units[name.partition(".")[0]],
    )


A = {"clearance": [10.0, 12.0, 14.0, 12.0], "life": [5.0, 5.0, 6.0, 6.0]}
B = {"clearance": [8.0, 9.0, 12.0, 11.0], "life": [6.0, 7.0, 7.0, 8.0]}


def rows(first: Any, second: Any) -> tuple[str, list[tuple[str, ...]]]:
    table = comparison_table(Comparison(first, second), [], full=True)
    return table.note.partition(";")[0], [tuple(cell.replace("\xa0", " ") for cell in row) for row in table.rows]


def test_pairs_by_hand() -> None:
    # clearance: -2, -3, -2, -1: mean -2, standard error 0.8165 / 2, t(3) = 3.182: ± 1.299
    # life: +1, +2, +1, +2: mean 1.5, standard error 0.5774 / 2, ± 0.919; more is better
    method, found = rows(result(1, **A), result(1, **B))
    assert method == "Paired by replication"
    assert found == [
        (CLEARANCE, "12 h", "10 h", "−2.0 h (−3.3 to −0.7)", "better (n = 4)"),
        (LIFE, "5.5 days", "7 days", "+1.5 days (+0.6 to +2.4)", "better (n = 4)"),
    ]


def test_other_seeds_by_hand() -> None:
    # clearance: variances 8/3 and 10/3, standard error 1.2247, 5.93 degrees of freedom, t = 2.454: ± 3.005
    method, found = rows(result(1, **A), result(2, **B))
    assert method == "Unpaired (Welch), because the seeds differ"
    assert found[0] == (CLEARANCE, "12 h", "10 h", "−2 h (−5 to +1)", "too few replications to tell (n = 4)")


def test_what_keeps_runs_from_being_paired() -> None:
    def method(**changes: Any) -> str:
        other = result(1, **B)
        other.manifest = {**other.manifest, **changes}
        return Comparison(result(1, **A), other).method

    elsewhere = {**SCENARIO, "gate": {"flows": {"east": {}}}}
    assert method() == "paired by replication"
    assert method(scenario={**SCENARIO, "gate": {"flows": {"north": {}, "east": {}}}}) == "paired by replication"
    assert method(scenario={**SCENARIO, "start": "2025-07-02"}) == "unpaired (Welch), because the first days differ"
    assert method(trace={"sha256": "0"}) == "unpaired (Welch), because the recorded trucks differ"
    assert method(seed=2, scenario=elsewhere) == "unpaired (Welch), because the seeds and flows differ"


def test_worse_equal_and_beyond_the_run() -> None:
    _, found = rows(result(1, **B), result(1, **A))
    assert [row[-1] for row in found] == ["worse (n = 4)", "worse (n = 4)"]
    _, found = rows(result(1, **A), result(1, **A))
    assert found[0][3:] == ("0 h (0 to 0)", "no difference that matters (n = 4)")
    _, found = rows(result(1, **A), result(1, **{**B, "clearance": [8.0, 9.0, 12.0, float("inf")]}))
    assert found[0][2:4] == ("beyond the run", "beyond the run: B in 1, A in 0 of 4")


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


@pytest.mark.slow
def test_the_command_on_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    short = ("--days", "1", "--warmup-days", "0", "--replications", "3")
    for name, seed in (("a", "1"), ("b", "2")):
        assert invoke("run", "minimal", *short, "--seed", seed, "--out", name).exit_code == 0
    done = invoke("compare", "a", "b", "--metric", "utilisation.share@booth")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("A: a   B: b\n")
    assert "utilisation.share@booth" in done.output
    assert "Unpaired (Welch), because the seeds differ" in done.output
    assert "Overload" not in done.output
    days = ("--days", "3", "--warmup-days", "0", "--replications", "3")
    assert invoke("run", "minimal", *days, "--demand", "5", "--out", "full").exit_code == 0
    done = invoke("compare", "a", "full")
    assert done.output.splitlines()[1].startswith("→ B: Overload: the northbound stock grows by"), "before any number"
    done = invoke("compare", "a", "b", "--metric", "utilisation.share@boot")
    said = "metric = utilisation.share@boot - this result has no such metric. Did you mean utilisation.share@booth"
    assert (done.exit_code, done.output[: len(said)]) == (2, said)
    (tmp_path / "b/replications.parquet").unlink()
    done = invoke("compare", "a", "b")
    assert done.exit_code == 2
    assert "b - is damaged: replications.parquet is missing or changed." in done.output
