"""Running studies: the same bits from any executor and any store, stopping, precision, warm-up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from experiments.runs import executors
from experiments.runs.replications import Cancelled
from experiments.runs.store import Store
from experiments.studies.folder import write_study
from experiments.studies.model import metric_key
from experiments.studies.run import run_study
from experiments.studies.warm_up import mser
from gates import ConfigError
from tests.experiments.studies import small

MEAN = metric_key("clearance_h.mean.northbound")


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_study_answers_its_question():
    result = run_study(small())
    assert [cell.name for cell in result.cells] == ["base", "third-booth", "busy"]
    assert result.simulated == 12
    values = result.values(MEAN)
    assert all(found.shape == (4,) for found in values.values())
    assert (values["third-booth"] < values["base"]).all()
    assert (values["busy"] > values["base"]).all()


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(tmp_path):
    study = small()
    write_study(run_study(study), tmp_path / "here")
    for workers in (1, 2):
        with executors.local(workers) as pool:
            write_study(run_study(study, executor=pool), tmp_path / f"{workers}")
        assert files_of(tmp_path / f"{workers}") == files_of(tmp_path / "here")


def test_finished_replications_are_found_again(tmp_path):
    store = Store(tmp_path)
    first = run_study(small(), store=store)
    before = files_of(tmp_path)
    again = run_study(small(), store=store)
    assert (first.simulated, again.simulated) == (12, 0)
    for key in first.metrics:
        for name, values in first.values(key).items():
            assert np.array_equal(values, again.values(key)[name])
    assert run_study(small(replications=6), store=store).simulated == 6, "two more of each"
    other = small(scenarios=[{"name": "same-as-busy", "demand": 1.5}, {"name": "new", "demand": 1.4}])
    assert run_study(other, store=store).simulated == 4, "the base and the busy one are known from another study"
    assert before.items() <= files_of(tmp_path).items()


def test_a_damaged_replication_is_made_again(tmp_path):
    store = Store(tmp_path)
    run_study(small(), store=store)
    victim = next(tmp_path.rglob("00002-00003.replications"))
    sound = victim.read_bytes()
    for damage in (sound[: len(sound) // 2], b"", b"\0" * 100):
        victim.write_bytes(damage)
        assert run_study(small(), store=store).simulated == 1
        assert victim.read_bytes() == sound


def test_a_full_store_leaves_nothing_half_written(tmp_path, monkeypatch):
    store = Store(tmp_path)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        run_study(small(), store=store)
    assert files_of(tmp_path) == {}


def test_two_studies_share_a_store_at_the_same_time(tmp_path):
    alone = run_study(small(replications=20))
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda _: run_study(small(replications=20), store=Store(tmp_path)), range(2)))
    for key in alone.metrics:
        for name, values in alone.values(key).items():
            assert all(np.array_equal(values, each.values(key)[name]) for each in found)
    assert run_study(small(replications=20), store=Store(tmp_path)).simulated == 0
    assert not list(tmp_path.rglob(".*"))


def test_a_study_can_be_stopped_and_goes_on(tmp_path):
    store = Store(tmp_path)
    calls = iter([False, False, True])
    with pytest.raises(Cancelled):
        run_study(small(), store=store, cancelled=lambda: next(calls))
    kept = len(list(tmp_path.rglob("*.replications")))
    assert kept == 2
    assert run_study(small(), store=store).simulated == 12 - kept


def test_progress_reaches_its_end():
    seen: list[tuple[int, int]] = []
    run_study(small(), progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 12)
    assert seen[-1] == (12, 12)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_stages_are_told_as_they_begin():
    """A warm-up that is found, three rounds of a search for the bottleneck: what one finds decides the next."""
    seen: list[tuple[int, int]] = []
    run_study(small(), stage=lambda *told: seen.append(told))
    assert seen == [(1, 1)]
    seen.clear()
    searching = small(design="bottleneck", warmup_days="auto", replications=2)
    run_study(searching, stage=lambda *told: seen.append(told))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_replications_are_added_until_the_interval_is_narrow():
    targets = [{"metric": "clearance_h.mean.northbound", "relative": "2 %"}]
    wide = run_study(small(replications={"at_least": 10, "step": 5, "at_most": 10, "targets": targets}))
    assert wide.unmet == ("clearance_h.mean.northbound",)
    found = run_study(small(replications={"at_least": 10, "step": 10, "at_most": 400, "targets": targets}))
    counts = {len(each) for each in found.replications}
    assert found.unmet == ()
    assert len(counts) == 1
    (count,) = counts
    assert count > 10
    for name, values in found.values(MEAN).items():
        half = 1.97 * values.std(ddof=1) / np.sqrt(count)
        assert half / values.mean() < 0.021, name


def test_a_metric_that_the_gate_does_not_have_is_found_before_anything_runs():
    with pytest.raises(ConfigError, match="this gate has no such metric"):
        run_study(small(metrics=["clearance_h.mean.southbound"]))


def test_mser_cuts_the_transient():
    series = np.concatenate([np.linspace(0, 10, 8), np.tile([9.5, 10.5], 16)])
    assert 5 <= mser(series) <= 8
    assert mser(np.arange(20.0)) == 10, "no steady state: half of it"


def test_the_warm_up_can_be_found():
    result = run_study(small(warmup_days="auto"))
    assert result.warmup_days >= 1
    assert [warmup.scenario for warmup in result.warmups] == ["base", "third-booth", "busy"]
    assert all(cell.scenario.warmup_days == result.warmup_days for cell in result.cells)
    assert all(warmup.settled for warmup in result.warmups)


def test_the_same_luck_in_every_scenario():
    """A scenario that changes nothing gives the values of the base to the bit; one that does, almost the same luck."""
    same = {"name": "same", "scale": {"stages.booth.service": 1.0}}
    result = run_study(
        small(scenarios=[same, *[{"name": "booths", "set": {"stages.booth.lanes": 3}}]], replications=10)
    )
    values = result.values(MEAN)
    assert np.array_equal(values["same"], values["base"])
    independent = values["base"].var(ddof=1) + values["booths"].var(ddof=1)
    assert (values["base"] - values["booths"]).var(ddof=1) < independent
