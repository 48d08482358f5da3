"""Calibration: readings held to targets, clock times moved, and what the command says of it."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from api.cli.app import app
from api.cli.validate import checked_text
from experiments.calibration.answer import said, worst_of
from experiments.calibration.apart import apart
from experiments.calibration.folder import DOCUMENT, document
from experiments.calibration.robustness import LIMIT, Moved, moved, robustness, shifts
from experiments.calibration.run import calibrate
from experiments.calibration.targets import Period, held_to_targets, readings_of, scenario_of, verdict_of
from experiments.result_folder import read_json
from experiments.runs.replications import Runner
from experiments.runs.statistics import Estimate
from gates import ConfigError, gate_from_data, load_gate
from gates.readings import Target
from gates.schema.gate import Gate
from gates.schema.hours import OpeningHours

HOURS = TypeAdapter(OpeningHours)
BECAUSE = "assumption: a test"
PERIOD = Period(days=3, warmup_days=1, replications=3)


def edge(**more: Any) -> Gate:
    """Return a gate on a knife edge: trucks of the evening enter a list at 07:00, the minute at which call-up ends.

    No service takes time and no lane is short, so clearance is what the clocks make it.
    """
    return gate_from_data(
        {
            "name": "edge",
            "sides": {"vn": "Asia/Ho_Chi_Minh"},
            "origin": {"northbound": "vn"},
            "start": "2025-07-01",
            "end_of_day": {"at": "20:00", "side": "vn"},
            "classes": {"general": {}},
            "profiles": {"evening": {"hours": {"21:00-23:00": "100 %"}}},
            "flows": {"general": {"class": "general", "direction": "northbound", "per_day": 40, "profile": "evening"}},
            "stages": {
                "list": {"side": "vn", "lanes": "unlimited", "hours": "07:00-20:00", "service": {"constant": "0 s"}},
                "call": {"side": "vn", "lanes": "unlimited", "hours": "05:00-07:00", "service": {"constant": "0 s"}},
            },
            "paths": {"northbound": ["list", "call", {"mark": "released"}]},
            "sources": {part: BECAUSE for part in ("start", "end_of_day", "flows", "stages", "profiles")},
            "readings": {
                "list": {"title": {"en": "List"}, "about": "A list.", "weight": 0.4, "evidence": BECAUSE},
                "open": {
                    "title": {"en": "Open"},
                    "about": "Call-up all day.",
                    "weight": 0.6,
                    "evidence": BECAUSE,
                    "changes": [{"path": "stages.call.hours", "set": "24 h", "source": BECAUSE}],
                },
            },
            "targets": {
                "flow": target("throughput_per_day.mean.northbound", low=10, high=90),
                "quick": target("clearance_h.p10.northbound", high=12, kind="predicted"),
                "double": target(
                    "arrivals_per_day.mean.northbound",
                    low=60,
                    demand=[1.0, 2.0],
                    changes=[{"path": "flows.general.per_day", "scale": 0.75, "source": BECAUSE}],
                ),
            },
            **more,
        }
    )


def target(metric: str, **fields: Any) -> dict[str, Any]:
    return {"title": metric, "metric": metric, "kind": "fitted", "date": "2025", "source": BECAUSE, **fields}


EDGE = edge()


@pytest.mark.parametrize(
    ("band", "estimate", "verdict"),
    [
        ({"low": 1, "high": 2}, Estimate(1.5, 1.2, 1.8, 5), "met"),
        ({"low": 1, "high": 2}, Estimate(1.5, 0.9, 2.1, 5), "open"),
        ({"low": 1, "high": 2}, Estimate(0.8, 0.6, 0.99, 5), "missed"),
        ({"low": 1, "high": 2}, Estimate(2.5, 2.01, 3.0, 5), "missed"),
        ({"low": 1}, Estimate(9.0, 2.0, 16.0, 5), "met"),
        ({"high": 2}, Estimate(math.inf, math.nan, math.nan, 5, 2), "missed"),
        ({"low": 1}, Estimate(math.nan, math.nan, math.nan), "open"),
    ],
)
def test_a_verdict_is_about_the_whole_interval(band, estimate, verdict):
    assert verdict_of(Target(**target("stock_days.end_of_day.northbound", **band)), estimate) == verdict


def test_readings_are_held_to_targets_at_every_demand_and_as_it_was_otherwise():
    rows = held_to_targets(EDGE, readings_of(EDGE), PERIOD, Runner())
    found = {(row.reading, row.target, row.demand): row for row in rows}
    assert len(rows) == len(found) == 8
    scenario = scenario_of(EDGE, "open", "double", 2.0, PERIOD)
    assert (scenario.gate.flows["general"].per_day, scenario.demand, scenario.gate.reading) == (30, 2.0, "open")
    # Who comes between 21:00 and 23:00 registers at 07:00, and is called at 05:00 of the next day: 30 to 32 hours.
    assert 30 <= found["list", "quick", 1.0].estimate.value <= 32
    # Where call-up never closes, it passes at 07:00: after 8 to 10 hours.
    assert 8 <= found["open", "quick", 1.0].estimate.value <= 10
    verdicts = {key: row.verdict for key, row in found.items()}
    assert verdicts["list", "quick", 1.0] == "missed"
    assert verdicts["open", "quick", 1.0] == "met"
    assert verdicts["open", "double", 1.0] == "missed"
    assert found["open", "double", 2.0].estimate.value == pytest.approx(2 * 30, rel=0.3)


def worst(rows: Sequence[Moved], direction: str) -> Moved | None:
    """Return the shift that moves a direction most."""
    own = [row for row in rows if row.direction == direction]
    return max(own, key=lambda row: abs(row.change.value), default=None)


def is_robust(rows: Sequence[Moved]) -> bool:
    """Tell whether no shift moves mean clearance by more than the limit."""
    return all(abs(row.change.value) <= LIMIT for row in rows)


def test_a_knife_edge_is_found_and_named():
    rows = robustness(EDGE, "list", PERIOD, Runner())
    found = worst(rows, "northbound")
    assert found is not None
    # Who registers at 06:45 is called at once: after 7.75-9.75 h instead of 30-32 h. Other trucks are done by the end.
    assert found.before == pytest.approx(31, abs=0.5)
    assert found.change.value == pytest.approx(-22.25 / found.before, abs=0.005)
    edges = {(row.shift.place, row.shift.what, row.shift.minutes) for row in rows if row.change.value < -0.5}
    assert edges == {
        ("stages.call.hours", "end", 15),
        ("stages.call.hours", "both", 15),
        ("stages.list.hours", "start", -15),
        ("stages.list.hours", "both", -15),
    }
    assert not is_robust(rows)
    assert is_robust(robustness(EDGE, "open", PERIOD, Runner(), wanted=lambda shift: "list" in shift.place))


def test_every_clock_time_is_moved_in_six_ways():
    gate = load_gate("friendship-pass")
    found = shifts(gate)
    places = {shift.place for shift in found}
    assert {"stages.kiosk-in-cn.lanes.1.hours", "pools.customs-officers-vn.shifts.0.hours"} <= places
    assert {"profiles.daytime.hours", "stages.hold-vn.hours"} <= places
    assert "stages.declaration-vn.hours" not in places  # it never closes
    ways = [(shift.what, shift.minutes) for shift in found if shift.place == "stages.bay-cn.hours"]
    assert sorted(ways) == [("both", -15), ("both", 15), ("end", -15), ("end", 15), ("start", -15), ("start", 15)]
    (later,) = [s.value for s in found if s.place == "stages.dock-cn.hours" and (s.what, s.minutes) == ("end", 15)]
    assert str(HOURS.validate_python(later)) == "07:00-01:15"


@pytest.mark.parametrize(
    ("hours", "start", "end", "then"),
    [
        ("07:00-20:00", 900, 0, "07:15-20:00"),
        ("07:00-20:00", -900, -900, "06:45-19:45"),
        ("20:00-04:00", 0, 900, "20:00-04:15"),
        ({"mon-fri": "07:00-11:00, 13:00-17:00", "sat": "closed", "sun": "closed"}, 0, 900, None),
        (["07:00-11:00", "13:00-17:00"], 0, 900, "07:00-11:15, 13:00-17:15"),
    ],
)
def test_hours_whose_windows_start_or_end_otherwise(hours, start, end, then):
    found = moved(HOURS.validate_python(hours), start, end)
    wanted = "mon-fri 07:00-11:15, 13:00-17:15; sat-sun closed" if then is None else then
    assert str(found) == wanted


def test_a_window_that_would_be_empty_is_not_tried():
    assert moved(HOURS.validate_python("07:00-07:10"), 900, 0) is None


def test_what_tells_readings_apart_differs_beyond_chance():
    rows = apart(EDGE, readings_of(EDGE), PERIOD, Runner())
    assert rows
    assert rows[0].by_reading.keys() == {"list", "open"}
    assert all(row.is_clear and row.spread >= 0.1 for row in rows)
    assert apart(EDGE, ["list"], PERIOD, Runner()) == []


def test_the_answer_names_targets_edges_and_robust_readings():
    found = calibrate(EDGE, period=PERIOD)
    whole = json.loads(json.dumps(document(found)))
    row = worst_of(whole, "list")
    assert row is not None
    assert (row["place"].split(".")[1] in ("call", "list"), row["direction"]) == (True, "northbound")
    text = said(whole)
    assert text.answers[0].startswith("List (the baseline): meets 1 of 2 fitted and 0 of 1 predicted targets; misses:")
    assert "Not robust: " in text.answers[0]
    assert "mean clearance by −72 %, which is more than 5 %." in text.answers[0].replace("\N{NO-BREAK SPACE}", " ")
    assert text.tables[0].columns == ("Target", "Band", "List", "Open")
    assert [cells[0] for cells in text.tables[0].rows] == ["flow", "quick", "double", "double × 2"]


def test_a_gate_without_readings_or_targets_is_its_only_reading():
    plain = load_gate("minimal")
    found = calibrate(plain, period=PERIOD, moving=False)
    assert (found.readings, found.held, found.moved, found.apart) == (("as it is",), (), (), ())
    assert said(document(found)).answers == ("As it is: the gate has no targets.",)


@pytest.mark.parametrize(
    ("gate", "readings", "period", "path", "remedy"),
    [
        (EDGE, ["opne"], PERIOD, "--reading", "Did you mean open?"),
        (EDGE, [], Period(replications=1), "--replications", "Use a whole number from 2 to 10,000."),
        (EDGE, [], Period(days=0), "--days", "Use a whole number from 1 to 3,660."),
        (
            edge(targets={"flow": target("throughput_per_day.mean.northbond", low=1)}),
            [],
            PERIOD,
            "targets.flow.metric",
            "Write metric.statistic.direction, such as clearance_h.p90.northbound.",
        ),
        (
            edge(targets={"flow": target("wait_h.mean.northbound@cal", low=1)}),
            [],
            PERIOD,
            "targets.flow.metric",
            "Did you mean wait_h.mean.northbound@call?",
        ),
    ],
)
def test_what_cannot_be_calibrated_is_a_finding(gate, readings, period, path, remedy):
    with pytest.raises(ConfigError) as caught:
        calibrate(gate, readings, period)
    assert [(found.path, found.remedy) for found in caught.value.findings] == [(path, remedy)]


def test_the_command_writes_a_page_a_document_and_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = EDGE.model_dump(mode="json", by_alias=True)
    (tmp_path / "edge.json").write_text(json.dumps(written), encoding="utf-8")
    words = ["calibration", "edge.json", "--days", "2", "--warmup-days", "1", "--replications", "2", "--workers", "1"]
    done = CliRunner().invoke(app, [*words, "--no-robustness", "--out", "found"], env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines()[1:])) <= 80
    whole = read_json(tmp_path / "found" / DOCUMENT)
    assert [row["verdict"] for row in whole["held"]].count("missed") >= 1
    assert whole["run_again"].endswith("--days 2 --warmup-days 1 --replications 2 --seed 1 --no-robustness")
    page = (tmp_path / "found/report.html").read_text(encoding="utf-8")
    assert "Readings by target" in page
    assert "Call-up all day." in page
    with (tmp_path / "found/targets.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["reading"] for row in rows] == ["list", "open"] * 4
    (tmp_path / "found/notes.txt").write_text("mine")
    refused = CliRunner().invoke(app, [*words, "--no-robustness", "--out", "found"])
    assert refused.exit_code == 2
    assert "holds files that are not a calibration" in refused.output


def test_validate_counts_readings_and_targets_and_knows_their_metrics() -> None:
    def text(gate: Gate) -> str:
        return json.dumps(gate.model_dump(mode="json", by_alias=True))

    assert "1 flows, 2 readings, 3 targets" in checked_text(text(EDGE), "edge.json")
    wrong = edge(targets={"flow": target("wait_h.mean.northbound@cal", low=1)})
    with pytest.raises(ConfigError, match=r"edge\.json: targets\.flow\.metric"):
        checked_text(text(wrong), "edge.json")


def test_a_change_below_the_shift_itself_is_no_knife_edge():
    # By hand: 12 % of 1.25 h are 9 min, less than the 15 min by which the clock moves; 6 % of 30 h are 108 min.
    whole = json.loads(json.dumps(document(calibrate(load_gate("minimal"), period=PERIOD, moving=False))))
    row = {
        "reading": "as it is", "direction": "northbound", "place": "stages.booth.hours", "stands": "07:00-19:00",
        "what": "start", "minutes": 15, "low": 0.0, "high": 1.0, "n": 2, "unreached": 0,
    }  # fmt: skip
    short = {**row, "clearance_h": 1.25, "change_value": 0.12}
    long = {**row, "what": "end", "clearance_h": 30.0, "change_value": -0.06}

    def sentence(*rows):
        return (
            said({**whole, "robustness": {**whole["robustness"], "shifts": list(rows)}}).answers[0].replace("\xa0", " ")
        )

    assert (
        "Robust: the start of booth hours 15 min later changes northbound mean clearance by +12 %, but by 9 min, less"
        in (sentence(short))
    )
    assert "Not robust: the end of booth hours 15 min later changes northbound mean clearance by −6 %" in (
        sentence(short, long)
    )
