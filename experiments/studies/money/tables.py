"""Money and energy of a study in tables: savings by item and party, the appraisal, energy, who is not inspected.

Every number of money has two ranges: `low` and `high` are the 95 % interval over replications at base prices;
`price_low` and `price_high` are the mean with every price, cost and rate at the end that is worst, and that is best,
for the scenario.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.accounts.appraisal import (
    MONTHS,
    Outlay,
    Terms,
    annual,
    payback_years,
    present_value_of_a_dollar_a_year,
    present_value_of_cost,
)
from experiments.accounts.costs import Saving, hours_waited, savings, state_of
from experiments.accounts.energy import Floats, Use, Values, energy_uses
from experiments.accounts.staff import DAYS_A_YEAR, staffed
from experiments.accounts.uninspected import not_inspected
from experiments.runs.statistics import mean_interval
from experiments.studies.designs import Cell
from experiments.studies.replication import Replication
from experiments.studies.result import StudyResult, contexts_of
from gates.schema.gate import Gate
from gates.schema.prices.levels import ENDS, End
from gates.schema.prices.money import Money
from gates.upgrades import Upgrade

Frame = pd.DataFrame
NET = "net present value"
COST = "capital and running cost"
BREAK_EVEN = "benefit a year that pays for it"
FREED = "posts freed"
NOT_STATED = "payer not stated"
MOST_APPRAISED = 500
"""With more scenarios than this, money is left out of the tables."""


def numbers_of(found: Sequence[Replication]) -> Values:
    """Return every number of some replications of a scenario, (replications,) each."""
    table = np.array([each.values for each in found])
    return {key: table[:, n] for n, key in enumerate(found[0].keys)}


class Accounts:
    """The numbers that the tables of a study rest on, each worked out once."""

    def __init__(self, result: StudyResult) -> None:
        self.cells = list(result.cells)
        self.options = list(_options(result))
        """(reference, option) for each option."""
        self._found = {cell.name: each for cell, each in zip(result.cells, result.replications, strict=True)}
        self._values: dict[str, Values] = {}
        self._saved: dict[tuple[str, str], list[Saving]] = {}

    def values(self, name: str) -> Values:
        """Return every number of a scenario, (replications,) each."""
        if name not in self._values:
            self._values[name] = numbers_of(self._found[name])
        return self._values[name]

    def saved(self, reference: Cell, cell: Cell) -> list[Saving]:
        """Return what an option saves against its reference."""
        key = reference.name, cell.name
        if key not in self._saved:
            before, after = ((each.scenario.gate, self.values(each.name)) for each in (reference, cell))
            self._saved[key] = savings(before, after)
        return self._saved[key]


def _options(result: StudyResult) -> Iterator[tuple[Cell, Cell]]:
    """Yield each option with the scenario that it is compared with."""
    cells = {cell.name: cell for cell in result.cells}
    if len(cells) <= MOST_APPRAISED and result.study.design not in ("tornado", "bottleneck", "screening"):
        for context in contexts_of(result.study, result.cells):
            for name in context.options:
                yield cells[context.reference], cells[name]


def money(accounts: Accounts) -> Frame:
    """Return what each option saves a year, by item and party, and what it costs whom."""
    rows: list[dict[str, Any]] = []
    for reference, cell in accounts.options:
        prices = reference.scenario.gate.money
        if prices is None:
            continue
        for each in accounts.saved(reference, cell):
            about = {"scenario": cell.name, "against": reference.name, "item": each.item, "party": each.party}
            ends = DAYS_A_YEAR * each.price_low, DAYS_A_YEAR * each.price_high
            rows.append({**about, **_estimated(DAYS_A_YEAR * each.usd_per_day), **_priced(*ends)})
        for party, usd in _paid(prices, outlays_of(reference, cell)).items():
            about = {"scenario": cell.name, "against": reference.name, "item": COST, "party": party}
            rows.append({**about, **_certain(-usd["base"]), **_priced(-usd["high"], -usd["low"])})
    return Frame(rows)


def _estimated(values: Floats) -> dict[str, float]:
    value, low, high, *_ = mean_interval(values.tolist())
    return {"value": value, "low": low, "high": high} if values.size > 1 else _certain(value)


def _certain(value: float) -> dict[str, float]:
    """Return a number that no draw changes."""
    return {"value": value, "low": value, "high": value}


def _priced(low: float, high: float) -> dict[str, float]:
    return {"price_low": min(low, high), "price_high": max(low, high)}


def outlays_of(reference: Cell, cell: Cell) -> list[tuple[Upgrade, dict[End, Outlay]]] | None:
    """Return what the upgrades cost that a scenario has beyond its reference, low, base and high; None if one of them
    has no costs, or if the study changes what nobody has costed.
    """
    there = {upgrade.name for upgrade in reference.upgrades}
    added = [upgrade for upgrade in cell.upgrades if upgrade.name not in there]
    own = {(c.path, c.after) for c in cell.changes if c.upgrade == "study"}
    if own - {(c.path, c.after) for c in reference.changes if c.upgrade == "study"}:
        return None
    found = []
    for upgrade in added:
        if (costs := upgrade.costs) is None:
            return None
        life, lead = float(costs.life_years), costs.lead_time_months / MONTHS
        by_end = {
            end: Outlay(costs.capital_usd.at(end), costs.running_usd_per_year.at(end), life, lead) for end in ENDS
        }
        found.append((upgrade, by_end))
    return found


def _paid(money: Money, outlays: list[tuple[Upgrade, dict[End, Outlay]]] | None) -> dict[str, dict[End, float]]:
    """Return what each party pays a year: the same sum in each year of the horizon [USD a year]."""
    found: dict[str, dict[End, float]] = {}
    terms = terms_of(money, "base", "base")
    for upgrade, by_end in outlays or ():
        assert upgrade.costs is not None
        shares = {state_of(side): share for side, share in upgrade.costs.paid_by.items()} or {NOT_STATED: 1.0}
        for party, share in shares.items():
            sums = found.setdefault(party, dict.fromkeys(ENDS, 0.0))
            for end in ENDS:
                sums[end] += share * annual(present_value_of_cost(by_end[end], terms), terms)
    return found


def net_present_values(
    reference: Cell, cell: Cell, before: Sequence[Replication], after: Sequence[Replication]
) -> Floats:
    """Return the net present value of a costed scenario in each replication, at base prices [USD].

    Parameters
    ----------
    before, after
        Replications of the reference and of the scenario, in the same order.
    """
    money = reference.scenario.gate.money
    outlays = outlays_of(reference, cell)
    if money is None or outlays is None:
        raise ValueError(f"{cell.name} has no prices or no costs")
    terms = terms_of(money, "base", "base")
    gates = reference.scenario.gate, cell.scenario.gate
    saved = savings((gates[0], numbers_of(before)), (gates[1], numbers_of(after)))
    benefit = DAYS_A_YEAR * np.asarray(sum((each.usd_per_day for each in saved), np.zeros(len(after))), np.float64)
    lead = max((by_end["base"].lead for _, by_end in outlays), default=0.0)
    paid = math.fsum(present_value_of_cost(by_end["base"], terms) for _, by_end in outlays)
    return np.asarray(present_value_of_a_dollar_a_year(terms, lead) * benefit - paid, np.float64)


def terms_of(money: Money, rate: End, growth: End) -> Terms:
    """Return how years are added up, at ends of the ranges of the discount rate and of growth."""
    return Terms(
        money.discount_rate.at(rate), money.horizon_years, money.growth_per_year.at(growth), money.growth_years
    )


def appraisal(accounts: Accounts) -> Frame:
    """Return benefits, costs, net present value, ratio, payback, cost of an hour saved and CO2 of every option."""
    rows = []
    for reference, cell in accounts.options:
        if (money := reference.scenario.gate.money) is not None:
            for measure, unit, numbers in _appraised(accounts, reference, cell, money):
                about = {"scenario": cell.name, "against": reference.name, "measure": measure, "unit": unit}
                rows.append({**about, **numbers})
    return Frame(rows)


Measured = Iterator[tuple[str, str, dict[str, float]]]


def _appraised(accounts: Accounts, reference: Cell, cell: Cell, money: Money) -> Measured:
    saved = accounts.saved(reference, cell)
    benefit = DAYS_A_YEAR * np.asarray(sum((each.usd_per_day for each in saved), np.zeros(1)), np.float64)
    worst = DAYS_A_YEAR * math.fsum(each.price_low for each in saved)
    best = DAYS_A_YEAR * math.fsum(each.price_high for each in saved)
    yield "benefit a year", "USD a year", {**_estimated(benefit), **_priced(worst, best)}
    gates = reference.scenario.gate, cell.scenario.gate
    numbers = [accounts.values(each.name) for each in (reference, cell)]
    hours = DAYS_A_YEAR * (hours_waited(gates[0], numbers[0]) - hours_waited(gates[1], numbers[1]))
    yield "truck hours saved", "h a year", {**_estimated(hours), **_priced(*[float(hours.mean())] * 2)}
    if gates[0].energy is not None and gates[1].energy is not None:
        yield "CO2 saved", "t a year", _co2_saved(gates, numbers)
    posts = [staffed(gate) for gate in gates]
    left = {name: posts[1][name].officers if name in posts[1] else 0.0 for name in posts[0]}
    freed = math.fsum(max(0.0, post.officers - left[name]) for name, post in posts[0].items())
    if freed > 0:
        yield FREED, "posts", {**_certain(freed), **_priced(freed, freed)}
    outlays = outlays_of(reference, cell)
    if outlays is None:
        return
    yield from _in_years(money, benefit, (worst, best), hours, [by_end for _, by_end in outlays])


def _co2_saved(gates: tuple[Gate, Gate], numbers: list[Values]) -> dict[str, float]:
    def tonnes(end: End) -> Floats:
        old, new = (co2_of(energy_uses(gate, values, end)) for gate, values in zip(gates, numbers, strict=True))
        return np.asarray(DAYS_A_YEAR * (old - new) / 1000, np.float64)

    ends = [float(tonnes(end).mean()) for end in ENDS]
    return {**_estimated(tonnes("base")), **_priced(min(ends), max(ends))}


def co2_of(uses: Iterable[Use]) -> Floats:
    """Return the CO2 of a day [kg], (replications,)."""
    return np.asarray(sum((use.co2_kg for use in uses), np.zeros(1)), np.float64)


def _in_years(
    money: Money,
    benefit: Floats,
    ends: tuple[float, float],
    hours: Floats,
    outlays: list[dict[End, Outlay]],
) -> Measured:
    """Yield what benefits and costs of all years come to."""
    lead = max((each["base"].lead for each in outlays), default=0.0)

    def at(end: End, rate: End, growth: End) -> tuple[float, float, Terms]:
        """Present value of a dollar a year, and of the costs."""
        terms = terms_of(money, rate, growth)
        paid = math.fsum(present_value_of_cost(each[end], terms) for each in outlays)
        return present_value_of_a_dollar_a_year(terms, lead), paid, terms

    factor, paid, terms = at("base", "base", "base")
    worst = [(ends[0] * f, p, t) for growth in ENDS for rate in ENDS for f, p, t in [at("high", rate, growth)]]
    best = [(ends[1] * f, p, t) for growth in ENDS for rate in ENDS for f, p, t in [at("low", rate, growth)]]
    factors = [at("base", rate, growth)[0] for growth in ENDS for rate in ENDS]
    net = {
        **_estimated(factor * benefit - paid),
        **_priced(min(b - p for b, p, _ in worst), max(b - p for b, p, _ in best)),
    }
    yield "cost a year", "USD a year", _costs_a_year(paid, terms, worst, best)
    yield NET, "USD", net
    pays = [p / f for (_, p, _), f in zip((*worst, *best), (*factors, *factors), strict=True) if f > 0]
    if factor > 0:
        yield BREAK_EVEN, "USD a year", {**_certain(paid / factor), **_priced(min(pays), max(pays))}
    if paid > 0:
        ratios = min(b / p for b, p, _ in worst), max(_ratio(b, p) for b, p, _ in best)
        yield "benefit-cost ratio", "1", {**_estimated(factor * benefit / paid), **_priced(*ratios)}
        yield "payback", "years", _paybacks(benefit, ends, outlays, terms)
        yield "cost per truck hour saved", "USD/h", _per_hour(annual(paid, terms), hours, worst, best)


def _ratio(benefit: float, paid: float) -> float:
    return benefit / paid if paid > 0 else math.inf


Ends = list[tuple[float, float, Terms]]


def _costs_a_year(paid: float, terms: Terms, worst: Ends, best: Ends) -> dict[str, float]:
    sums = [annual(p, t) for _, p, t in (*worst, *best)]
    return {**_certain(annual(paid, terms)), **_priced(min(sums), max(sums))}


def _paybacks(
    benefit: Floats, ends: tuple[float, float], outlays: list[dict[End, Outlay]], terms: Terms
) -> dict[str, float]:
    by_end = {end: [each[end] for each in outlays] for end in ENDS}
    value, low, high = (payback_years(b, by_end["base"], terms) for b in mean_interval(benefit.tolist())[:3])
    sides = payback_years(ends[1], by_end["low"], terms), payback_years(ends[0], by_end["high"], terms)
    return {"value": value, "low": min(low, high), "high": max(low, high), **_priced(*sides)}


def _per_hour(yearly: float, hours: Floats, worst: Ends, best: Ends) -> dict[str, float]:
    """Return the cost of an hour saved; infinite where none is saved."""
    value, low, high = (yearly / h if h > 0 else math.inf for h in mean_interval(hours.tolist())[:3])
    mean = float(hours.mean())
    sides = [annual(p, t) / mean if mean > 0 else math.inf for _, p, t in (*best, *worst)]
    return {"value": value, "low": min(low, high), "high": max(low, high), **_priced(min(sides), max(sides))}


def energy(accounts: Accounts) -> Frame:
    """Return energy, its cost, CO2 and pollutants of a day in every scenario, by purpose and kind of energy."""
    rows = []
    for cell in accounts.cells if len(accounts.cells) <= MOST_APPRAISED else ():
        if cell.scenario.gate.energy is not None:
            by_end = {end: energy_uses(cell.scenario.gate, accounts.values(cell.name), end) for end in ENDS}
            rows += [{"scenario": cell.name, **row} for row in energy_rows(by_end)]
    return Frame(rows)


def energy_rows(by_end: dict[End, list[Use]]) -> list[dict[str, Any]]:
    """Return a row for each direction, class, purpose and kind of energy, with both ranges of its CO2."""
    rows = []
    for number, use in enumerate(by_end["base"]):
        ends = [float(by_end[end][number].co2_kg.mean()) for end in ENDS]
        about = {name: getattr(use, name) for name in ("direction", "vehicle_class", "purpose", "energy", "unit")}
        means = {f"{name}_per_day": float(getattr(use, name).mean()) for name in ("amount", "usd", "nox_kg", "pm_kg")}
        rows.append({**about, **means, **_estimated(use.co2_kg), **_priced(min(ends), max(ends))})
    return rows


def uninspected(accounts: Accounts) -> Frame:
    """Return the trucks a day that no inspection sees, by class and channel, where an option changes them."""
    rows = []
    for reference, cell in accounts.options:
        before, after = (
            {each[:3]: each for each in not_inspected(c.scenario.gate, c.scenario.demand)} for c in (reference, cell)
        )
        if before.keys() == after.keys() and all(math.isclose(before[k].per_day, after[k].per_day) for k in before):
            continue
        for key in {**before, **after}:
            now, was = (each[key].per_day if key in each else 0.0 for each in (after, before))
            about = {"scenario": cell.name, "direction": key[0], "vehicle_class": key[1], "channel": key[2]}
            rows.append({**about, "per_day": now, "before": was, "change": now - was})
    return Frame(rows)


def money_frames(result: StudyResult) -> dict[str, Frame]:
    """Return the tables of money of a study's folder, by their names; some may have no rows."""
    accounts = Accounts(result)
    makers: tuple[Callable[[Accounts], Frame], ...] = (money, appraisal, energy, uninspected)
    return {make.__name__: make(accounts) for make in makers}
