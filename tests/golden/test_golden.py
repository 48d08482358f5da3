"""Did results move? Meant or not, a change shows here, number by number."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gates import Gate, Scenario, library_gates, load_gate
from sim import compile_plan, draw, simulate
from tests.golden.record import EARLIER, FOLDER, file_of, results

Results = dict[str, float | None]
REMEDY = "If this is meant: python -m tests.golden.record, and a Results line in CHANGELOG.md with before and after."


@pytest.mark.parametrize("gate", [*library_gates(), *EARLIER])
def test_results_have_not_moved(gate: str) -> None:
    golden = json.loads(file_of(gate).read_text(encoding="utf-8"))
    moved = differences(golden, results(gate))
    assert golden, f"{file_of(gate).name} holds nothing"
    assert not moved, "\n".join([*moved[:20], f"{len(moved)} moved in all. {REMEDY}"])


def differences(golden: Results, now: Results) -> list[str]:
    """Return what is gone or has another value. A metric that the golden file does not hold may be new."""
    moved = [f"{key}: {golden[key]} -> {now[key]}" for key in golden if key in now and golden[key] != now[key]]
    return moved + [f"{key}: {golden[key]} -> gone" for key in golden if key not in now]


def test_only_the_metrics_that_a_golden_file_holds_are_compared() -> None:
    golden: Results = {"wait_h mean": 1.5, "wait_h p90": None, "lost": None, "stock_trucks max": 3.0}
    now: Results = {"wait_h mean": 1.5, "wait_h p90": 2.0, "stock_trucks max": None, "lateness_h mean": 4.0}
    assert differences(golden, now) == [
        "wait_h p90: None -> 2.0",
        "stock_trucks max: 3.0 -> None",
        "lost: None -> gone",
    ]


def neutral(gate: Gate) -> Gate:
    """Return the gate with every mechanism there and none that does anything."""
    data = gate.model_dump(mode="json", by_alias=True)
    stages: dict[str, dict[str, Any]] = data["stages"]
    side = next(iter(data["sides"]))
    data["pools"] = {"everybody": {"side": side, "shifts": [{"hours": "24 h", "units": 1_000_000}]}}
    data["areas"] = {"everywhere": {"spaces": 1_000_000, "stages": list(stages), "keeps_out": [], "reopens_at": 0}}
    data["links"] = {"cable": {"uplink": "1 Mbit/s", "shared_uplink": "1 Mbit/s", "round_trip": "1 s"}}
    all_of_it = {"stages": list(stages), "pools": ["everybody"], "links": ["cable"]}
    data["outages"] = {"never": {"every": {"constant": "3650 d"}, "lasts": {"constant": "1 h"}, **all_of_it}}
    for stage in stages.values():
        stage["needs"] = {"everybody": 1}
        stage["sends"] = {"link": "cable", "round_trips": 0}
        stage["patience"] = {"constant": "3650 d"}
        stage["turns_away_at"] = 1_000_000
        stage["batch"] = {"size": 1, "after": "0 s"}
        stage["ageing"] = 1
        stage["breakdowns"] = [{"name": "harmless", "running": "1 h", "repair": {"constant": "0 s"}}]
    second = {"share": 0, "class": next(f["class"] for f in data["flows"].values()), "steps": [next(iter(stages))]}
    data["two_way"] = dict.fromkeys(data["paths"], second)
    # Any entry of a calendar but closures, which the gate has: days of a usual flow and of usual service times.
    day = {"first": str(data["start"]), "last": str(data["start"])}
    data["calendar"] += [{"name": "usual", "demand": 1, **day}, {"name": "usual", "service_times": 1, **day}]
    data["flows"] = {name: {**flow, "groups": {"1": 1}} for name, flow in data["flows"].items()}
    return Gate.model_validate(data)


def test_mechanisms_at_their_neutral_setting_change_nothing_to_the_bit() -> None:
    gate = load_gate(str(FOLDER / "earlier/friendship-pass.yaml"))
    logs = []
    for each in (gate, neutral(gate)):
        plan = compile_plan(Scenario(gate=each, days=5, warmup_days=2), check_gate=False)
        logs.append(simulate(plan, draw(plan, seed=1)))
    assert np.array_equal(logs[0].draws.arrival, logs[1].draws.arrival)
    assert np.array_equal(logs[0].times, logs[1].times)
    assert np.array_equal(logs[0].group, logs[1].group)
