"""Borders: gates side by side, and trade that chooses between them by the waits posted. Times are minutes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gates.schema.scenario import Scenario
from sim import compile_plan, draw, simulate, stream
from sim.engines.log import DECISIONS, LOG_COLUMNS, NEVER, STAYED_AWAY, TRUCK_COLUMNS, EventLog
from sim.engines.simulate import Engine
from sim.metrics.fold import Fold
from sim.metrics.meter import Key
from sim.plan.plan import Plan
from tests.border_strategies import borders
from tests.sim.borders import HOUR, border_of, free_and_bound, gate_document, plan_of_border
from tests.sim.hand import MINUTE
from tests.sim.test_engines_agree import coarse
from tests.tiers import count

both = pytest.mark.parametrize("engine", ["reference", "compiled"])


@both
def test_trucks_in_line_choose_again_after_a_posting(engine: Engine) -> None:
    # Posted at midnight of the second day, so trucks released are counted over 24 h. At A three trucks are released in
    # the hour in which it opens, then ten come that wait: 10 * 24 / 3 = 80 h are posted. At B two are released and
    # nobody waits: nothing is posted. B costs a truck 1 h beyond the wait, and must spare it 2 h.
    # From the tail, the k-th of ten would wait k/10 of the 80 h: 80, 72, 64, 56, 48 h. It counts those that decided
    # before it, at 24 / 2 = 12 h each: B costs 1, 13, 25, 37, 49 h. The last four move; the next would need 51 h.
    # The way takes 90 min; at B they are served one by one, from 1440 + 90 on, by number.
    gates = {"a": gate_document("a", yard={"hours": "00:00-01:00"}), "b": gate_document("b")}
    again = {"in": {"a": ["yard"]}, "gain": 2 * 3600}
    border = border_of(gates, thinks_again=again, moves={"takes": {"constant": 5400}})
    plan = plan_of_border(border)
    early = [(gate, at, False) for at in range(3) for gate in ("a", "b") if (gate, at) != ("b", 2)]
    late = [("a", 100 + n, True) for n in range(10)]
    draws = free_and_bound(plan, [*early, *late], way=90, taste={"b": HOUR})
    log = simulate(plan, draws, engine)
    assert [tuple(row)[1:] for row in log.postings.tolist()] == [(0, 10, 3, 80 * HOUR * MINUTE), (1, 0, 2, 0)]
    assert draws.number[log.moved].tolist() == [11, 12, 13, 14]
    came = np.flatnonzero(log.came == 1440 * MINUTE)
    assert draws.number[came].tolist() == [11, 12, 13, 14]
    assert [plan.streams[flow].name for flow in draws.flow[came]] == ["a:fruit>b"] * 4
    rows = draws.first[came]
    assert (log.left[rows] / MINUTE).tolist() == [1530] * 4
    assert (log.left[rows + 1] / MINUTE).tolist() == [1540, 1550, 1560, 1570]
    left = draws.first[np.flatnonzero(log.moved)] + 1
    assert (log.left[left] / MINUTE).tolist() == [1440] * 4
    assert (log.started[left] == NEVER).all()


@both
def test_who_sets_out_knows_an_old_posting(engine: Engine) -> None:
    # Posted at 6:00, 12:00 and 18:00; trucks know the posting before the last, and first the usual waits: 1 h at A and
    # 2 h at B. A is shut until noon. At 0 a free truck goes to A: 1 < 2. It is the only one there, and nobody was
    # released in 6 h, which counts as one: A posts 6 h at 6:00, and 12 h at 12:00 with two trucks. B posts nothing.
    #  7:00 the posting of 6:00 is not known yet: A. 13:00 it is: 6 h at A, 0 h at B: B.
    # 19:00 known is the posting of 12:00: 12 h at A, with two trucks there: B.
    gates = {"a": gate_document("a", yard={"hours": "12:00-24:00"}), "b": gate_document("b")}
    usual = {"a": 3600, "b": 7200}
    border = border_of(gates, {"at": ["06:00", "12:00", "18:00"]}, usual_wait=usual, sets_out={"knows": 1})
    plan = plan_of_border(border, days=1)
    draws = free_and_bound(plan, [("a", 60 * hour, True) for hour in (0, 7, 13, 19)])
    log = simulate(plan, draws, engine)
    posted = [(row["board"], row["trucks"], row["posted"] / MINUTE / HOUR) for row in log.postings]
    assert posted == [(0, 1, 6), (1, 0, 0), (0, 2, 12), (1, 0, 0), (0, 0, 0), (1, 0, 0)]
    came = np.flatnonzero(log.came >= 0)
    assert [plan.streams[flow].name for flow in draws.flow[came]] == ["a:fruit", "a:fruit", "a:fruit>b", "a:fruit>b"]


@both
def test_who_puts_up_with_less_stays_away(engine: Engine) -> None:
    # Usual waits of 3 h at both gates; A costs a truck 1 h more. Costs of 4 h and 3 h: of 3 h 1 min it puts up with B,
    # of 2 h 59 min with neither. Of equals the first gate is taken: with 4 h at both the third truck goes to A.
    gates = {"a": gate_document("a"), "b": gate_document("b")}
    plan = plan_of_border(border_of(gates, usual_wait={"a": 10800, "b": 10800}), days=1)
    draws = free_and_bound(plan, [("b", at, True) for at in (0, 1, 2)], taste={"a": 60})
    own = np.flatnonzero(draws.flow == 1)
    draws.puts_up_with[own] = np.array([181, 179, 1000]) * MINUTE
    draws.taste[own[2]] = 60 * MINUTE
    log = simulate(plan, draws, engine)
    assert log.came[own].tolist() == [0, STAYED_AWAY, NEVER]
    others = np.flatnonzero(draws.flow != 1)
    assert log.came[others].tolist() == [NEVER, NEVER, 2 * MINUTE]
    found = Fold(plan, exact=True)
    found.add(log, 0, plan.end)
    values = found.measures().values
    assert values[Key("stayed_away_per_day", "mean", "b:northbound", "fruit")] == 1
    assert values[Key("arrivals_per_day", "mean", "a:northbound", "fruit")] == 1
    assert values[Key("arrivals_per_day", "mean", "b:northbound", "fruit")] == 1


@both
def test_who_has_started_meanwhile_does_not_move(engine: Engine) -> None:
    # At A the bay behind the desk is shut and has one space. Z is in the queue of the bay from 10 on; Y is served at
    # the desk from 10 to 20 and blocks it; X is in the queue of the desk. At 6:00 three trucks are there and none was
    # released: 18 h are posted, for Z and X alike. B costs Z nothing, and X 6 h, as Z will be there: both decide so.
    # Z goes first. Its space calls Y, and the desk calls X, which has started and stays.
    stages = {
        "bay": {"side": "vn", "lanes": 1, "hours": "22:00-24:00", "service": {"constant": 600}},
        "desk": {"side": "vn", "lanes": 1, "service": {"constant": 600}},
    }
    apron = {"apron": {"spaces": 1, "stages": ["bay"]}}
    a = gate_document("a", areas=apron) | {"stages": stages, "paths": {"northbound": ["desk", "bay"]}}
    again = {"in": {"a": ["bay", "desk"]}, "gain": 0}
    border = border_of({"a": a, "b": gate_document("b")}, {"at": ["06:00"]}, thinks_again=again)
    plan = plan_of_border(border, days=1)
    draws = free_and_bound(plan, [("a", at, True) for at in (0, 1, 2)])
    draws.taste[draws.flow == 1] = MINUTE  # what they are at B: A costs less when they set out
    log = simulate(plan, draws, engine)
    assert draws.number[log.moved].tolist() == [0]
    assert log.postings["posted"].tolist() == [18 * HOUR * MINUTE, 0]
    own = [truck for truck in range(draws.trucks) if plan.streams[draws.flow[truck]].follows < 0]
    rows = {int(draws.number[truck]): draws.first[truck] for truck in own}
    desk, bay = (plan.stages.index(f"a:{name}") for name in ("desk", "bay"))
    stage = plan.network.line_stage[draws.line]
    at_desk = {number: row + 1 for number, row in rows.items()}
    assert [stage[row] for row in at_desk.values()] == [desk] * 3
    assert (log.left[at_desk[1]] / MINUTE, log.joined[at_desk[1] + 1] / MINUTE) == (360, 360)
    assert stage[at_desk[1] + 1] == bay
    assert (log.started[at_desk[2]] / MINUTE, log.finished[at_desk[2]] / MINUTE) == (360, 370)


@both
def test_a_truck_moves_on_to_a_gate_where_it_never_was(engine: Engine) -> None:
    # A and B are shut, C is open and costs 1 h more. The truck comes to A at 0. At 6:00 6 h are posted there (one truck
    # that nobody was released before), nothing at B and C: it goes to B, which is cheaper than C, and is there after
    # an hour. At 12:00 6 h are posted at B: it does not go back to A, though nobody is there, but to C, is there at
    # 780 and takes 10 min. Its patience of two days is not over, and moves with it.
    gates = {
        name: gate_document(name, classes={"fruit": {"patience": {"constant": 2 * 86400}}}) for name in ("a", "b", "c")
    }
    for name in ("a", "b"):
        gates[name]["stages"]["yard"]["hours"] = "22:00-24:00"
    again = {"in": {"a": ["yard"], "b": ["yard"]}, "gain": 0}
    usual = {"a": 0, "b": 0, "c": 0}
    border = border_of(gates, {"at": ["06:00", "12:00"]}, thinks_again=again, usual_wait=usual)
    plan = plan_of_border(border, days=1)
    draws = free_and_bound(plan, [("a", 0, True)], way=60, taste={"c": HOUR})
    draws.gives_up[:] = 2 * 1440 * MINUTE
    log = simulate(plan, draws, engine)
    came = np.flatnonzero(log.came >= 0)
    assert [plan.streams[flow].name for flow in draws.flow[came]] == ["a:fruit", "a:fruit>b", "a:fruit>c"]
    assert (log.came[came] / MINUTE).tolist() == [0, 360, 720]
    assert log.moved[came].tolist() == [True, True, False]
    assert (log.left[draws.first[came[2] + 1] - 1] / MINUTE) == 790


@both
def test_a_truck_that_moves_arrives_anew_and_its_load_goes_on_ageing(engine: Engine) -> None:
    # A is shut; a truck comes at 0. At 6:00 it sees 6 h at A and nothing at B, moves and is at B after an hour, where
    # it takes 10 min: it is released at 430, 70 min after it set out. It was loaded at its first arrival: of 24 h of
    # shelf life it has 1440 - 430 = 1010 min left. A has no clearance to tell of.
    classes = {"fruit": {"shelf_life": 1}}
    gates = {name: gate_document(name, classes=classes) for name in "ab"}
    gates["a"]["stages"]["yard"]["hours"] = "22:00-24:00"
    again = {"in": {"a": ["yard"]}, "gain": 0}
    border = border_of(gates, {"at": ["06:00"]}, thinks_again=again, usual_wait={"a": 0, "b": 0})
    plan = plan_of_border(border, days=1)
    log = simulate(plan, free_and_bound(plan, [("a", 0, True)], way=60), engine)
    found = Fold(plan, exact=True)
    found.add(log, 0, plan.end)
    values = {
        (key.metric, key.direction, key.statistic): value for key, value in found.measures().values.items()
        if key.vehicle_class == "fruit"
    }  # fmt: skip
    assert values["clearance_h", "b:northbound", "mean"] == pytest.approx(70 / 60)
    assert np.isnan(values["clearance_h", "a:northbound", "mean"])
    assert values["moved_per_day", "a:northbound", "mean"] == 1
    assert values["arrivals_per_day", "b:northbound", "mean"] == 1
    assert values["throughput_per_day", "b:northbound", "mean"] == 1
    assert values["posted_wait_h", "a:northbound", "max"] == 6
    assert values["shelf_life_d", "b:northbound", "mean"] * 1440 == pytest.approx(1010)
    assert ("turned_back_per_day", "a:northbound", "mean") not in values


def test_gates_side_by_side_are_as_if_each_were_alone() -> None:
    # Random numbers are named by the flow at the border; under these names each gate alone gives the same events.
    gates = {"a": gate_document("a", per_day=90), "b": gate_document("b", per_day=30, yard={"hours": "08:00-20:00"})}
    border = border_of(gates)
    whole = plan_of_border(border)
    draws = draw(whole, 3)
    log = simulate(whole, draws, "compiled")
    for name, member in border.gates.items():
        alone = compile_plan(Scenario(gate=member.found, days=2, warmup_days=0))
        named = [dataclasses.replace(stream, name=f"{name}:{stream.name}") for stream in alone.streams]
        own = draw(dataclasses.replace(alone, streams=tuple(named)), 3)
        times = simulate(alone, own, "compiled").times
        mine = [whole.streams[flow].name.startswith(f"{name}:") for flow in draws.flow]
        assert np.array_equal(times, log.times[np.repeat(mine, np.diff(draws.first))])
        assert times.size


def test_one_gate_more_leaves_the_others_alone() -> None:
    plans = []
    for names in ("ab", "abc"):
        border = border_of({name: gate_document(name, per_day=50) for name in names}, spread=3600)
        plans.append(plan_of_border(border))
    two, three = (draw(plan, 5) for plan in plans)
    for name in ("a:fruit", "b:fruit", "a:fruit>b", "b:fruit>a"):
        flows = [[stream.name for stream in plan.streams].index(name) for plan in plans]
        mine = [draws.flow == flow for draws, flow in zip((two, three), flows, strict=True)]
        assert np.array_equal(two.arrival[mine[0]], three.arrival[mine[1]])
        tastes = [draws.taste[of] for draws, of in zip((two, three), mine, strict=True)]
        assert np.ptp(tastes[0] - tastes[1]) <= 1  # the same, but for the shift that makes the smallest part of all 0


def test_shares_are_those_of_a_logit_model() -> None:
    # Nothing is posted before the usual waits, so 3 of 4 trucks take A in the mean, whatever their usual gate. Of some
    # 8,000 trucks the share has a standard error of 0.0048; six of them fail once in a billion draws.
    gates = {"a": gate_document("a", per_day=6000), "b": gate_document("b", per_day=2000)}
    border = border_of(gates, {"at": ["24:00"]}, spread=7200, usual_wait={"a": 3600, "b": 30000})
    plan = plan_of_border(border, days=1)
    draws = draw(plan)
    log = simulate(plan, draws)
    came = log.came >= 0
    at_a = np.isin(draws.flow, [n for n, s in enumerate(plan.streams) if s.name in ("a:fruit", "b:fruit>a")])
    share = np.count_nonzero(came & at_a) / np.count_nonzero(came)
    assert share == pytest.approx(0.75, abs=6 * (0.75 * 0.25 / np.count_nonzero(came)) ** 0.5)


def test_trucks_that_wait_at_the_start_count_on_the_board() -> None:
    queue = {"class": "fruit", "direction": "northbound", "stage": "yard", "trucks": 5}
    gates = {"a": gate_document("a", per_day=0.001, yard={"hours": "22:00-24:00"}, initial=[queue])}
    plan = plan_of_border(border_of(gates, {"at": ["06:00"]}), days=1)
    (row,) = simulate(plan, draw(plan)).postings
    assert (row["trucks"], row["released"], row["posted"]) == (5, 0, 5 * 6 * HOUR * MINUTE)


@pytest.mark.series(name="engines")
@settings(max_examples=count("engines") // 20)
@given(borders(), st.integers(0, 2**32), st.sampled_from([1, 60_000, 1_200_000, 3_600_000]))
def test_engines_agree_on_borders(scenario: Scenario, seed: int, unit: int) -> None:
    plan = compile_plan(scenario, check_gate=False)
    draws = coarse(draw(plan, seed), unit)
    reference, compiled = simulate(plan, draws, "reference"), simulate(plan, draws, "compiled")
    event("some trucks moved" if compiled.moved.any() else "no truck moved")
    event("some stayed away" if (compiled.came == STAYED_AWAY).any() else "all came")
    for name in (*LOG_COLUMNS, *TRUCK_COLUMNS, *DECISIONS):
        assert np.array_equal(getattr(reference, name), getattr(compiled, name)), name
    check_trucks(plan, compiled)


def check_trucks(plan: Plan, log: EventLog) -> None:
    """Every truck leaves a stage after it joined it, and counts on the board of its gate as long as it is there."""
    draws = log.draws
    assert (log.left[log.left != NEVER] >= log.joined[log.left != NEVER]).all()
    assert (log.joined[log.left != NEVER] != NEVER).all()
    for board in range(plan.network.boards.rows.size):
        mine = np.isin(draws.flow, np.flatnonzero(plan.network.boards.flows["board"] == board))
        counted = mine & (log.came >= 0) & (draws.released >= 0)
        gone = np.where(log.released != NEVER, log.released, log.turned_back)
        for row in log.postings[log.postings["board"] == board]:
            came, left = log.came[counted], gone[counted]
            here = (came < row["tick"]) & ((left == NEVER) | (left >= row["tick"]))
            assert row["trucks"] == np.count_nonzero(here)
            passed = counted & (log.released != NEVER) & (log.released < row["tick"])
            assert row["released"] == np.count_nonzero(passed)


@settings(max_examples=max(count("examples") // 8, 1))
@given(borders(days=2), st.integers(0, 2**32))
def test_a_border_in_blocks_is_the_same_run(scenario: Scenario, seed: int) -> None:
    plan = compile_plan(scenario, check_gate=False)
    log = simulate(plan, draw(plan, seed))
    whole = Fold(plan)
    whole.add(log, 0, plan.end)
    in_blocks = stream(plan, seed, 0, block_days=1)
    assert in_blocks.values == pytest.approx(whole.measures().values, nan_ok=True, rel=0, abs=0)
