"""The gate as engines look it up: tables of lines, lane groups, pools, areas and stages, and the timetable.

Each column is declared once, in `LINES`, `GROUPS`, `POOLS`, `AREAS` or `STAGES` below: its name, what it holds and
where that comes from. Both engines read the tables by these names.

Long because the columns of all tables stand in one place, each with its sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gates.schema.gate import Gate
from gates.schema.resources import Area
from gates.schema.stages import LaneGroup, Stage
from sim.arrays import FLAG, NUMBER, ROW, Column, Entries, Indices, Numbers, Rows, Table, table_of
from sim.clock import Ticks, ticks_of
from sim.plan.borders.boards import Boards, no_boards
from sim.plan.supply import LaneGroups, directed_groups, kilobits
from sim.plan.timetable import OnDuty
from sim.plan.work_clocks import Clocks

UNTIL_LONGER, UNTIL_EMPTY, UNTIL_GATED = range(3)
"""When reversible lanes leave a direction."""
_UNTIL = ("longer-queue", "empty", "gated")
NO_LIMIT = 1 << 50
"""Trucks, or ticks, of a limit that there is not."""
LONG_AGO = -NO_LIMIT // 2
"""Tick since which lanes serve the direction that they face at first: no time limits it."""
NEVER_FULL = 1 << 40
"""Trucks in line at which a stage turns others away that never does."""


@dataclass(frozen=True, order=True)
class Line:
    """A waiting line: the stage, who is served first, the lane groups, and whether a full area lets its trucks in."""

    stage: int
    priority: int
    groups: tuple[int, ...]
    enters_freely: bool
    kept_out_of: int = -1
    """The next area of its trucks if that keeps their class out while it lets others in, or -1."""

    @property
    def base(self) -> Line:
        """The line of the same trucks if no area ahead kept them out."""
        return replace(self, kept_out_of=-1)


@dataclass(frozen=True)
class _LineAt:
    """A waiting line, and what stands around it."""

    line: Line
    stage: Stage
    area: int
    """Area in which the stage lies, or -1."""
    mean_service: int
    resources: dict[str, int]
    """Pool or link -> its number as a resource."""

    def units(self, *of_pools: dict[str, int]) -> list[tuple[int, int]]:
        """Return the units of pools, and the rate of a link, as (number of units, resource)."""
        sends = self.stage.sends
        of_link = {sends.link: kilobits(sends.video)} if sends else {}
        together = {name: units for each in (*of_pools, of_link) for name, units in each.items()}
        return [(units, self.resources[name]) for name, units in together.items()]


@dataclass(frozen=True)
class _GroupAt:
    """A lane group, and the lines that it serves, best priority first."""

    group: LaneGroup
    stage: int
    lanes: int
    other_way: int
    """The same lanes in the other direction, or -1."""
    faces_first: bool
    at_closing: str
    hands_over: bool
    lines: list[int]


@dataclass(frozen=True)
class _PoolAt:
    """A pool or link, and the lines that take units of it, best priority first."""

    comes_back: bool
    lines: list[int]


@dataclass(frozen=True)
class _AreaAt:
    """An area, and the lane groups of the lines that it keeps out, in order."""

    area: Area
    groups_before: list[int]


@dataclass(frozen=True)
class _StageAt:
    """A stage; its lines and its lane groups stand one after the other."""

    stage: Stage
    lines: range
    groups: range


LINES: Table[_LineAt] = Table(
    (
        Column("stage", ROW, "Stage.", lambda at: at.line.stage),
        Column("area", ROW, "Area in which the stage lies.", lambda at: at.area),
        Column(
            "by_hand_without",
            ROW,
            "Link without which a service is done by hand, as a resource.",
            lambda at: at.resources[at.stage.sends.link] if at.stage.sends and at.stage.sends.without else -1,
            neutral=-1,
        ),
        Entries("groups", "Lane groups that serve the line, in the order of the file.", lambda at: at.line.groups),
        Entries(
            "taken",
            "Units of pools and links that a service takes at its start.",
            lambda at: at.units(at.stage.needs, at.stage.takes),
        ),
        Entries(
            "given",
            "Units of pools and links that a service gives back at its end.",
            lambda at: at.units(at.stage.needs, at.stage.gives),
        ),
        Column("priority", NUMBER, "Lower is served first.", lambda at: at.line.priority),
        Column(
            "turns_away_at",
            NUMBER,
            "Trucks in line at the stage at which one more turns back.",
            lambda at: at.stage.turns_away_at or NEVER_FULL,
            neutral=NEVER_FULL,
        ),
        Column("mean_service", NUMBER, "Mean service time [tick].", lambda at: at.mean_service),
        Column(
            "enters_freely",
            FLAG,
            "Whether trucks that come to the line enter its area although it is full.",
            lambda at: at.line.enters_freely,
        ),
        Column(
            "kept_out_of",
            ROW,
            "Area behind the stage that keeps its trucks out while it is full and lets others in.",
            lambda at: at.line.kept_out_of,
            neutral=-1,
        ),
        Column(
            "impatient",
            FLAG,
            "Whether trucks in the line may lose patience.",
            lambda at: bool(at.stage.patience or at.stage.patience_for),
        ),
    )
)
GROUPS: Table[_GroupAt] = Table(
    (
        Entries("lines", "Lines that the lane group serves, best priority first.", lambda at: at.lines),
        Column(
            "other_way",
            ROW,
            "The same lanes in the other direction, where they are reversible.",
            lambda at: at.other_way,
            neutral=-1,
        ),
        Column("stage", ROW, "Stage.", lambda at: at.stage),
        Column("lanes", NUMBER, "Lanes when open.", lambda at: at.lanes),
        Column(
            "serves_queue",
            FLAG,
            "Whether its lanes serve all who are in line when they close.",
            lambda at: at.at_closing == "serves-the-queue",
            neutral=0,
        ),
        Column(
            "hands_back",
            FLAG,
            "Whether its lanes give the trucks in service back to their lines when they close.",
            lambda at: at.at_closing == "hands-back",
        ),
        Column(
            "faces_first",
            FLAG,
            "Whether the lanes serve the group at first; others do once they reverse to it, or the queue opens them.",
            lambda at: at.faces_first,
        ),
        Column(
            "reverses_at",
            NUMBER,
            "Waiting trucks at which lanes reverse to serve the group.",
            lambda at: at.group.reverses.at if at.group.reverses else 0,
        ),
        Column(
            "reversal_takes",
            NUMBER,
            "Time to reverse to it [tick].",
            lambda at: ticks_of(at.group.reverses.takes) if at.group.reverses else 0,
        ),
        Column(
            "until",
            NUMBER,
            "When reversible lanes leave the group: `UNTIL_LONGER`, `UNTIL_EMPTY` or `UNTIL_GATED`.",
            lambda at: _UNTIL.index(at.group.reverses.until) if at.group.reverses else 0,
        ),
        Column(
            "lead",
            NUMBER,
            "Trucks by which the queue of the other direction must be longer for that.",
            lambda at: at.group.reverses.lead if at.group.reverses else 0,
        ),
        Column(
            "most_trucks",
            NUMBER,
            "Trucks after which they leave in any case.",
            lambda at: (at.group.reverses and at.group.reverses.most_trucks) or NO_LIMIT,
        ),
        Column(
            "at_most",
            NUMBER,
            "Time after which they leave in any case [tick].",
            lambda at: (
                ticks_of(at.group.reverses.at_most) if at.group.reverses and at.group.reverses.at_most else NO_LIMIT
            ),
        ),
        Column(
            "at_least",
            NUMBER,
            "Shortest time that they serve the group [tick].",
            lambda at: ticks_of(at.group.reverses.at_least) if at.group.reverses else 0,
        ),
        Column(
            "each",
            FLAG,
            "Whether each lane reverses by itself.",
            lambda at: at.group.reverses is not None and at.group.reverses.each,
        ),
        Column(
            "breaks_down",
            FLAG,
            "Whether its lanes break down in use and then hand their trucks over.",
            lambda at: at.hands_over,
        ),
        Column(
            "opens_at",
            NUMBER,
            "Waiting trucks at which the queue opens the lanes; 0 for lanes that are open at all their hours.",
            lambda at: at.group.opens.at if at.group.opens else 0,
            neutral=0,
        ),
        Column(
            "closes_below",
            NUMBER,
            "Waiting trucks below which such lanes close.",
            lambda at: at.group.opens.closes_below if at.group.opens else 0,
        ),
        Column(
            "opening_takes",
            NUMBER,
            "Time until such lanes open [tick].",
            lambda at: ticks_of(at.group.opens.after) if at.group.opens else 0,
        ),
        Column(
            "stays_open",
            NUMBER,
            "Shortest time that such lanes stay open [tick].",
            lambda at: ticks_of(at.group.opens.at_least) if at.group.opens else 0,
        ),
    )
)
POOLS: Table[_PoolAt] = Table(
    (
        Entries("lines", "Lines that take units of the pool or link, best priority first.", lambda at: at.lines),
        Column("comes_back", FLAG, "Whether units given back need time to come back.", lambda at: at.comes_back),
    )
)
AREAS: Table[_AreaAt] = Table(
    (
        Column("spaces", NUMBER, "Spaces.", lambda at: at.area.spaces),
        Column(
            "reopens_at",
            NUMBER,
            "Trucks inside at which an area that was full lets trucks in again.",
            lambda at: at.area.spaces - 1 if at.area.reopens_at is None else at.area.reopens_at,
        ),
        Column(
            "keeps_some_out",
            FLAG,
            "Whether it lets some classes in although it is full.",
            lambda at: at.area.keeps_out is not None,
        ),
        Entries("groups_before", "Lane groups of the lines that it keeps out, in order.", lambda at: at.groups_before),
    )
)
STAGES: Table[_StageAt] = Table(
    (
        Column("lines_from", ROW, "Its first line.", lambda at: at.lines.start),
        Column("lines_to", ROW, "The line after its last one.", lambda at: at.lines.stop),
        Column("groups_from", ROW, "Its first lane group.", lambda at: at.groups.start),
        Column("groups_to", ROW, "The lane group after its last one.", lambda at: at.groups.stop),
        Column(
            "batch_size",
            NUMBER,
            "Trucks that start together; 0 where each starts on its own.",
            lambda at: at.stage.batch.size if at.stage.batch else 0,
            neutral=0,
        ),
        Column(
            "batch_after",
            NUMBER,
            "Time after which fewer start [tick].",
            lambda at: ticks_of(at.stage.batch.after) if at.stage.batch else 0,
        ),
    )
)
_UNITS = table_of(units=NUMBER, pool=ROW)


class Network(NamedTuple):
    """What engines look up. Resources are lane groups, then pools, then links, numbered together."""

    lines: Rows
    groups: Rows
    pools: Rows
    """Pools, then links."""
    areas: Rows
    stages: Rows
    change_tick: Ticks
    """(changes,) timetable: when a resource changes its units on duty [tick], in order."""
    change_resource: Numbers
    """(changes,) which one."""
    change_units: npt.NDArray[np.int64]
    """(changes,) units on duty from then on."""
    change_keeps: npt.NDArray[np.int64]
    """(changes,) trucks that lanes keep at most; others in service are handed back, who started last first."""
    taken: Rows
    """Entries of the lines: `units` of a `pool` or link, which is given as a resource."""
    given: Rows
    groups_of_line: Numbers
    """Entries of the lines."""
    lines_of_group: Numbers
    """Entries of the lane groups."""
    lines_of_pool: Numbers
    """Entries of the pools and links."""
    groups_before_area: Numbers
    """Entries of the areas."""
    clocks: Clocks
    """Work clocks of the lane groups."""
    turns_away: bool
    """Whether any stage turns trucks away."""
    batches: bool
    """Whether any stage starts trucks together."""
    reverses: bool
    """Whether any lanes are reversible."""
    opens_by_queue: bool
    """Whether the queue opens any lanes."""
    works_by_hand: bool
    """Whether any stage works by hand while a link is down."""
    serves_queue: bool
    """Whether any lanes serve all who are in line when they close."""
    keeps_out: bool
    """Whether any area keeps trucks out of the lanes before it."""
    boards: Boards
    """Boards of a border; waits are posted as units of a resource after the last link."""

    @property
    def line_stage(self) -> Indices:
        """(lines,) stage of each line, as an index of other arrays."""
        return self.lines["stage"].astype(np.int32)

    @property
    def area_of_line(self) -> Indices:
        """(lines,) area in which the stage of each line lies; -1 for none."""
        return self.lines["area"].astype(np.int32)


def network_of(
    gate: Gate, lines: list[Line], groups: LaneGroups, pools: list[OnDuty], mean_service: Ticks, clocks: Clocks
) -> Network:
    """Return what engines look up."""
    stages = list(gate.stages.values())
    area_of_stage = {name: n for n, area in enumerate(gate.areas.values()) for name in area.stages}
    areas = [area_of_stage.get(name, -1) for name in gate.stages]
    resources = {name: len(groups.name) + n for n, name in enumerate((*gate.pools, *gate.links))}
    at_lines = [
        _LineAt(line, stages[line.stage], areas[line.stage], int(mean), resources)
        for line, mean in zip(lines, mean_service, strict=True)
    ]
    at_groups = _groups_at(gate, lines, groups)
    taking = [{pool for _, pool in at.units(at.stage.needs, at.stage.takes)} for at in at_lines]
    takers = {
        n: _best_first([line for line, taken in enumerate(taking) if n in taken], lines) for n in resources.values()
    }
    at_pools = [_PoolAt(name in gate.pools and gate.pools[name].takes_time, takers[n]) for name, n in resources.items()]
    at_stages = [
        _StageAt(stage, of_line, of_group)
        for stage, of_line, of_group in zip(
            stages,
            _ranges([line.stage for line in lines], len(stages)),
            _ranges(groups.stage.tolist(), len(stages)),
            strict=True,
        )
    ]
    at_areas = [
        _AreaAt(area, sorted({group for line in lines if line.kept_out_of == n for group in line.groups}))
        for n, area in enumerate(gate.areas.values())
    ]
    line_rows, group_rows, stage_rows = LINES.rows(at_lines), GROUPS.rows(at_groups), STAGES.rows(at_stages)
    change_tick, change_resource, change_units = _timetable(groups, pools)
    closes = (change_resource < group_rows.size) & (change_units == 0)
    hands_back = closes & group_rows["hands_back"][np.where(closes, change_resource, 0)].astype(np.bool_)
    return Network(
        lines=line_rows,
        groups=group_rows,
        pools=POOLS.rows(at_pools),
        areas=AREAS.rows(at_areas),
        stages=stage_rows,
        change_tick=change_tick,
        change_resource=change_resource,
        change_units=change_units,
        change_keeps=np.where(hands_back, 0, NO_LIMIT),
        taken=np.array(LINES.entries("taken", at_lines), _UNITS),
        given=np.array(LINES.entries("given", at_lines), _UNITS),
        groups_of_line=np.array(LINES.entries("groups", at_lines), np.uint32),
        lines_of_group=np.array(GROUPS.entries("lines", at_groups), np.uint32),
        lines_of_pool=np.array(POOLS.entries("lines", at_pools), np.uint32),
        groups_before_area=np.array(AREAS.entries("groups_before", at_areas), np.uint32),
        clocks=clocks,
        turns_away=LINES.is_used("turns_away_at", line_rows),
        batches=STAGES.is_used("batch_size", stage_rows),
        reverses=GROUPS.is_used("other_way", group_rows),
        opens_by_queue=GROUPS.is_used("opens_at", group_rows),
        works_by_hand=LINES.is_used("by_hand_without", line_rows),
        serves_queue=GROUPS.is_used("serves_queue", group_rows),
        keeps_out=LINES.is_used("kept_out_of", line_rows),
        boards=no_boards(len(stages)),
    )


def _groups_at(gate: Gate, lines: list[Line], groups: LaneGroups) -> list[_GroupAt]:
    """Return the lane groups; reversible lanes are two each, one after the other."""
    groups_at = []
    stages = [stage for stage in gate.stages.values() for _ in directed_groups(stage)]
    directed = [group for stage in gate.stages.values() for group in directed_groups(stage)]
    for g, (stage, group) in enumerate(zip(stages, directed, strict=True)):
        first = bool(groups.counted[g])
        other = -1 if group.reverses is None else g + (1 if first else -1)
        served = _best_first([n for n, line in enumerate(lines) if g in line.groups], lines)
        faces_first = first and group.opens is None
        at_closing = group.at_closing or stage.at_closing
        at = int(groups.stage[g])
        over = any(breakdown.then == "hands-over" for breakdown in stage.breakdowns)
        groups_at.append(_GroupAt(group, at, int(groups.lanes[g]), other, faces_first, at_closing, over, served))
    return groups_at


def _ranges(stage: Sequence[int], stages: int) -> list[range]:
    """Return which entries belong to each stage in a list that goes stage by stage."""
    starts = np.searchsorted(stage, np.arange(stages + 1)).tolist()
    return [range(start, end) for start, end in pairwise(starts)]


def _best_first(row: list[int], lines: list[Line]) -> list[int]:
    return sorted(row, key=lambda n: (lines[n].priority, n))


def _timetable(groups: LaneGroups, pools: list[OnDuty]) -> tuple[Ticks, Numbers, npt.NDArray[np.int64]]:
    """Return the changes of units on duty, ordered by (tick, resource); none changes twice at one tick."""
    ticks, resource, units = [], [], []
    for g, windows in enumerate(groups.windows):
        ticks += [windows.start, windows.end]
        resource += [np.full(2 * windows.start.size, g, np.uint32)]
        units += [np.full(windows.start.size, groups.lanes[g]), np.zeros(windows.end.size, np.int64)]
    for p, pool in enumerate(pools):
        ticks.append(pool.tick)
        resource.append(np.full(pool.tick.size, len(groups.name) + p, np.uint32))
        units.append(pool.units)
    tick, of, on_duty_units = np.concatenate(ticks), np.concatenate(resource), np.concatenate(units)
    order = np.lexsort((of, tick))
    return tick[order], of[order], on_duty_units[order]


def area_that_keeps_out(gate: Gate, stage: str, vehicle_class: str) -> int:
    """Return the area of a stage if it keeps out trucks of a class while it lets others in, else -1."""
    for n, area in enumerate(gate.areas.values()):
        if stage in area.stages and area.keeps_out is not None and vehicle_class in area.keeps_out:
            return n
    return -1


def enters_freely(gate: Gate, stage: str, vehicle_class: str) -> bool:
    """Tell whether trucks of a class come into the area of a stage although it is full."""
    kept_out = next((area.keeps_out for area in gate.areas.values() if stage in area.stages), None)
    return kept_out is not None and vehicle_class not in kept_out
