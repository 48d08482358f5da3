"""The comparison of two commits notices what moved, and only that."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from experiments.studies.model import Study, load_study, study_names
from scripts import record_results
from scripts.compare_commits import Comparison, compare, group_of, record, spoken, with_new_names, without
from scripts.record_results import array_hash, leaves, table
from tests.needed import needs

RECORDER = """
import json, sys
from sim import VALUES
json.dump(VALUES, open(sys.argv[1], "w"))
"""


def test_values_are_compared_by_name() -> None:
    base = {"run/g/0/draws.line": "a", "run/g/0/draws.age": "b", "run/g/0/draws.flow": "c"}
    head = {"run/g/0/draws.line": "a", "run/g/0/draws.age": "x", "run/g/0/draws.hand": "d"}
    assert compare(base, head) == Comparison(
        equal=["run/g/0/draws.line"],
        differ=["run/g/0/draws.age"],
        gone=["run/g/0/draws.flow"],
        new=["run/g/0/draws.hand"],
    )


def test_new_names_reach_the_parts_of_a_value_and_nothing_else() -> None:
    values = {"run/g/0/draws.asked": "a", "run/g/0/draws.outages.start": "b", "run/g/0/draws.asked_for": "c"}
    renamed = {"draws.asked": "draws.would_come", "draws.outages": "draws.failures"}
    assert with_new_names(values, renamed) == {
        "run/g/0/draws.would_come": "a",
        "run/g/0/draws.failures.start": "b",
        "run/g/0/draws.asked_for": "c",
    }


def test_names_can_be_left_out() -> None:
    values = {"study/hours/scenarios/all/title": "a", "study/hours/scenarios/all/demand": "b"}
    assert without(values, ["study/*/title"]) == {"study/hours/scenarios/all/demand": "b"}


def test_values_are_summed_up_by_gate_and_by_study() -> None:
    assert group_of("run/g+5g/0/compiled/log.times") == "run/g+5g log"
    assert group_of("run/g/0/draws.outages.start") == "run/g draws"
    assert group_of("study/hours/estimates/wait_h.mean@bay-cn/value") == "study/hours tables"


def test_values_for_people() -> None:
    assert [spoken(value) for value in ((2.5).hex(), "nan", "7", "0" * 64, None)] == [
        *("2.5", "nan", "7", "0" * 12, "nothing")
    ]


def test_a_hash_is_of_shape_and_values_whatever_the_width() -> None:
    row = np.array([1, 2, 3, 4], np.int64)
    assert array_hash(row) == array_hash(row.astype(np.int32)) == array_hash(row.astype(np.uint8))
    others = [row.reshape(2, 2), row[::-1], row.astype(float), row + (row == 4), row[:3]]
    assert len({array_hash(other) for other in (row, *others)}) == 6


def test_fields_of_a_structured_array_are_values_by_name() -> None:
    rows = np.array([(1, 2.5), (3, 4.5)], [("lanes", "i4"), ("rate", "f8")])
    assert dict(leaves("network", rows)) == {
        "network.lanes": array_hash(np.array([1, 3])),
        "network.rate": array_hash(np.array([2.5, 4.5])),
    }


def test_rows_that_are_new_metrics_do_not_move_the_others(tmp_path: Path) -> None:
    head = "scenario,metric,statistic,direction,class,stage,value\n"
    known = "base,wait_h,mean,northbound,,bay,1.5\nbusy,wait_h,mean,northbound,,bay,2.5\n"
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text(head + known)
    new.write_text(head + known.replace("busy", "base,lost_h,mean,,,,9.0\nbusy"))
    before, after = (dict(table("study/s/estimates", path)) for path in (old, new))
    compared = compare(before, after)
    assert compared.equal == [
        *("study/s/estimates/wait_h.mean.northbound@bay/scenario", "study/s/estimates/wait_h.mean.northbound@bay/value")
    ]
    assert compared.new == ["study/s/estimates/lost_h.mean/scenario", "study/s/estimates/lost_h.mean/value"]
    assert not compared.differ
    assert not compared.gone


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of two commits whose code differs."""
    root = tmp_path / "repository"
    (root / "sim").mkdir(parents=True)
    author = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for value in ("1", "2"):
        (root / "sim/__init__.py").write_text(f"VALUES = {{'run/g/0/draws.line': '{value}'}}\n")
        subprocess.run(["git", "add", "."], cwd=root, check=True)
        subprocess.run(["git", *author, "commit", "-qm", value], cwd=root, check=True)
    return root


def commit_of(root: Path, name: str) -> str:
    line = ["git", "rev-parse", name]
    return subprocess.run(line, cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@needs("git")
def test_each_commit_is_recorded_from_its_own_files(repository: Path, tmp_path: Path) -> None:
    recorder, keep = tmp_path / "recorder.py", tmp_path / "kept"
    recorder.write_text(RECORDER)
    first, second = (commit_of(repository, name) for name in ("HEAD~1", "HEAD"))
    (repository / "sim/__init__.py").write_text("VALUES = {'not': 'committed'}\n")
    assert record(first, keep, recorder, repository) == {"run/g/0/draws.line": "1"}
    assert record(second, None, recorder, repository) == {"run/g/0/draws.line": "2"}
    listed = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1, "a folder of a commit was left behind"


@needs("git")
def test_what_was_recorded_is_read_again_unless_the_recorder_changed(
    repository: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recorder, keep = tmp_path / "recorder.py", tmp_path / "kept"
    recorder.write_text(RECORDER)
    commit = commit_of(repository, "HEAD")
    record(commit, keep, recorder, repository)
    (kept,) = keep.iterdir()
    assert record(commit, keep, recorder, repository) == {"run/g/0/draws.line": "2"}
    assert capfd.readouterr().out.splitlines()[-1] == f"{commit[:12]}: read from {kept.name}"
    recorder.write_text(RECORDER + "# another\n")
    record(commit, keep, recorder, repository)
    assert len(list(keep.iterdir())) == 2


@needs("git")
def test_a_recorder_that_fails_ends_the_comparison(repository: Path, tmp_path: Path) -> None:
    recorder = tmp_path / "recorder.py"
    recorder.write_text("raise SystemExit('no such name')")
    commit = commit_of(repository, "HEAD")
    with pytest.raises(SystemExit) as caught:
        record(commit, None, recorder, repository)
    assert str(caught.value) == f"{commit[:12]}: recorder.py failed; its message stands above"
    listed = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1


@pytest.mark.parametrize("name", study_names())
def test_every_study_of_the_library_can_be_recorded_at_a_small_size(name: str) -> None:
    document = load_study(name).model_dump(by_alias=True, mode="json")
    assert Study.model_validate(document | record_results.STUDY | record_results.OTHER_SIZES.get(name, {})).days <= 12
