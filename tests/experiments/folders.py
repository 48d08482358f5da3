"""Result folders to draw and to report: short runs of Friendship Pass, and of gates with everything odd about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.runs.executors import Inline
from experiments.runs.folder import write_result
from experiments.runs.run import run_scenario
from experiments.runs.settings import RunSettings
from gates import Gate, Scenario, load_gate
from gates.checks.soundness import remember_sound

HOSTILE = "<script>alert('1')</script> & \"quotes\" \\ 'back'"
TWO_STAGES: dict[str, Any] = {
    "stages": {
        "booth": {"side": "vn", "lanes": 1, "hours": "08:00-18:00", "service": {"constant": "10 min"}},
        "desk": {"side": "vn", "lanes": "unlimited", "hours": "24 h", "service": {"constant": "5 min"}},
        "spare": {"side": "cn", "lanes": 3, "hours": "24 h", "service": {"constant": "5 min"}},
    },
}


def friendship_pass(**changes: Any) -> Gate:
    """Return the gate of the library with parts of it replaced."""
    return Gate.model_validate(load_gate("friendship-pass").model_dump(by_alias=True) | changes)


def one_way(per_day: float = 40, **changes: Any) -> Gate:
    """Return a gate of two stages in one direction, with a third that nobody ever visits."""
    return Gate.model_validate(
        {
            "name": "one-way",
            "sides": {"vn": "Asia/Ho_Chi_Minh", "cn": "Asia/Shanghai"},
            "origin": {"northbound": "vn"},
            "start": "2026-03-02",
            "end_of_day": {"at": "24:00", "side": "vn"},
            "classes": {"general": {}},
            "flows": {"general": {"class": "general", "direction": "northbound", "per_day": per_day}},
            "paths": {"northbound": ["booth", {"mark": "released"}, "desk"]},
            **TWO_STAGES,
            **changes,
        }
    )


def write_folder(
    folder: Path, gate: Gate, *, days: int = 3, warmup_days: int = 1, replications: int = 3, **settings: Any
) -> Path:
    """Run a gate, an odd one too, and write its result folder, without plots and report."""
    scenario = Scenario(gate=remember_sound(gate), days=days, warmup_days=warmup_days)
    result = run_scenario(scenario, RunSettings(replications=replications, **settings), executor=Inline())
    return write_result(result, folder)
