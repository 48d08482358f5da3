"""Checks of links and outages: who sends over which link, and what goes down."""

from __future__ import annotations

from collections.abc import Iterator

from gates.checks.pools import most_on_duty
from gates.checks.register import Findings, finding, rule, unknown, unused
from gates.findings import Place
from gates.schema.base import UNLIMITED
from gates.schema.gate import Gate
from gates.schema.quantities import megabits_text
from gates.schema.resources import Outage
from gates.schema.stages import LaneGroup

# Links.


@rule("links.*")
def stage_links(gate: Gate) -> Findings:
    """A stage sends over a link of the gate."""
    for name, stage in gate.stages.items():
        if stage.sends is not None and stage.sends.link not in gate.links:
            yield unknown(("stages", name, "sends", "link"), stage.sends.link, "link", gate.links)


@rule("stages.*.sends.**")
def unused_links(gate: Gate) -> Findings:
    """Every link is used by a stage."""
    for name in unused(gate.links, [stage.sends.link for stage in gate.stages.values() if stage.sends]):
        yield finding(("links", name), "", "no stage uses it", "Name it in `sends` of a stage, or remove the link.")


@rule()
def link_names(gate: Gate) -> Findings:
    """Results name pools and links alike, so no link has the name of a pool."""
    for name in gate.links:
        if name in gate.pools:
            yield finding(("links", name), name, "a pool has the same name", "Rename one of them.")


@rule("links.**")
def video_rates(gate: Gate) -> Findings:
    """The video of one service fits through its link."""
    for name, stage in gate.stages.items():
        link = gate.links.get(stage.sends.link) if stage.sends else None
        if stage.sends is not None and link is not None and stage.sends.video > link.shared_uplink:
            most = megabits_text(link.shared_uplink)
            place = ("stages", name, "sends", "video")
            yield finding(
                place, megabits_text(stage.sends.video), "more than the link can carry", f"Use at most {most}."
            )


# Outages.


@rule("stages.*", "pools.*", "links.*")
def outage_targets(gate: Gate) -> Findings:
    """An outage takes down stages, lane groups, pools and links of the gate, and at least one of them."""
    for name, outage in gate.outages.items():
        place: Place = ("outages", name)
        for kind, names, known in (
            ("stage", outage.stages, gate.stages),
            ("pool", outage.pools, gate.pools),
            ("link", outage.links, gate.links),
        ):
            for n, target in enumerate(names):
                if target not in known:
                    yield unknown((*place, f"{kind}s", n), target, kind, known)
        groups = [group.name for _, group in _groups(gate, outage, whole=True)]
        for n, group_name in enumerate(outage.groups or []):
            if outage.stages and all(stage in gate.stages for stage in outage.stages) and group_name not in groups:
                yield unknown((*place, "groups", n), group_name, "lane group of these stages", groups)
        if not (outage.stages or outage.pools or outage.links):
            yield finding(
                place, "", "the outage takes nothing down", "Name `stages`, `pools` or `links`, or remove the outage."
            )


@rule("stages.**", "pools.**")
def outage_units(gate: Gate) -> Findings:
    """An outage takes no more lanes and units down than there are."""
    for name, outage in gate.outages.items():
        place: Place = ("outages", name, "units")
        if outage.units is None:
            continue
        if outage.each:
            yield finding(
                place,
                outage.units,
                "has no effect, because each lane and unit fails independently",
                "Remove `units` or `each`.",
            )
            continue
        sizes = [group.lanes for _, group in _groups(gate, outage) if group.lanes != UNLIMITED]
        sizes += [most_on_duty(gate.pools[pool]) for pool in outage.pools if pool in gate.pools]
        if sizes and outage.units > min(sizes):
            remedy = f"Use at most {min(sizes)}, or remove `units` to take all of them down."
            yield finding(place, outage.units, "more than the gate has", remedy)


@rule("stages.**")
def outages_of_some(gate: Gate) -> Findings:
    """Where some lanes or units alone go down, the services in hand are finished, and there is a number of them."""
    for name, outage in gate.outages.items():
        place: Place = ("outages", name)
        if outage.units is None and not outage.each:
            continue
        if outage.in_hand not in ("finishes", "hands-over"):
            remedy = "Write `finishes` or `hands-over`, or remove `units` and `each`, so that all go down."
            yield finding(
                (*place, "in_hand"), outage.in_hand, "not possible where only some lanes or units go down", remedy
            )
        for stage, group in _groups(gate, outage):
            if group.lanes == UNLIMITED:
                remedy = "Remove the stage, or remove `units` and `each`, so that all go down."
                yield finding((*place, "stages"), stage, "the stage has unlimited lanes", remedy)


@rule("stages.**")
def outages_that_hand_over(gate: Gate) -> Findings:
    """Only lanes hand trucks over, and only those that do not reverse and that the queue does not open."""
    for name, outage in gate.outages.items():
        place: Place = ("outages", name)
        if outage.in_hand != "hands-over":
            continue
        if not outage.stages:
            remedy = "Name `stages`, or write `finishes`, `resumes` or `restarts`."
            yield finding((*place, "in_hand"), outage.in_hand, "the outage takes no lanes down", remedy)
        for stage, group in _groups(gate, outage):
            reason = "reverse" if group.reverses else "are opened by the queue" if group.opens else ""
            if reason:
                remedy = "Write another `in_hand`, or name the `groups` that go down without them."
                yield finding((*place, "in_hand"), outage.in_hand, f"lanes of {stage} {reason}", remedy)


def _groups(gate: Gate, outage: Outage, *, whole: bool = False) -> Iterator[tuple[str, LaneGroup]]:
    """(stage, lane group) that an outage takes down; all groups of its stages where `whole`."""
    for stage in outage.stages:
        for group in gate.stages[stage].lane_groups() if stage in gate.stages else []:
            if whole or outage.groups is None or group.name in outage.groups:
                yield stage, group


@rule("stages.*.side", "sides.*")
def slowdowns(gate: Gate) -> Findings:
    """A slowdown of sides touches a stage; that its stages stand on its sides, `closure_stages` sees."""
    for n, entry in gate.slowdowns():
        sides = {stage.side for stage in gate.stages.values()}
        if not entry.stages and entry.sides and not sides & set(entry.sides) and set(entry.sides) <= set(gate.sides):
            yield finding(("calendar", n), entry.name, "it applies to no stage", "Fix its sides, or remove it.")
