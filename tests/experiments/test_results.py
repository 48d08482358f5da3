"""The result folder: complete, the same bytes for the same run, there whole or not at all."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from experiments import RunResult, RunSettings, run_scenario
from experiments.result_folder import read_json
from experiments.runs.executors import Inline
from experiments.runs.folder import write_result
from gates import ConfigError, Scenario, load_gate


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
