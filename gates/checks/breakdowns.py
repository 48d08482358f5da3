"""Checks of breakdowns: how often something fails, and whether a service can end at all."""

from __future__ import annotations

from collections.abc import Iterator

from gates.checks.register import Findings, found, rule
from gates.findings import Place
from gates.schema.gate import Gate
from gates.schema.quantities import seconds_text
from gates.schema.resources import Breakdown

LONGEST_RUN = 5.0
"""Mean running times between failures that a service which starts again may take: it then fails 147 times a service."""


def _breakdowns(gate: Gate) -> Iterator[tuple[Place, Breakdown]]:
    for section, holders in (("stages", gate.stages), ("pools", gate.pools)):
        for name, holder in holders.items():
            for n, breakdown in enumerate(holder.breakdowns):
                yield (section, name, "breakdowns", n), breakdown


@rule()
def breakdown_clocks(gate: Gate) -> Findings:
    """A breakdown comes by running time or by uses."""
    for place, breakdown in _breakdowns(gate):
        if (breakdown.running is None) == (breakdown.uses is None):
            problem = "neither `running` nor `uses`" if breakdown.uses is None else "both `running` and `uses`"
            yield found(place, breakdown.name, problem, "Say after how much running time, or after how many uses.")


@rule()
def breakdown_names(gate: Gate) -> Findings:
    """The breakdowns of a stage or pool have names of their own."""
    seen: set[tuple[object, ...]] = set()
    for place, breakdown in _breakdowns(gate):
        key = (*place[:2], breakdown.name)
        if key in seen:
            yield found((*place, "name"), breakdown.name, "a second breakdown of this name", "Rename one of them.")
        seen.add(key)


@rule()
def endless_services(gate: Gate) -> Findings:
    """A service that starts again after each failure must end some time."""
    for name, stage in gate.stages.items():
        laws = {"service": stage.service, **{f"service_for.{key}": law for key, law in stage.service_for.items()}}
        for n, breakdown in enumerate(stage.breakdowns):
            if breakdown.then != "restarts" or breakdown.running is None:
                continue
            longest = max(law.mean() for law in laws.values()) + stage.move_up
            if longest > LONGEST_RUN * breakdown.running:
                value = seconds_text(breakdown.running)
                remedy = f"Use at least {seconds_text(round(longest / LONGEST_RUN))}, or let the service resume."
                place = ("stages", name, "breakdowns", n, "running")
                yield found(place, value, "a service would start again and again", remedy)


@rule()
def repairs_of_pools(gate: Gate) -> Findings:
    """What fails in a pool is repaired after the service: nothing starts again."""
    for place, breakdown in _breakdowns(gate):
        if place[0] == "pools" and breakdown.then == "restarts":
            remedy = "Leave it out: units are repaired when they are given back."
            yield found((*place, "then"), breakdown.then, "not for a pool", remedy)
