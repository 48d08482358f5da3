"""The one runner and the one format: nothing is lost, and where the work happens makes no difference."""

from __future__ import annotations

import dataclasses
import hashlib
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.service.queue import tasks
from experiments import RunSettings, run_scenario
from experiments.runs import executors
from experiments.runs.folder import write_result
from experiments.runs.replications import Runner, packed, replicate, unpacked
from experiments.runs.request import ResolvedRun, resolve, run_text
from experiments.runs.settings import Setup
from experiments.runs.store import Store, setup_digest
from gates import Scenario, load_gate
from sim import compile_plan, draw, measure, simulate
from sim.metrics.fold import Measures
from sim.metrics.meter import Key

MINIMAL = Setup(scenario=Scenario(gate=load_gate("minimal"), days=2, warmup_days=0))


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def parts_of(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield each number, word and array of some measures with its type, exactly: bytes where there are any."""
    if isinstance(value, np.ndarray):
        yield value.dtype.str, value.shape, value.tobytes()
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield type(key), key
            yield from parts_of(entry)
    elif isinstance(value, tuple):
        yield (type(value), len(value))
        for entry in value:
            yield from parts_of(entry)
    else:
        yield type(value), value.hex() if isinstance(value, float) else value


def exact(measures: Measures) -> list[tuple[Any, ...]]:
    return [part for field in dataclasses.fields(measures) for part in parts_of(getattr(measures, field.name))]


@pytest.fixture(scope="module")
def measured() -> Measures:
    """Measures of a gate with areas and pools, some of whose values are undefined or beyond the run."""
    plan = compile_plan(Scenario(gate=load_gate("friendship-pass"), days=2, warmup_days=1))
    found = measure(plan, simulate(plan, draw(plan, 5, 3)))
    assert not np.isfinite(list(found.values.values())).all()
    assert found.road_m
    return found


# The format


@pytest.mark.parametrize("compress", [False, True])
def test_nothing_is_lost(measured, compress):
    again = unpacked(packed(measured, compress=compress))
    assert exact(again) == exact(measured)
    assert all(type(key) is Key for key in again.values)
    assert packed(again, compress=compress) == packed(measured, compress=compress)


def test_what_is_read_back_shares_its_names(measured):
    one, other = (unpacked(packed(measured, compress=False)) for _ in range(2))
    assert all(a is b for a, b in zip(one.values, other.values, strict=True))


def test_no_damage_goes_unseen(measured):
    sound = packed(measured, compress=True)
    for at in range(0, len(sound), 97):
        damaged = sound[:at] + bytes([sound[at] ^ 0x10]) + sound[at + 1 :]
        try:
            assert exact(unpacked(damaged)) == exact(measured), f"byte {at}"
        except ValueError:
            continue
    for cut in (b"", sound[:100], sound[:-1]):
        with pytest.raises(ValueError, match="a damaged replication"):
            unpacked(cut)


def test_another_format_is_refused(measured):
    content = zlib.decompress(packed(measured, compress=True), 31)
    other = content.replace(b"[2, {", b"[3, {", 1)
    assert other != content
    with pytest.raises(ValueError, match="a replication of format 3"):
        unpacked(zlib.compress(other, 1, 31))


# The runner


@contextmanager
def inline() -> Iterator[Executor]:
    yield executors.Inline()


@pytest.mark.parametrize(
    "where",
    [inline, lambda: executors.threads(3), lambda: executors.local(1), lambda: executors.local(2)],
    ids=["inline", "threads", "a process", "two processes"],
)
def test_a_run_is_the_same_bytes_wherever_it_is_done(where: Callable[[], Any], tmp_path):
    scenario = Scenario(gate=load_gate("minimal"), days=2, warmup_days=1)
    settings = RunSettings(replications=19, keep_events=2)
    here = write_result(run_scenario(scenario, settings), tmp_path / "here")
    with where() as executor:
        there = run_scenario(scenario, settings, executor=executor)
        assert hashes(write_result(there, tmp_path / "there")) == hashes(here)
        stored = run_scenario(scenario, settings, executor=executor, store=Store(tmp_path / "store"))
        assert hashes(write_result(stored, tmp_path / "stored")) == hashes(here)
    again = run_scenario(scenario, settings, store=Store(tmp_path / "store"))
    assert hashes(write_result(again, tmp_path / "again")) == hashes(here)
    assert list(there.logs) == [0, 1]
    assert stored.logs == {}


def test_one_run_takes_what_another_left(tmp_path):
    store, digest = Store(tmp_path), setup_digest(MINIMAL)
    numbers = range(3)

    def made(logs: int) -> int:
        runner = Runner(store=store)
        assert [one.number for one in runner.finished({digest: MINIMAL}, numbers, logs)]
        return runner.simulated

    assert made(logs=0) == 3
    assert made(logs=0) == 0
    assert made(logs=2) == 2, "a log cannot be had without simulating again"
    assert made(logs=2) == 0


def test_a_failure_in_a_worker_reaches_the_caller():
    with pytest.raises(ValueError, match="validation error"):
        executors.Inline().submit(replicate, "{}", range(1), 0, False).result()


# The service


def undisturbed(run: ResolvedRun, folder: Path) -> dict[str, str]:
    result = dataclasses.replace(run_scenario(run.scenario, run.settings), changes=run.changes)
    return hashes(write_result(result, folder))


@pytest.mark.parametrize("kept", [0, 1, 3])
@pytest.mark.parametrize("gate", ["minimal", "friendship-pass"])
def test_parts_give_the_folder_of_the_whole_run(gate, kept, tmp_path):
    upgrades = ["kiosk-lanes"] if gate == "friendship-pass" else []
    run = resolve(
        {"gate": gate, "upgrades": upgrades, "days": 2, "warmup_days": 1, "replications": 5, "keep_events": kept}
    )
    text, work = run_text(run), str(tmp_path / "work")
    for first, end in ((3, 5), (0, 2), (2, 3)):
        tasks.simulate(text, work, first, end)
    assert tasks.replications_in(text, work) == {0, 1, 2, 3, 4}
    before = hashes(tmp_path / "work")
    tasks.finish(text, work, str(tmp_path / "parts"))
    assert hashes(tmp_path / "parts") == undisturbed(run, tmp_path / "whole")
    assert hashes(tmp_path / "work") == before, "nothing was made again"


def test_what_is_missing_or_damaged_is_made_at_the_end(tmp_path):
    run = resolve({"gate": "minimal", "days": 2, "warmup_days": 0, "replications": 5})
    text, work = run_text(run), tmp_path / "work"
    tasks.simulate(text, str(work), 0, 3)
    tasks.simulate(text, str(work), 3, 4)
    (victim,) = work.rglob("00001-00003.replications")
    sound = victim.read_bytes()
    victim.write_bytes(sound[:-9] + b"\0" * 9)
    (victim.parent / ".00004-00005.replications.77-abcdef01.partial").write_bytes(b"half")
    assert tasks.replications_in(text, str(work)) == {0, 1, 2, 3}, "damage shows when it is read"
    tasks.finish(text, str(work), str(tmp_path / "parts"))
    assert hashes(tmp_path / "parts") == undisturbed(run, tmp_path / "whole")


def test_a_part_whose_log_is_missing_is_not_there(tmp_path):
    text = run_text(resolve({"gate": "minimal", "days": 2, "warmup_days": 0, "replications": 3}))
    tasks.simulate(text, str(tmp_path), 0, 3)
    next(tmp_path.rglob("00000.trucks.parquet")).unlink()
    assert tasks.replications_in(text, str(tmp_path)) == {1, 2}


def test_what_an_older_version_left_half_done_is_not_read(tmp_path):
    run = resolve({"gate": "minimal", "days": 2, "warmup_days": 0, "replications": 2})
    text, work = run_text(run), tmp_path / "work"
    work.mkdir()
    (work / "part-00000-00002.npz").write_bytes(b"of format 1")
    other = work / "ab" / ("ab" * 32)
    other.mkdir(parents=True)
    (other / "00000-00002.replications").write_bytes(b"of another version")
    assert tasks.replications_in(text, str(work)) == set()
    tasks.finish(text, str(work), str(tmp_path / "parts"))
    assert hashes(tmp_path / "parts") == undisturbed(run, tmp_path / "whole")
