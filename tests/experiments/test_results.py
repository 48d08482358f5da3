"""The result folder: complete, the same bytes for the same run, there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from experiments import RunResult, RunSettings, run_scenario
from experiments.answers.run_summary import read_summary
from experiments.result_folder import read_json
from experiments.runs.executors import Inline
from experiments.runs.folder import write_result
from experiments.runs.run import batch_values
from experiments.runs.statistics import batch_interval
from experiments.runs.store import Store
from gates import ConfigError, Gate, Scenario, load_gate
from gates.checks.soundness import remember_sound
from sim.metrics.meter import Key
from tests.experiments.folders import one_way


@pytest.fixture(scope="module")
def result() -> RunResult:
    return run_scenario(Scenario(gate=load_gate("minimal"), days=3, warmup_days=1), RunSettings(replications=3))


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_the_same_run_gives_the_same_bytes(result: RunResult, tmp_path: Path) -> None:
    again = run_scenario(result.scenario, result.settings, executor=Inline())
    assert hashes(write_result(result, tmp_path / "a")) == hashes(write_result(again, tmp_path / "b"))


def test_a_table_is_written_the_same_every_time(result: RunResult, tmp_path: Path) -> None:
    # Lane groups of several stages share a name, and some visits have none: both once made the bytes differ.
    found = {hashes(write_result(result, tmp_path / "a"))["events/rep-00000.parquet"] for _ in range(30)}
    assert len(found) == 1


def test_another_seed_gives_other_events(result: RunResult, tmp_path: Path) -> None:
    other = run_scenario(result.scenario, result.settings.model_copy(update={"seed": 2}))
    a, b = (hashes(write_result(r, tmp_path / name)) for r, name in ((result, "a"), (other, "b")))
    assert a["events/rep-00000.parquet"] != b["events/rep-00000.parquet"]


def test_the_manifest_is_enough_to_run_again(result: RunResult, tmp_path: Path) -> None:
    folder = write_result(result, tmp_path / "a")
    manifest = read_json(folder / "manifest.json")
    scenario = Scenario.model_validate(manifest["scenario"])
    settings = RunSettings(**{name: manifest[name] for name in RunSettings.model_fields})
    again = write_result(run_scenario(scenario, settings), tmp_path / "b")
    assert hashes(folder) == hashes(again)


def test_tables_have_their_columns_and_rows(result: RunResult, tmp_path: Path) -> None:
    folder = write_result(result, tmp_path / "a")
    events = pq.read_table(folder / "events" / "rep-00000.parquet")
    assert events.column_names == [
        "truck", "flow", "number", "class", "direction", "stage", "lane_group", "empty", "by_hand",
        "joined", "started", "finished", "left",
    ]  # fmt: skip
    rows = events.to_pylist()
    assert all(row["joined"] <= row["started"] for row in rows if row["started"] is not None)
    assert all((row["lane_group"] is None) == (row["started"] is None) for row in rows)
    trucks = pq.read_table(folder / "trucks.parquet").to_pylist()
    assert len(trucks) == result.logs[0].draws.trucks
    for truck in trucks[:200]:
        if truck["departed"] is not None:
            spent = sum(truck[name] for name in ("waiting", "closed", "served", "blocked"))
            assert spent == truck["departed"] - truck["arrived"]
    queues = pq.read_table(folder / "queues.parquet")
    assert queues.num_rows == 3 * 3 * 24 * len(result.plan.stages)
    days = pq.read_table(folder / "days.parquet").to_pylist()
    assert {str(row["date"]) for row in days} == {"2025-07-01", "2025-07-02", "2025-07-03"}


def test_metrics_have_intervals_and_units(result: RunResult, tmp_path: Path) -> None:
    document = read_json(write_result(result, tmp_path / "a") / "metrics.json")
    assert document["replications"] == 3
    row = next(r for r in document["metrics"] if r["metric"] == "throughput_per_day" and r["class"] is None)
    assert row["low"] < row["value"] < row["high"]
    assert all(r["unit"] for r in document["metrics"])
    json.dumps(document, allow_nan=False)


def test_a_failure_leaves_nothing_behind_and_the_old_result_in_place(result: RunResult, tmp_path: Path) -> None:
    folder = write_result(result, tmp_path / "a")
    before = hashes(folder)

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_result(result, folder, finish=full)
    assert hashes(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_is_no_result_is_never_replaced(result: RunResult, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="exists and is not a result folder"):
        write_result(result, tmp_path)
    assert (tmp_path / "thesis.txt").exists()


# One long run


def one_run(store: Store | None = None, *, days: int = 75, replications: int = 1, keep_events: int = 1) -> RunResult:
    """A run of batches of 8 days five times, then of 7."""
    gate = remember_sound(with_patience_and_initial_queue())
    scenario = Scenario(gate=gate, days=days, warmup_days=2)
    return run_scenario(scenario, RunSettings(replications=replications, keep_events=keep_events), store=store)


def with_patience_and_initial_queue() -> Gate:
    """A desk that turns some trucks back, that has a queue at the start, and never releases the last of them."""
    return one_way(
        per_day=30,
        classes={"general": {"patience": {"constant": "9 h"}}, "spare": {}},
        flows={
            "general": {"class": "general", "direction": "northbound", "per_day": 30},
            "spare": {"class": "spare", "direction": "northbound", "per_day": 5},
        },
        initial=[{"class": "general", "direction": "northbound", "stage": "booth", "trucks": 4}],
    )


@pytest.fixture(scope="module")
def long_run() -> RunResult:
    return one_run()


def test_clearance_of_one_long_run_has_the_interval_of_ten_batches(long_run: RunResult, tmp_path: Path) -> None:
    folder = write_result(long_run, tmp_path / "a")
    document = read_json(folder / "metrics.json")
    assert document["batches"] == 10
    trucks = pq.read_table(folder / "trucks.parquet").to_pandas()
    day = trucks["arrived"] / 86_400_000 - 2
    turned_back = trucks["released"].isna() & trucks["departed"].notna()
    assert turned_back.any()
    first = np.array([0, 8, 16, 24, 32, 40, 47, 54, 61, 68])
    trucks = trucks.assign(batch=np.searchsorted(first, day, side="right") - 1)[(day >= 0) & ~turned_back]
    hours = (trucks["released"] - trucks["arrived"]).div(3_600_000).fillna(np.inf)
    batches = batch_values(long_run)
    for name in (None, "general", "spare"):
        mine = trucks["class"].eq(name) if name else trucks["class"].notna()
        by_hand = [np.quantile(each, 0.9, method="inverted_cdf") for _, each in hours[mine].groupby(trucks["batch"])]
        values = batches[Key("clearance_h", "p90", "northbound", name)]
        assert values[:9] == pytest.approx(by_hand[:9], rel=1e-12)
        assert values[9] <= by_hand[9], "who is still inside may take less than for ever"
        row = next(
            row
            for row in document["metrics"]
            if (row["metric"], row["statistic"], row["class"]) == ("clearance_h", "p90", name)
        )
        expected = batch_interval(row["value"], values)
        assert not math.isnan(expected.low)
        assert [row[end] for end in ("low", "high", "n")] == [expected.low, expected.high, 1]
    others = [row for row in document["metrics"] if row["metric"] != "clearance_h"]
    assert all(row["low"] is None for row in others)


def test_the_mean_of_a_batch_counts_who_is_still_inside(long_run: RunResult) -> None:
    values = batch_values(long_run)[Key("clearance_h", "mean", "northbound")]
    whole = long_run.measures[0].values[Key("clearance_h", "mean", "northbound")]
    assert len(values) == 10
    assert min(values) < whole < max(values)
    assert sum(values) / 10 == pytest.approx(whole, rel=0.05)


def test_a_store_gives_the_same_intervals(long_run: RunResult, tmp_path: Path) -> None:
    stored = one_run(Store(tmp_path / "store"))
    assert not stored.logs
    assert stored.metrics == long_run.metrics


@pytest.mark.parametrize("changes", [{"days": 69}, {"keep_events": 0}, {"replications": 2}])
def test_a_short_run_or_one_without_its_log_has_no_batches(changes: Any) -> None:
    made = one_run(**changes)
    assert batch_values(made) == {}
    assert "batches" not in made.metrics


def test_the_answer_says_where_the_interval_of_one_run_is_from(long_run: RunResult, tmp_path: Path) -> None:
    shown = read_summary(write_result(long_run, tmp_path / "a"))
    assert "±: 95\N{NO-BREAK SPACE}% interval of clearance, from 10 batches of the days of this one run" in shown.basis
    assert "One replication gives no interval" not in shown.basis
    cells = dict((row[0], row[1]) for row in shown.first.rows)
    assert "±" in cells["Clearance, mean [h]"]
    assert "±" not in cells["Released [trucks/day]"]
