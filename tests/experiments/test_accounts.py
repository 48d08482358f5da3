"""Energy, costs and the sum of several years, worked on paper."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest

from experiments.accounts.appraisal import (
    Outlay,
    Terms,
    annual,
    left_at_horizon,
    payback_years,
    present_value_of_a_dollar_a_year,
    present_value_of_cost,
    purchases,
)
from experiments.accounts.costs import cost_lines, hours_waited, savings
from experiments.accounts.energy import Floats, Values, energy_uses
from experiments.accounts.staff import staffed
from experiments.accounts.uninspected import not_inspected
from experiments.answers.labels import Labels
from experiments.answers.money.run import day_account_tables
from experiments.answers.run_numbers import Metrics
from gates import Gate
from sim.metrics.meter import Key
from tests.gates.files import changed
from tests.prices import ENERGY, MONEY, levels

NORTH = "northbound"


def gate(*changes: tuple[str, Any]) -> Gate:
    return Gate.model_validate(changed(*changes))


def day(**hours: float) -> dict[Key, Floats]:
    """Return the numbers of a day with truck hours by state."""
    return {Key(f"{name}_truck_hours_per_day", "mean", NORTH, "general"): np.array([h]) for name, h in hours.items()}


def driven(km: float) -> dict[Key, Floats]:
    return {Key("driven_km_per_day", "mean", NORTH, "general"): np.array([km])}


def used(one: Gate, values: Values, end: Any = "base") -> dict[tuple[str, str], tuple[float, float]]:
    """Return (purpose, energy) -> (amount, CO2 [kg])."""
    return {(u.purpose, u.energy): (float(u.amount[0]), float(u.co2_kg[0])) for u in energy_uses(one, values, end)}


def test_hours_of_a_direction_and_of_a_class_have_prices_of_their_own() -> None:
    # 10 h in queues, all with a load. Vehicle: USD 9 of the direction, as the class says nothing of it. Driver: USD 3
    # of the class, which beats the 5 of the direction. Cargo: USD 1 of all trucks.
    own = {NORTH: {"vehicle_usd": 9, "driver_usd": levels(5)}}
    prices = {**MONEY, "truck_hour_of": own, "truck_hour_for": {"general": {"driver_usd": 3}}}
    one = gate(("money", prices))
    found = {(line.item, line.party): float(line.usd_per_day[0]) for line in cost_lines(one, day(queue=10, loaded=10))}
    assert found["queue time", "carriers"] == 90
    assert found["queue time", "drivers"] == 30
    assert found["capital bound in loads", "traders"] == 10


def test_diesel_at_the_gate() -> None:
    # 100 h in open queues: the engine runs for half, 50 h, of which a quarter moves up: 37.5 h x 2 l + 12.5 h x 6 l =
    # 150 l. 10 h blocked: 5 h x 2 = 10 l. 200 h closed: 20 h x 2 = 40 l. 30 h in service: 60 l. 40 km: 20 l.
    # A litre gives off 2.5 kg. NOx: 40 g for each of the 55 + 20 + 30 h that the engine runs at a stand.
    one = gate(("energy", ENERGY))
    values = day(queue=100, blocked=10, closed=200, served=30, road=5, loaded=340) | driven(40)
    assert used(one, values) == {
        ("queues", "diesel"): (160, 400),
        ("opening", "diesel"): (40, 100),
        ("service", "diesel"): (60, 150),
        ("driving", "diesel"): (20, 50),
    }
    assert sum(u.nox_kg[0] for u in energy_uses(one, values) if u.purpose != "driving") == pytest.approx(4.2)
    assert used(one, values, "high")["opening", "diesel"] == (80, 200), "4 l an hour at the high end"


def test_refrigeration_runs_as_long_as_there_is_a_load() -> None:
    # 40 % of the loads are refrigerated: 0.4 x (340 h with a load + 60 h at holds) x 1.5 l = 240 l, 600 kg.
    one = gate(("energy", ENERGY), ("classes.general.refrigerated", "40 %"))
    values = day(loaded=340, held=60)
    assert used(one, values)["refrigeration", "diesel"] == pytest.approx((240, 600))


def test_batteries_take_the_grid_of_the_side_they_come_from() -> None:
    # A quarter of the trucks has a battery: of 100 h in queues 37.5 h x 1 kW + 12.5 h x 5 kW = 100 kWh, a quarter of
    # it; 40 km x 2 kWh, a quarter of it; 0.6 kg a kWh in vn, where they come from. The others burn 0.75 x 150 l.
    shares = {"diesel": "75 %", "battery": "25 %"}
    one = gate(("energy", ENERGY), ("classes.general.powertrain_shares", shares))
    values = day(queue=100) | driven(40)
    found = used(one, values)
    assert found["queues", "electricity"] == pytest.approx((25, 15))
    assert found["driving", "electricity"] == pytest.approx((20, 12))
    assert found["queues", "diesel"] == pytest.approx((112.5, 281.25))


def test_powertrain_acts() -> None:
    one = gate(("energy", ENERGY), ("classes.general.powertrain", "battery"))
    assert {energy for _, energy in used(one, day(queue=100) | driven(1))} == {"electricity"}


def test_a_fleet_takes_the_grid_of_its_side() -> None:
    # 30 trips of 2 km at 1.5 kWh/km: 90 kWh, 54 kg.
    pool = {"side": "vn", "shifts": [{"hours": "24 h", "units": 3}]}
    fleets = {"tractors": {"trip": "2 km", "kwh_per_km": levels(1.5)}}
    one = gate(("pools.tractors", pool), ("energy", {**ENERGY, "fleets": fleets}))
    values = {Key("fleet_trips_per_day", "mean", stage="tractors"): np.array([30.0])}
    assert used(one, values)["fleet", "electricity"] == pytest.approx((90, 54))


def lines(one: Gate, values: Values) -> dict[tuple[str, str], float]:
    return {(line.item, line.party): float(line.usd_per_day[0]) for line in cost_lines(one, values)}


def test_a_day_in_money() -> None:
    # Vehicle 6, driver 2, cargo 1 USD an hour; fees of 10 USD move from traders to vn; loads are worth 1000 and bring
    # a quarter if they turn back; a turned truck costs 50. Fuel: 40 l of the 200 h closed at 1 USD; CO2 50 USD a tonne.
    fees = {"gate": {"direction": NORTH, "usd": levels(10), "to": "vn"}}
    money = {**MONEY, "fees": fees, "turn_back_usd": levels(50), "carbon_usd_per_t": levels(50)}
    worth = [("classes.general.value_usd", 1000), ("classes.general.value_turned_back", "25 %")]
    one = gate(("money", money), ("energy", ENERGY), *worth)
    values = day(queue=100, blocked=10, closed=200, served=30, held=500, loaded=340) | {
        Key("throughput_per_day", "mean", NORTH): np.array([120.0]),
        Key("turned_back_per_day", "mean", NORTH, "general"): np.array([4.0]),
        Key("value_lost_usd_per_day", "mean", NORTH, "general"): np.array([3500.0]),
    }
    found = lines(one, values)
    assert found["queue time", "carriers"] == 660
    assert found["waiting for opening", "drivers"] == 400
    assert found["time in service", "carriers"] == 180
    assert found["capital bound in loads", "traders"] == 340
    assert found["turn-backs", "traders"] == 3000
    assert found["turn-backs", "carriers"] == 200
    assert found["spoilage", "traders"] == 500
    assert (found["fees", "traders"], found["fees", "state vn"]) == (1200, -1200)
    # 160 l queues, 20 + 50 h closed and held at a tenth: 140 l, 60 l in service.
    assert found["fuel and electricity", "carriers"] == pytest.approx(160 + 140 + 60)
    assert found["CO2", "society"] == pytest.approx(0.05 * 2.5 * 360)
    assert hours_waited(one, values) == 310


def test_savings_have_the_range_of_prices() -> None:
    # 100 h less in queues: carriers save 6 an hour, 4 to 8.
    one = gate(("money", MONEY))
    (carriers,) = [
        s for s in savings((one, day(queue=300)), (one, day(queue=200))) if s[:2] == ("queue time", "carriers")
    ]
    assert (carriers.usd_per_day[0], carriers.price_low, carriers.price_high) == (600, 400, 800)


def test_seats_freed_count_and_seats_added_do_not() -> None:
    # Two booths, 07:00-19:00, one officer each: 2 x 12 h x 7 / 35 h = 4.8 officers at 7,000: 33,600 a year. With one
    # booth half of it is freed. Three booths cost no more here: that is in the running cost of the upgrade.
    money = {**MONEY, "posts": {"booth": {"officers": 1}}, "officer_year_usd": {"vn": levels(7000)}}
    two, single, three = (gate(("money", money), ("stages.booth.lanes", n)) for n in (2, 1, 3))
    booth = staffed(two)["booth"]
    assert booth.side == "vn"
    assert (booth.officers, booth.usd_per_year) == pytest.approx((4.8, 33_600))

    def freed(after: Gate) -> float:
        found = savings((two, day()), (after, day()))
        return float(next(s.usd_per_day[0] for s in found if s.item == "officers, lanes and machines")) * 365

    assert freed(single) == pytest.approx(16_800)
    assert freed(three) == 0
    without = gate(("money", {**money, "posts": {"booth": {"officers": 0.25}}}))
    assert freed(without) == pytest.approx(33_600 * 0.75), "an upgrade that takes officers out of the lane"


TERMS = Terms(0.10, 3)


def test_the_sum_of_years() -> None:
    # 100 at once, 10 a year, for three years at 10 %: 100 + 10 / 1.1 + 10 / 1.21 + 10 / 1.331 = 124.87. It lives six
    # years, so half of it, 50, is left: 50 / 1.331 = 37.57.
    outlay = Outlay(capital=100, running=10, life=6, lead=0)
    assert present_value_of_cost(outlay, TERMS) == pytest.approx(124.869 - 37.566, abs=0.001)
    assert present_value_of_a_dollar_a_year(TERMS, 0) == pytest.approx(2.48685, abs=1e-5)
    assert annual(248.685, TERMS) == pytest.approx(100, abs=0.01)


def test_benefits_begin_after_the_lead_time_and_grow() -> None:
    # Half a year of lead: half of year 1. Growth of 10 % for one year, discounted by 10 % a year.
    terms = Terms(0.10, 3, growth=0.10, growth_years=1)
    assert present_value_of_a_dollar_a_year(terms, 0.5) == pytest.approx(0.5 / 1.1 + 1.1 / 1.21 + 1.1 / 1.331)


def test_what_lives_shorter_is_bought_again() -> None:
    # Used from year 1, two years of life: bought at 0, again at 3 and 5; at the horizon, 6, half of the last is left.
    outlay = Outlay(capital=100, running=0, life=2, lead=1)
    assert purchases(outlay, 6) == [0, 3, 5]
    assert left_at_horizon(outlay, 6) == 50
    assert purchases(outlay, 5) == [0, 3]
    assert left_at_horizon(outlay, 5) == 0
    expected = 100 * (1 + 1.1**-3 + 1.1**-5) - 50 * 1.1**-6
    assert present_value_of_cost(outlay, Terms(0.1, 6)) == pytest.approx(expected)


def test_payback() -> None:
    # 100 at once, 10 a year, benefits of 50: 40 a year, so after 2.5 years; used from half a year on, 0.5 of year 1:
    # 20, 40, 40: at the end of year 3. Never within three years with benefits of 30.
    terms = Terms(0.10, 5)
    assert payback_years(50, [Outlay(100, 10, 20, 0)], terms) == 2.5
    assert payback_years(50, [Outlay(100, 10, 20, 0.5)], terms) == 3
    assert payback_years(210, [Outlay(100, 10, 20, 0.5)], terms) == 1, "100 in the half year, so at its end"
    assert payback_years(410, [Outlay(100, 10, 20, 0.5)], terms) == 0.75
    assert payback_years(30, [Outlay(100, 10, 20, 0)], Terms(0.1, 3)) == math.inf
    assert payback_years(50, [], terms) == 0


def test_who_is_not_inspected() -> None:
    # 120 trucks a day; a quarter is inspected, so 90 are not. By channel: red is inspected always, yellow by half,
    # green never: 60 % + 30 % x 0.5.
    money = ("money", {**MONEY, "inspections": ["inspection"]})
    (one,) = not_inspected(gate(money))
    assert one == (NORTH, "general", "all", 0.75, 90)
    channel = {"choose": "channel", "shares": {"green": "60 %", "yellow": "30 %", "red": "10 %"}}
    path = [
        "booth",
        channel,
        {"stage": "inspection", "when": {"channel": ["red"]}},
        {"stage": "inspection", "when": {"channel": ["yellow"]}, "share": "50 %"},
        "exit",
    ]
    found = {each.channel: each.per_day for each in not_inspected(gate(money, ("paths.northbound", path)), demand=2)}
    assert found == pytest.approx({"green": 144, "yellow": 36, "red": 0})
    assert not_inspected(gate()) == []


def test_a_run_shows_what_a_day_costs_and_uses() -> None:
    # 100 h in queues: carriers 600 (400 to 800), drivers 200.
    # Fuel: 37.5 h x 2 l (1 to 4) + 12.5 h x 6 l; CO2 2.5 kg a litre.
    class Named:
        gate = Gate.model_validate(changed(("money", MONEY), ("energy", ENERGY)))

    row = {"metric": "queue_truck_hours_per_day", "statistic": "mean", "direction": NORTH, "class": "general"}
    found = Metrics({"metrics": [{**row, "stage": None, "unit": "h/day", "value": 100.0, "low": 90.0, "high": 110.0}]})
    costs, energy = day_account_tables(found, cast("Labels", Named()))
    assert costs.columns[:3] == ("USD a day", "Carriers", "Drivers")
    assert {row[0]: row[1:3] for row in costs.rows}["Queue time"] == ("600 (400 to 800)", "200")
    assert energy.columns == ("", "Diesel, l", "CO2, kg")
    assert energy.rows[0] == ("In queues", "150 (112 to 225)", "375 (281 to 562)")
    Named.gate = Gate.model_validate(changed())
    assert day_account_tables(found, cast("Labels", Named())) == []
