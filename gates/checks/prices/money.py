"""Checks of prices: classes, sides, stages and pools that they name."""

from __future__ import annotations

import itertools

from gates.checks.register import Findings, finding, rule, unknown
from gates.findings import Place
from gates.schema.base import UNLIMITED
from gates.schema.gate import Gate


@rule("classes.*", "money.truck_hour_for.*")
def priced_classes(gate: Gate) -> Findings:
    """Hours are priced by classes of the gate."""
    for name in gate.money.truck_hour_for if gate.money else ():
        if name not in gate.classes:
            yield unknown(("money", "truck_hour_for", name), name, "class", gate.classes)


@rule("money.truck_hour_of.*")
def priced_directions(gate: Gate) -> Findings:
    """Hours are priced by directions with trucks."""
    for name in gate.money.truck_hour_of if gate.money else ():
        if name not in gate.paths:
            yield unknown(("money", "truck_hour_of", name), name, "direction", list(gate.paths))


@rule("sides.*", "money.fees.*", "money.officer_year_usd.*")
def priced_sides(gate: Gate) -> Findings:
    """Fees go to a side, from a direction with trucks, and officers are of a side."""
    for name, fee in gate.money.fees.items() if gate.money else ():
        place: Place = ("money", "fees", name)
        if fee.to not in gate.sides:
            yield unknown((*place, "to"), fee.to, "side", gate.sides)
        if fee.direction not in gate.paths:
            yield unknown((*place, "direction"), fee.direction, "direction", list(gate.paths))
    for side in gate.money.officer_year_usd if gate.money else ():
        if side not in gate.sides:
            yield unknown(("money", "officer_year_usd", side), side, "side", gate.sides)


@rule("stages.*", "pools.*", "money.posts.*", "money.officer_year_usd.*")
def posts(gate: Gate) -> Findings:
    """A post is a stage with a number of lanes, or a pool, and officers there have a price."""
    for name, post in gate.money.posts.items() if gate.money else ():
        place: Place = ("money", "posts", name)
        owner = gate.stages.get(name) or gate.pools.get(name)
        if owner is None:
            yield unknown(place, name, "stage or pool", {**gate.stages, **gate.pools})
        elif name in gate.stages and gate.stages[name].lanes == UNLIMITED:
            yield finding(place, "", "its lanes are unlimited", "Name a stage with a number of lanes, or a pool.")
        elif post.officers and gate.money and owner.side not in gate.money.officer_year_usd:
            remedy = f"Add `money.officer_year_usd.{owner.side}`."
            yield finding((*place, "officers"), post.officers, f"officers of side {owner.side} have no price", remedy)


@rule("stages.*", "money.inspections")
def inspections(gate: Gate) -> Findings:
    """Inspections are stages of the gate."""
    for n, name in enumerate(gate.money.inspections if gate.money else ()):
        if name not in gate.stages:
            yield unknown(("money", "inspections", n), name, "stage", gate.stages)


@rule("classes.*")
def value_curves(gate: Gate) -> Findings:
    """A curve of lost value rises, and stands alone, at a load that has a value and perishes."""
    for name, vehicle_class in gate.classes.items():
        curve, place = vehicle_class.value_lost_by_age, ("classes", name, "value_lost_by_age")
        for n, (before, after) in enumerate(itertools.pairwise(curve), 1):
            if after.age <= before.age or after.lost < before.lost:
                remedy = "Write points with growing ages, each with at least the loss of the one before."
                yield finding((*place, n), "", "the curve does not rise", remedy)
        if curve and (vehicle_class.value_usd is None or vehicle_class.shelf_life is None):
            missing = "value_usd" if vehicle_class.value_usd is None else "shelf_life"
            yield finding(place, "", f"it has no {missing}", f"Add `{missing}`, or remove this.")
        if curve and vehicle_class.value_lost_per_day:
            yield finding(place, "", "it has `value_lost_per_day`, too", "Keep one of the two.")
