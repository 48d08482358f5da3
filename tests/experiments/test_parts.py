"""Parts of a run, put together: the same folder as a run in one piece, whatever the parts."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest

from experiments import run_scenario
from experiments.runs.folder import write_result
from experiments.runs.parts import put_together, replications_in, simulate_part
from experiments.runs.request import resolve, run_text


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.mark.parametrize("kept", [0, 1, 3])
@pytest.mark.parametrize("gate", ["minimal", "friendship-pass"])
def test_parts_give_the_folder_of_the_whole_run(gate, kept, tmp_path):
    upgrades = ["kiosk-lanes"] if gate == "friendship-pass" else []
    asked = resolve(
        {"gate": gate, "upgrades": upgrades, "days": 2, "warmup_days": 1, "replications": 5, "keep_events": kept}
    )
    result = dataclasses.replace(run_scenario(asked.scenario, asked.settings), changes=asked.changes)
    whole = write_result(result, tmp_path / "whole")
    text, work = run_text(asked), tmp_path / "work"
    for first, end in ((3, 5), (0, 2), (2, 3)):
        simulate_part(text, work, first, end)
    assert replications_in(work) == {0, 1, 2, 3, 4}
    put_together(text, work, tmp_path / "parts")
    assert hashes(tmp_path / "parts") == hashes(whole)


def test_a_missing_part_is_named_and_nothing_is_written(tmp_path):
    text = run_text(resolve({"gate": "minimal", "days": 2, "warmup_days": 0, "replications": 3}))
    simulate_part(text, tmp_path / "work", 0, 2)
    (tmp_path / "work" / ".part-00002-00003.npz.77.partial").write_bytes(b"half")
    assert replications_in(tmp_path / "work") == {0, 1}
    with pytest.raises(ValueError, match=r"replications \[2\] of 3 are missing"):
        put_together(text, tmp_path / "work", tmp_path / "out")
    assert not (tmp_path / "out").exists()
