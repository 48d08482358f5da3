"""Failures in use and their repair, worked on paper. Who fails is read off the uniform numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim import Draws, Plan, draw, measure, simulate
from sim.clock import TICKS_PER_HOUR
from sim.draws.breakdowns import MOST_FAILURES, draw_failures
from sim.draws.uniforms import uniforms
from sim.engines.simulate import Engine
from sim.metrics.meter import Key
from sim.plan.distributions import sampler
from sim.plan.failures import Failing
from tests.sim.hand import MINUTE, minutes, plan_of

both = pytest.mark.parametrize("engine", ["reference", "compiled"])
EVERYBODY = np.ones(1000, np.bool_)


def at_once(trucks: int, stages: dict[str, Any], **gate: Any) -> tuple[Plan, Draws]:
    """Return a gate at which so many general trucks stand in line at its first stage, and nobody arrives."""
    first, *_ = stages
    flows = {name: {"class": name, "direction": "northbound", "per_day": 0} for name in ("durian", "general")}
    entry = {"class": "general", "direction": "northbound", "stage": first, "trucks": trucks}
    plan = plan_of(stages, list(stages), flows=flows, initial=[entry], **gate)
    return plan, draw(plan)


@both
def test_a_lane_stands_still_for_the_repair(engine: Engine) -> None:
    # Every other use fails on average: a service of 10 min then takes 30. The rest follows from who fails.
    jam = {"name": "jam", "uses": 2, "repair": {"constant": "20 min"}}
    plan, draws = at_once(6, {"booth": {"lanes": 1, "service": {"constant": 600}, "breakdowns": [jam]}})
    name = "1/0/general northbound at booth/booth/breakdown/jam/failures"
    fails = uniforms(name, 0, 6) < 0.5
    assert 0 < fails.sum() < 6
    ends = np.cumsum(np.where(fails, 30, 10)).tolist()
    rows = minutes(plan, draws, engine)
    assert rows == [(0, start, end) for start, end in zip([0, *ends], ends, strict=False)]
    assert draws.repair.tolist() == (fails * 20 * MINUTE).tolist()
    share = measure(plan, simulate(plan, draws)).values[Key("repair_share", "share", stage="booth")]
    assert share == pytest.approx(fails.sum() * 20 / 1440)


@both
def test_a_vehicle_stops_to_charge_after_so_much_way(engine: Engine) -> None:
    # A trip of 5 km out of a range of 10 km: after half of its trips the vehicle stops for 20 min. Each trip is 10 min
    # and the way back 5 min, so the next one starts 15 or 35 min later. Who stops follows from the uniform numbers.
    fleet = {
        "side": "vn",
        "shifts": [{"hours": "24 h", "units": 1}],
        "comes_back": {"constant": "5 min"},
        "charging": {"range": "10 km", "trip": "5 km", "takes": {"constant": "20 min"}},
    }
    stage = {"lanes": "unlimited", "service": {"constant": 600}, "needs": {"igv": 1}}
    plan, draws = at_once(6, {"crane": stage}, pools={"igv": fleet})
    stops = uniforms("1/0/general northbound at crane/crane/breakdown/igv/charging stop/failures", 0, 6) < 0.5
    assert 0 < stops.sum() < 6
    starts = np.cumsum([0, *np.where(stops, 35, 15)[:-1]]).tolist()
    assert minutes(plan, draws, engine) == [(0, start, start + 10) for start in starts]


def test_a_service_starts_again() -> None:
    # Attempts of 10 min. Half of the uses fail: with u the uniform number, k times if 2^-(k + 1) <= u < 2^-k.
    # Each time an even share of the 10 min is lost, and the repair takes 1 min.
    failing = Failing("jam", sampler_of({"constant": 60}), per_use=0.5, restarts=True)
    repair, lost = draw_failures(failing, np.full(1000, 10 * MINUTE), "x", 0, EVERYBODY)
    times = np.floor(-np.log2(uniforms("x/failures", 0, 1000)))
    assert np.array_equal(repair, times * MINUTE)
    assert times.max() > 5
    assert (lost[times == 0] == 0).all()
    once, first = times == 1, uniforms("x/lost/1", 0, 1000)
    assert np.array_equal(lost[once], np.rint(first[once] * 10 * MINUTE))
    assert (lost <= times * 10 * MINUTE).all()


def sampler_of(text: dict[str, Any]) -> Any:
    from gates.schema.stages import Stage

    return sampler(Stage.model_validate({"side": "vn", "lanes": 1, "service": text}).service)


def test_the_number_of_failures_is_poisson() -> None:
    from scipy import stats

    running = np.linspace(0, 20, 1000) * TICKS_PER_HOUR
    failing = Failing("jam", sampler_of({"constant": 1}), per_tick=1 / TICKS_PER_HOUR)
    repair, lost = draw_failures(failing, running.astype(np.int64), "x", 0, EVERYBODY)
    exact = stats.poisson.ppf(uniforms("x/failures", 0, 1000), np.linspace(0, 20, 1000))
    assert np.array_equal(repair, exact * 1000)
    assert not lost.any()


def test_nothing_fails_for_ever_or_without_use() -> None:
    day = np.full(3, 24 * TICKS_PER_HOUR)
    often = Failing("jam", sampler_of({"constant": 1}), per_tick=1 / MINUTE, restarts=True)
    chosen = np.array([True, True, False])
    repair, _ = draw_failures(often, day, "x", 0, chosen)
    assert repair.tolist() == [MOST_FAILURES * 1000, MOST_FAILURES * 1000, 0]
    assert draw_failures(often, day * 0, "x", 0, chosen)[0].tolist() == [0, 0, 0]
    many = Failing(
        "jam", sampler_of({"constant": 1}), per_tick=1 / MINUTE
    )  # 1,440 expected; 1,000 or fewer never happen
    assert draw_failures(many, day, "x", 0, chosen)[0].tolist() == [MOST_FAILURES * 1000, MOST_FAILURES * 1000, 0]


def test_a_vehicle_is_repaired_when_it_is_given_back() -> None:
    # The vehicle runs 3 + 10 + 3 min with the truck and 10 min back: 26 in all, with one failure in 13 min on average.
    # The number of failures is the Poisson number of mean 2 at the truck's uniform number; each takes 1 h.
    stages = {
        "crane-on": {"lanes": 9, "service": {"constant": 180}, "takes": {"igv": 1}},
        "drive": {"lanes": "unlimited", "service": {"constant": 600}},
        "crane-off": {"lanes": 9, "service": {"constant": 180}, "gives": {"igv": 1}},
    }
    igv = {
        "side": "vn",
        "shifts": [{"hours": "24 h", "units": 2}],
        "comes_back": {"constant": 600},
        "breakdowns": [{"name": "tyre", "running": 13 * 60, "repair": {"constant": 3600}}],
    }
    plan, draws = at_once(8, stages, pools={"igv": igv})
    from scipy import stats

    name = "1/0/general northbound at crane-on/crane-off/breakdown/igv/tyre/failures"
    times = stats.poisson.ppf(uniforms(name, 0, 8), 2)
    assert draws.comes_back[2::3].tolist() == ((10 + 60 * times) * MINUTE).tolist()
    assert draws.service.tolist() == [180_000, 600_000, 180_000] * 8  # the truck does not wait for it
    log = simulate(plan, draws)
    assert log.started[6] == min(draws.comes_back[2], draws.comes_back[5]) + 16 * MINUTE


def test_units_that_a_stage_needs_run_while_it_serves() -> None:
    tug = {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}]}
    jam = {"name": "jam", "running": 600, "repair": {"constant": 60}}
    stages = {"booth": {"lanes": 1, "service": {"constant": 1200}, "needs": {"tug": 1}}}
    _, draws = at_once(5, stages, pools={"tug": {**tug, "breakdowns": [jam]}})
    from scipy import stats

    times = stats.poisson.ppf(uniforms("1/0/general northbound at booth/booth/breakdown/tug/jam/failures", 0, 5), 2)
    assert draws.comes_back.tolist() == (times * MINUTE).tolist()


def test_breakdowns_leave_all_other_random_numbers_alone() -> None:
    # The same services but for what a failure adds, and the same trucks.
    flows = {name: {"class": name, "direction": "northbound", "per_day": 200} for name in ("durian", "general")}
    jam = {"name": "jam", "uses": 20, "repair": {"exponential": {"mean": 600}}}
    without, with_them = (
        draw(plan_of({"booth": {"lanes": 1, "service": {"exponential": {"mean": 60}}, **more}}, ["booth"], flows=flows))
        for more in ({}, {"breakdowns": [jam]})
    )
    assert np.array_equal(without.arrival, with_them.arrival)
    assert without.repair.size == 0
    assert with_them.repair.any()
    assert np.array_equal(without.service, with_them.service - with_them.repair)
