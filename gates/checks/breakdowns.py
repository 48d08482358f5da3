"""Checks of breakdowns: how often something fails, whether a service can end at all, and which lanes hand over."""

from __future__ import annotations

from collections.abc import Iterator

from gates.checks.register import Findings, finding, rule
from gates.findings import Place
from gates.schema.base import UNLIMITED
from gates.schema.gate import Gate
from gates.schema.quantities import seconds_text
from gates.schema.resources import Breakdown

LONGEST_RUN = 5.0
"""Longest service that starts again after a failure, in mean running times: it then fails 147 times on average."""


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
            yield finding(
                place,
                breakdown.name,
                problem,
                "Write one of the two: the mean running time or the mean number of uses between failures.",
            )


@rule()
def breakdown_names(gate: Gate) -> Findings:
    """The breakdowns of a stage or pool have names of their own."""
    seen: set[tuple[object, ...]] = set()
    for place, breakdown in _breakdowns(gate):
        key = (*place[:2], breakdown.name)
        if key in seen:
            yield finding((*place, "name"), breakdown.name, "another breakdown has this name", "Rename one of them.")
        seen.add(key)


@rule()
def endless_services(gate: Gate) -> Findings:
    """A service that starts again after each failure must be able to end."""
    for name, stage in gate.stages.items():
        for n, breakdown in enumerate(stage.breakdowns):
            if breakdown.then == "resumes" or breakdown.running is None:
                continue
            services = [stage.service, *stage.service_for.values()]
            longest = max(service.mean() for service in services) + stage.move_up
            if longest > LONGEST_RUN * breakdown.running:
                value = seconds_text(breakdown.running)
                shortest = seconds_text(round(longest / LONGEST_RUN))
                remedy = f"Use at least {shortest}, or let the service continue: `then: resumes`."
                place = ("stages", name, "breakdowns", n, "running")
                yield finding(
                    place, value, "a service may never end, because it starts again after each failure", remedy
                )


@rule()
def repairs_of_pools(gate: Gate) -> Findings:
    """Units of a pool are repaired after the service: no service starts again."""
    for place, breakdown in _breakdowns(gate):
        if place[0] == "pools" and breakdown.then != "resumes":
            remedy = "Remove it: units are repaired when they are given back."
            yield finding(
                (*place, "then"), breakdown.then, "services do not start again when a unit of a pool fails", remedy
            )


@rule()
def breakdowns_that_hand_over(gate: Gate) -> Findings:
    """Lanes hand over after the only breakdown of their stage, if there is a number of them that stay what they are."""
    for name, stage in gate.stages.items():
        for n, breakdown in enumerate(stage.breakdowns):
            if breakdown.then != "hands-over":
                continue
            place: Place = ("stages", name, "breakdowns", n, "then")
            if len(stage.breakdowns) > 1:
                remedy = "Write one breakdown that stands for all, or `resumes` or `restarts`."
                yield finding(place, breakdown.then, "not possible beside another breakdown of the stage", remedy)
            for group in stage.lane_groups():
                reasons = {
                    "are unlimited": group.lanes == UNLIMITED,
                    "reverse": group.reverses is not None,
                    "are opened by the queue": group.opens is not None,
                }
                reason = next((reason for reason, holds in reasons.items() if holds), None)
                if reason:
                    remedy = "Write `resumes` or `restarts`: the truck then waits in its lane."
                    yield finding(place, breakdown.then, f"lanes of {name} {reason}", remedy)
                    break
