"""Recorded trucks in place of drawn ones: what a table may say, and that exactly these trucks then come."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bordergate as bg
from experiments.inputs.read_trace import read_trace
from experiments.inputs.trace import Trace, write_trace
from experiments.inputs.traced_plan import with_trace
from gates import ConfigError, Gate, Scenario, load_gate
from gates.files.load import gate_from_data
from sim import compile_plan, draw, simulate, stream
from sim.engines.log import NEVER
from sim.engines.simulate import Engine
from sim.streaming import blocks

MINUTE = 60_000
ONE_DAY: dict[str, Any] = {"days": 1, "warmup_days": 0, "replications": 1}


def gate_of(**changes: Any) -> Gate:
    """A gate with a booth, a choice of channel, an inspection for some and an exit; all of it is open all day."""
    stage = {"side": "vn", "lanes": 1, "hours": "24 h", "service": {"constant": "1 min"}}
    channel = {"choose": "channel", "shares": {"green": "50 %", "red": "50 %"}, "then": {"red": ["check"]}}
    parts = ("start", "end_of_day", "flows", "stages", "paths")
    return gate_from_data(
        {
            "name": "recorded",
            "sides": {"vn": "Asia/Ho_Chi_Minh", "cn": "Asia/Shanghai"},
            "origin": {"northbound": "vn"},
            "start": "2025-07-01",
            "end_of_day": {"at": "20:00", "side": "cn"},
            "classes": {"fruit": {}, "general": {}},
            "flows": {
                "fruit": {"class": "fruit", "direction": "northbound", "per_day": 50},
                "general": {"class": "general", "direction": "northbound", "per_day": 0},
                "more": {"class": "general", "direction": "northbound", "per_day": 0},
            },
            "stages": {
                "booth": stage,
                "check": {**stage, "service": {"exponential": {"mean": "5 min"}}},
                "scan": stage,
            },
            "paths": {
                "northbound": [
                    "booth",
                    channel,
                    {"stage": "scan", "share": "50 %", "again": "20 %", "most": 1},
                ]
            },
            "sources": {part: "assumption: a test" for part in parts},
            **changes,
        }
    )


def read(table: Any, **scenario: Any) -> Trace:
    return read_trace(table, Scenario(**{"gate": gate_of(), "days": 1, "warmup_days": 0, **scenario}))


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_the_trucks_of_a_trace_by_hand(engine: Engine) -> None:
    # One lane, served in the order of arrival, although the table is not in order.
    # Arrivals 0, 2, 3, 10; services 4, 3, 1, 2. Starts 0, 4, 7, 10; ends 4, 7, 8, 12.
    table = {"flow": ["general"] * 4, "arrival": [10, 0, 3, 2], "service.booth": [2, 4, 1, 3]}
    table |= {"choice.channel": ["green"] * 4, "visits.scan": [0, 0, 0, 0]}
    gate = gate_of().with_({"flows.fruit.per_day": 0})
    result = bg.run(gate, trace=table, engine=engine, **ONE_DAY)
    events = result.events
    assert (events["joined"] / MINUTE).tolist() == [0, 2, 3, 10]
    assert (events["started"] / MINUTE).tolist() == [0, 4, 7, 10]
    assert (events["left"] / MINUTE).tolist() == [4, 7, 8, 12]
    assert result.metric("utilisation.share@booth").value == 10 / (24 * 60)
    # Waits 0, 2, 4, 0.
    assert result.metric("wait_h.mean.northbound@booth").value == pytest.approx(1.5 / 60)


def test_waits_follow_the_recursion_of_lindley() -> None:
    """W(n+1) = max(0, W(n) + S(n) - A(n+1)) for one lane that is always open (Lindley 1952)."""
    dice = np.random.default_rng(5)
    arrival = np.cumsum(dice.exponential(5, 200)).round(3)
    service = dice.exponential(4.8, 200).round(3)
    table = pd.DataFrame({"flow": "general", "arrival": arrival, "service.booth": service})
    wait, expected = 0.0, []
    for n in range(200):
        expected.append(wait)
        if n < 199:
            wait = max(0.0, wait + service[n] - (arrival[n + 1] - arrival[n]))
    gate = gate_of().with_({"flows.fruit.per_day": 0})
    events = bg.run(gate, trace=table, **ONE_DAY).events.query("stage == 'booth'")
    assert len(events) == 200
    found = (events["started"] - events["joined"]).to_numpy() / MINUTE
    assert np.allclose(found, expected, rtol=0, atol=200 * 0.5 / MINUTE)  # each time is rounded to a millisecond
    assert max(expected) > 10


def test_what_is_not_given_is_drawn_as_before() -> None:
    """A trace of the arrivals that were drawn changes nothing, in any other number of any truck."""
    scenario = Scenario(gate=load_gate("friendship-pass"), days=3, warmup_days=1)
    plan = compile_plan(scenario)
    before = draw(plan)
    names = np.array([stream.name for stream in plan.streams])
    mine = before.flow == np.bincount(before.flow).argmax()  # the flow with the most trucks
    table = {"flow": names[before.flow[mine]], "arrival": before.arrival[mine] / MINUTE}
    traced = with_trace(plan, read_trace(table, scenario))
    after = draw(traced)
    for column in ("arrival", "flow", "number", "line", "service", "released", "first"):
        assert np.array_equal(getattr(before, column), getattr(after, column)), column
    assert simulate(plan, before).equals(simulate(traced, after))


def test_a_trace_runs_in_blocks_as_in_one_piece() -> None:
    scenario = Scenario(gate=gate_of(), days=6, warmup_days=1)
    dice = np.random.default_rng(7)
    service = np.where(dice.random(900) < 0.5, dice.exponential(3, 900), np.nan)
    makes = dice.choice([0, 1, np.nan], 900)
    channel = dice.choice(["red", "green", ""], 900)
    arrival = dice.uniform(0, 7 * 1440, 900)
    columns = {"service.booth": service, "visits.scan": makes, "choice.channel": channel}
    plan = with_trace(
        compile_plan(scenario), read_trace({"flow": ["general"] * 900, "arrival": arrival, **columns}, scenario)
    )
    whole, parts = simulate(plan, draw(plan)), []
    for block in blocks(plan, 1, 0, 2):
        here = (block.log.departed != NEVER) & (block.log.departed < block.end)
        parts += list(
            zip(block.log.draws.number[here], block.log.draws.flow[here], block.log.departed[here], strict=True)
        )
    gone = whole.departed != NEVER
    one = zip(whole.draws.number[gone], whole.draws.flow[gone], whole.departed[gone], strict=True)
    assert sorted(map(tuple, parts)) == sorted(map(tuple, one))
    assert stream(plan).values.keys()


def test_services_choices_and_visits_as_given() -> None:
    table = {
        "flow": ["general", "more", "general"],
        "arrival": [0, 30, 60],
        "choice.channel": ["red", "green", "red"],
        "service.check": [7, None, None],
        "service.scan": [None, 2, 3],
        "choice.scan/again/1": [None, "done", "again"],
        "service.scan/scan/again/1": [None, None, 4],
        "visits.scan": [0, None, 1],
    }
    events = bg.run(gate_of().with_({"flows.fruit.per_day": 0}), trace=table, **ONE_DAY).events
    names = ("flow", "number", "stage")
    minutes = ((events["left"] - events["started"]) / MINUTE).tolist()
    visits = list(zip(*(events[name].tolist() for name in names), minutes, strict=True))
    drawn = visits[5][3]
    assert visits == [
        ("general", 0, "booth", 1), ("general", 0, "check", 7),
        ("more", 0, "booth", 1), ("more", 0, "scan", 2),
        ("general", 1, "booth", 1), ("general", 1, "check", drawn),
        ("general", 1, "scan", 3), ("general", 1, "scan", 4),
    ]  # fmt: skip
    assert drawn != round(drawn)


def test_recorded_services_hold_their_repairs() -> None:
    breakdown = {"name": "jam", "running": "20 s", "repair": {"constant": "9 min"}}  # some in each service
    gate = gate_of().with_({"flows.fruit.per_day": 0})
    document = gate.model_dump(mode="json", by_alias=True)
    document["stages"]["booth"]["breakdowns"] = [breakdown]
    table = {"flow": ["more"] * 2, "arrival": [0, 30], "service.booth": [2, None]}
    table |= {"visits.scan": [0, 0], "choice.channel": ["green"] * 2}
    result = bg.run(gate_from_data(document), trace=table, **ONE_DAY)
    given, drawn = ((result.events["left"] - result.events["started"]) / MINUTE).tolist()
    assert given == 2
    assert drawn in [1 + 9 * failures for failures in range(1, 20)]
    assert result.metric("repair_share.share@booth").value == (drawn - 1) / (24 * 60)


@pytest.mark.parametrize(
    ("times", "minutes"),
    [
        # Tick 0 is midnight in China, 23:00 of the day before in Vietnam. Times without a zone are Vietnamese.
        (["2025-07-01 08:00"], [540]),
        (["2025-07-01T08:00:30+08:00"], [480.5]),
        ([dt.datetime(2025, 7, 1, 8), "12.5", 3], [540, 12.5, 3]),
        (pd.to_datetime(["2025-07-01 00:30"]), [90]),
        (np.array(["2025-06-30T23:30"], "M8[ns]"), [30]),
        (pd.to_datetime(["2025-07-01 00:30"]).tz_localize("UTC"), [510]),
    ],
)
def test_times_in_minutes_or_by_the_clock(times: Any, minutes: list[float]) -> None:
    found = read({"flow": ["general"] * len(times), "arrival": times}).flows["general"].arrival
    assert [ms / MINUTE for ms in found] == sorted(minutes)


@pytest.mark.parametrize(
    "table",
    [
        {"class": ["fruit"], "arrival": [1]},
        {"class": ["fruit"], "direction": ["northbound"], "arrival": [1]},
        {"flow": ["fruit"], "class": ["fruit"], "direction": ["northbound"], "arrival": [1]},
    ],
)
def test_ways_to_name_a_flow(table: dict[str, Any]) -> None:
    assert read(table).trucks == {"fruit": 1}


def test_a_gate_with_one_flow_needs_no_name() -> None:
    assert read({"arrival": [5]}, gate=load_gate("minimal")).trucks == {"general": 1}


def ten(**columns: Any) -> dict[str, Any]:
    return {"flow": ["general"] * 10, "arrival": range(10)} | columns


@pytest.mark.parametrize(
    ("table", "path", "problem", "remedy"),
    [
        (5, "trace", "is not a table", "pandas frame"),
        ({"flow": ["general"], "arrival": [1, 2]}, "trace", "columns of different lengths", "one row"),
        ({"flow": [], "arrival": []}, "trace", "has no trucks", "Give 1"),
        ({}, "trace", "has no trucks", "Give 1"),
        ({"flow": ["general"]}, "trace.arrival", "no column says when", "minutes"),
        ({"arrival": [1]}, "trace.flow", "nothing says of which flow", "`flow`"),
        ({"flow": ["general"], "arival": [1]}, "trace.arival", "is not a column", "Did you mean arrival?"),
        (ten(colour=["red"] * 10), "trace.colour", "is not a column", "service.STAGE"),
        (ten(**{"service.boot": [1] * 10}), 'trace["service.boot"]', "is not a column", "mean service.booth?"),
        (ten(**{"visits.booth": [1] * 10}), 'trace["visits.booth"]', "is not a column", "Did you mean"),
        ({"flow": ["generel"], "arrival": [1]}, "trace.flow[0]", "the gate has no such flow", "mean general?"),
        ({"flow": [None], "arrival": [1]}, "trace.flow[0]", "the gate has no such flow", "Use one of fruit"),
        ({"class": ["fruits"], "arrival": [1]}, "trace.class[0]", "no flow has this class", "mean fruit?"),
        (
            {"class": ["fruit"], "direction": ["south"], "arrival": [1]},
            "trace.direction[0]", "no flow has this direction", "Use northbound",
        ),
        ({"class": ["general"], "arrival": [1]}, "trace.class[0]", "2 flows are of this kind: general, more", "`flow`"),
        (
            {"flow": ["more"], "class": ["fruit"], "arrival": [1]},
            "trace.class[0]", "the flow more has the class general", "Use general",
        ),
        (ten(arrival=[-1.0, *range(9)]), "trace.arrival[0]", "before the run, which begins at 2025-07-01", "earlier"),
        (ten(arrival=[*range(9), float("nan")]), "trace.arrival[9]", "is not a time", "minutes"),
        (ten(arrival=[*range(9), "soon"]), "trace.arrival[9]", "is not a time", "minutes"),
        (ten(arrival=[*range(9), True]), "trace.arrival[9]", "is not a time", "minutes"),
        (ten(arrival=[*range(9), dt.date(2025, 7, 1)]), "trace.arrival[9]", "is not a time", "minutes"),
        (ten(arrival=[*range(9), 1e30]), "trace.arrival[9]", "is not a time", "minutes"),
        (ten(arrival=["2026-01-01 10:00"] * 10), "trace.arrival", "all trucks come after the end", "`start`"),
        (ten(**{"service.scan": [*[1] * 9, -2]}), 'trace["service.scan"][9]', "not a time of service", "0 or more"),
        (ten(**{"service.scan": [*[1] * 9, "?"]}), 'trace["service.scan"][9]', "not a time of service", "0 or more"),
        (ten(**{"choice.channel": ["gren"] * 10}), 'trace["choice.channel"][0]', "not an alternative", "mean green?"),
        (ten(**{"visits.scan": ["perhaps"] * 10}), 'trace["visits.scan"][0]', "neither yes nor no", "1 or 0"),
        (
            ten(**{"choice.channel": ["green"] * 10, "service.check": [1] * 10}),
            'trace["service.check"][0]', "the truck does not make this visit", "Leave the service empty",
        ),
        (
            ten(**{"visits.scan": [0] * 10, "service.scan": [1] * 10}),
            'trace["service.scan"][0]', "the truck does not make this visit", "Leave the service empty",
        ),
        (
            ten(**{"service.check": [1] * 10}),
            'trace["service.check"][0]', "it is drawn whether", "Say so in choice.channel.",
        ),
        (
            ten(**{"service.scan/scan/again/1": [1] * 10}),
            'trace["service.scan/scan/again/1"][0]', "it is drawn whether", "choice.scan/again/1 and visits.scan",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table(table: Any, path: str, problem: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(table)
    found = {finding.path: finding for finding in error.value.findings}
    assert path in found, str(error.value)
    assert problem in found[path].problem
    assert remedy in found[path].remedy


def test_all_findings_at_once_and_of_many_rows_the_first() -> None:
    table = ten(arrival=[-1] * 10, flow=["nobody"] * 10, **{"service.booth": ["?"] * 10})
    with pytest.raises(ConfigError) as error:
        read(table, demand=2)
    found = [(finding.path, finding.problem) for finding in error.value.findings]
    assert ("demand", "does not change the trucks of a trace") in found
    assert ("trace.flow", "7 more rows like these: the gate has no such flow") in found
    assert sum(path.startswith("trace.arrival[") for path, _ in found) == 3


def with_paths_by_class() -> Gate:
    """A gate whose fruit is never scanned, and whose other trucks all are."""
    steps = ["booth", {"stage": "scan", "share_for": {"fruit": 0}, "share": "100 %"}]
    return gate_of(paths={"northbound": [*steps, {"stage": "check", "share": "50 %", "share_for": {"general": 1}}]})


@pytest.mark.parametrize(
    ("flow", "column", "problem"),
    [
        ("fruit", "service.scan", "trucks of the flow fruit have no such visit"),
        ("more", "visits.check", "all trucks of the flow more make this visit"),
    ],
)
def test_a_path_without_the_stage(flow: str, column: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        read({"flow": [flow], "arrival": [0], column: [1]}, gate=with_paths_by_class())


def test_trucks_that_book_say_themselves_when_they_come() -> None:
    slots = {"side": "vn", "hours": "08:00-18:00", "slot": "1 h", "capacity": 5, "flows": ["fruit"]}
    document = gate_of().model_dump(mode="json", by_alias=True)
    document["booking"] = {"slots": {**slots, "offset": {"constant": 0}}}
    document["sources"]["booking"] = "assumption: a test"
    with pytest.raises(ConfigError, match="its trucks book slots of slots"):
        read({"flow": ["fruit"], "arrival": [0]}, gate=gate_from_data(document))


FULL = {
    "flow": ["more", "general", "more"],
    "arrival": [0.1, 1 / 3, 1500],
    "service.booth": [0.7, None, 1 / 7],
    "choice.channel": ["red", None, "green"],
    "visits.scan": [1, 0, None],
}
TWO_DAYS: dict[str, Any] = {"days": 2, "warmup_days": 0, "replications": 2}


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    trace = read(FULL, days=2)
    write_trace(trace, tmp_path / "trace.csv")
    assert read(tmp_path / "trace.csv", days=2) == trace
    assert read(pd.read_csv(tmp_path / "trace.csv"), days=2) == trace


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"flow,arrival\ngeneral\n", "has 1 cells, the heading 2"),
        (b"flow,flow,arrival\na,b,1\n", "two columns of one name"),
        (b"\xff\xfe,1\n", "is not a table of comma-separated values"),
        (b"", "is not a table of comma-separated values"),
        (None, "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / "trace.csv").write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        read(tmp_path / "trace.csv")


def test_other_trucks_are_another_result() -> None:
    hashes = set()
    for arrival in (1, 2):
        result = bg.run(gate_of(), trace={"flow": ["more"], "arrival": [arrival]}, **ONE_DAY)
        hashes.add(result.manifest["hashes"]["result"])
    assert len(hashes | {bg.run(gate_of(), **ONE_DAY).manifest["hashes"]["result"]}) == 3


def test_the_summary_says_that_trucks_were_recorded(tmp_path: Path) -> None:
    bg.run(gate_of(), trace=FULL, out=tmp_path / "out", **TWO_DAYS)
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "Recorded trucks instead of drawn ones: 1 of general and 2 of more." in page
