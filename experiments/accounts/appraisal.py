"""Costs and benefits of several years as one sum: net present value, benefit-cost ratio, payback.

Money of year y counts 1 / (1 + r)^y today (Boardman et al. 2018, Cost-Benefit Analysis, chapter 9). The decision is at
year 0; capital is spent then, benefits and running cost begin after the lead time and are counted at the end of each
year. What must be bought again within the horizon is; what is left of its life at the horizon counts in a straight
line. Benefits grow by a share a year for some years from the decision on, then stay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

MONTHS = 12.0


class Terms(NamedTuple):
    """How years are added up."""

    rate: float
    """Real discount rate a year."""
    horizon: int
    """[years]"""
    growth: float = 0.0
    """Growth of the benefits a year."""
    growth_years: int = 0

    def discount(self, years: float) -> float:
        """Return what a dollar of that time is worth today."""
        return float((1 + self.rate) ** -years)

    def grown(self, year: int) -> float:
        """Return the benefits of a year in those of the first."""
        return float((1 + self.growth) ** min(year - 1, self.growth_years))


class Outlay(NamedTuple):
    """What an upgrade costs."""

    capital: float
    """[USD]"""
    running: float
    """[USD a year]"""
    life: float
    """[years]"""
    lead: float
    """From the decision to the first day of use [years]."""


def in_use(year: int, lead: float) -> float:
    """Return the share of a year, counted from 1, in which something is in use that takes `lead` years to come."""
    return min(1.0, max(0.0, year - lead))


def present_value_of_a_dollar_a_year(terms: Terms, lead: float) -> float:
    """Return what benefits of a dollar a year are worth today."""
    years = range(1, terms.horizon + 1)
    return math.fsum(in_use(y, lead) * terms.grown(y) * terms.discount(y) for y in years)


def purchases(outlay: Outlay, horizon: int) -> list[float]:
    """Return when capital is spent [years]: at the decision, and whenever a life has ended within the horizon."""
    again = range(1, math.ceil(max(0.0, horizon - outlay.lead) / outlay.life))
    return [0.0, *(outlay.lead + n * outlay.life for n in again)]


def left_at_horizon(outlay: Outlay, horizon: int) -> float:
    """Return the capital left at the horizon, in a straight line over the life [USD]."""
    last = outlay.lead + (len(purchases(outlay, horizon)) - 1) * outlay.life
    return outlay.capital * min(1.0, max(0.0, (last + outlay.life - horizon) / outlay.life))


def present_value_of_cost(outlay: Outlay, terms: Terms) -> float:
    """Return what an upgrade costs over the horizon, as money of today [USD]."""
    bought = math.fsum(outlay.capital * terms.discount(at) for at in purchases(outlay, terms.horizon))
    years = range(1, terms.horizon + 1)
    run = math.fsum(outlay.running * in_use(y, outlay.lead) * terms.discount(y) for y in years)
    return bought + run - left_at_horizon(outlay, terms.horizon) * terms.discount(terms.horizon)


def annual(present_value: float, terms: Terms) -> float:
    """Return the same sum in each year of the horizon that is worth a present value (capital recovery)."""
    return present_value / math.fsum(terms.discount(y) for y in range(1, terms.horizon + 1))


def payback_years(benefit: float, outlays: Sequence[Outlay], terms: Terms) -> float:
    """Return the years from the decision after which benefits have paid all that was spent, without discount.

    Infinite where they do not within the horizon; 0 where nothing is spent. It looks at the ends of years, and at
    the time in use between the last two in a straight line.
    """
    lead = max((outlay.lead for outlay in outlays), default=0.0)
    balance = -math.fsum(outlay.capital for outlay in outlays)
    if balance >= 0 and benefit >= math.fsum(outlay.running for outlay in outlays):
        return 0.0
    for year in range(1, terms.horizon + 1):
        again = math.fsum(o.capital for o in outlays for at in purchases(o, terms.horizon)[1:] if year - 1 < at <= year)
        run = math.fsum(o.running * in_use(year, o.lead) for o in outlays)
        gained = benefit * in_use(year, lead) * terms.grown(year) - run - again
        if gained > 0 and balance + gained >= 0:
            begun = max(year - 1.0, lead)
            return begun + (year - begun) * max(0.0, -balance) / gained
        balance += gained
    return math.inf
