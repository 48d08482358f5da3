"""The gate as engines look it up: lines, lane groups, pools, areas and the timetable, as flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gates.schema.gate import Gate
from gates.schema.resources import Area
from gates.schema.stages import Stage
from sim.arrays import Indices
from sim.clock import Ticks, ticks_of
from sim.plan.supply import LaneGroups, kilobits, ways
from sim.plan.timetable import OnDuty
from sim.plan.work_clocks import Clocks, clocks

NEVER_FULL = 1 << 40
"""Trucks in line at which a stage turns others away that never does."""


class Network(NamedTuple):
    """What engines look up. CSR arrays come in pairs: entries of row n are `x[x_from[n]:x_from[n + 1]]`."""

    line_stage: Indices
    """(lines,) stage of each line."""
    groups_of_line: Indices
    """Lane groups that serve a line, in the order of the file (CSR)."""
    groups_of_line_from: Indices
    lines_of_group: Indices
    """Lines that a lane group serves, best priority first (CSR)."""
    lines_of_group_from: Indices
    line_priority: Indices
    """(lines,) lower is served first."""
    change_tick: Ticks
    """(changes,) timetable: when a lane group, pool or link changes its units on duty [tick], in order."""
    change_resource: Indices
    """(changes,) which one: lane groups come first, then pools, then links."""
    change_units: npt.NDArray[np.int64]
    """(changes,) units on duty from then on."""
    taken_pool: Indices
    """Pools and links, as resources, of which a service in a line takes units at its start (CSR by line)."""
    taken_units: npt.NDArray[np.int64]
    """How many units of each."""
    taken_from: Indices
    given_pool: Indices
    """Pools of which a service in a line gives units back at its end (CSR by line)."""
    given_units: npt.NDArray[np.int64]
    given_from: Indices
    lines_of_pool: Indices
    """Lines that take units of a pool, best priority first (CSR by pool)."""
    lines_of_pool_from: Indices
    comes_back: npt.NDArray[np.bool_]
    """(pools and links,) whether units given back need time to come back."""
    area_of_line: Indices
    """(lines,) area in which the stage of the line lies; -1 for none."""
    area_spaces: npt.NDArray[np.int64]
    """(areas,) spaces."""
    area_reopens: npt.NDArray[np.int64]
    """(areas,) trucks inside at which an area that was full lets trucks in again."""
    enters_freely: npt.NDArray[np.bool_]
    """(lines,) whether trucks that come to the line enter its area although it is full."""
    impatient: npt.NDArray[np.bool_]
    """(lines,) whether trucks in the line may lose patience."""
    lines_of_stage_from: Indices
    """(stages + 1,) lines stand stage by stage."""
    groups_of_stage_from: Indices
    """(stages + 1,) lane groups stand stage by stage."""
    turns_away_at: npt.NDArray[np.int64]
    """(lines,) trucks in line at the stage at which one more turns back; no entries if no stage turns trucks away."""
    batch_size: npt.NDArray[np.int64]
    """(stages,) trucks that start together, 0 where each starts on its own; no entries if all do."""
    batch_after: Ticks
    """(stages,) time after which fewer start [tick]."""
    other_way: Indices
    """(groups,) the same lanes in the other direction, -1 if they do not turn; no entries if none do."""
    turns_at: npt.NDArray[np.int64]
    """(groups,) waiting trucks at which lanes turn to the group."""
    turn_takes: Ticks
    """(groups,) time to turn to the group [tick]."""
    faces_first: npt.NDArray[np.bool_]
    """(groups,) whether reversible lanes serve the group at first."""
    by_hand_without: Indices
    """(lines,) link without which a service is done by hand, as a resource, or -1; no entries if none is."""
    mean_service: Ticks
    """(lines,) mean service time [tick]."""
    clocks: Clocks
    """Work clocks of the lane groups."""
    groups: int
    """Number of lane groups: pool or link n is resource `groups + n`."""


@dataclass(frozen=True, order=True)
class Line:
    """A waiting line: the stage, who is served first, the lane groups, and whether a full area lets its trucks in."""

    stage: int
    priority: int
    groups: tuple[int, ...]
    enters_freely: bool


def network_of(gate: Gate, lines: list[Line], groups: LaneGroups, pools: list[OnDuty]) -> Network:
    """Return what engines look up, but for mean service times and work clocks."""
    count = len(groups.name)
    names = [*gate.pools, *gate.links]
    stages = list(gate.stages.values())
    sending = [{s.sends.link: kilobits(s.sends.video)} if s.sends else {} for s in stages]
    served = [[n for n, line in enumerate(lines) if g in line.groups] for g in range(count)]
    taken = [{**stages[line.stage].needs, **stages[line.stage].takes, **sending[line.stage]} for line in lines]
    given = [{**stages[line.stage].needs, **stages[line.stage].gives, **sending[line.stage]} for line in lines]
    needing = [[n for n, pools_of in enumerate(taken) if name in pools_of] for name in names]
    groups_of_line, groups_of_line_from = _csr([list(line.groups) for line in lines])
    lines_of_group, lines_of_group_from = _csr([_best_first(row, lines) for row in served])
    lines_of_pool, lines_of_pool_from = _csr([_best_first(row, lines) for row in needing])
    taken_pool, taken_from = _csr([[count + names.index(name) for name in row] for row in taken])
    given_pool, given_from = _csr([[count + names.index(name) for name in row] for row in given])
    change_tick, change_resource, change_units = _timetable(groups, pools)
    area_of_stage = {name: n for n, area in enumerate(gate.areas.values()) for name in area.stages}
    stage_names = list(gate.stages)
    return Network(
        line_stage=np.array([line.stage for line in lines], np.int32),
        groups_of_line=groups_of_line,
        groups_of_line_from=groups_of_line_from,
        lines_of_group=lines_of_group,
        lines_of_group_from=lines_of_group_from,
        line_priority=np.array([line.priority for line in lines], np.int32),
        change_tick=change_tick,
        change_resource=change_resource,
        change_units=change_units,
        taken_pool=taken_pool,
        taken_units=np.array([units for row in taken for units in row.values()], np.int64),
        taken_from=taken_from,
        given_pool=given_pool,
        given_units=np.array([units for row in given for units in row.values()], np.int64),
        given_from=given_from,
        lines_of_pool=lines_of_pool,
        lines_of_pool_from=lines_of_pool_from,
        comes_back=np.array(
            [*(pool.takes_time for pool in gate.pools.values()), *(False for _ in gate.links)], np.bool_
        ),
        area_of_line=np.array([area_of_stage.get(stage_names[line.stage], -1) for line in lines], np.int32),
        area_spaces=np.array([area.spaces for area in gate.areas.values()], np.int64),
        area_reopens=np.array([_reopens_at(area) for area in gate.areas.values()], np.int64),
        enters_freely=np.array([line.enters_freely for line in lines], np.bool_),
        impatient=np.array([bool(s.patience or s.patience_for) for s in _of_lines(lines, stages)], np.bool_),
        lines_of_stage_from=_starts([line.stage for line in lines], len(stages)),
        groups_of_stage_from=_starts(groups.stage.tolist(), len(stages)),
        turns_away_at=_where_any([stages[line.stage].turns_away_at or NEVER_FULL for line in lines], NEVER_FULL),
        batch_size=_where_any([stage.batch.size if stage.batch else 0 for stage in stages], 0),
        batch_after=np.array([ticks_of(stage.batch.after) if stage.batch else 0 for stage in stages], np.int64),
        by_hand_without=_where_any(
            [
                count + names.index(s.sends.link) if s.sends and s.sends.without else -1
                for s in _of_lines(lines, stages)
            ],
            -1,
        ).astype(np.int32),
        mean_service=np.empty(0, np.int64),
        clocks=clocks([]),
        groups=count,
        **_turning(gate, groups),
    )


def _turning(gate: Gate, groups: LaneGroups) -> dict[str, npt.NDArray[Any]]:
    """Return what the network says of reversible lanes: two lane groups each, one after the other."""
    found = [way for stage in gate.stages.values() for way in ways(stage)]
    reversals = [way.reverses for way in found]
    other = [-1 if r is None else g + (1 if groups.counted[g] else -1) for g, r in enumerate(reversals)]
    return {
        "other_way": _where_any(other, -1).astype(np.int32),
        "turns_at": np.array([0 if r is None else r.at for r in reversals], np.int64),
        "turn_takes": np.array([0 if r is None else ticks_of(r.takes) for r in reversals], np.int64),
        "faces_first": groups.counted,
    }


def _of_lines(lines: list[Line], stages: Sequence[Stage]) -> list[Stage]:
    return [stages[line.stage] for line in lines]


def _reopens_at(area: Area) -> int:
    return area.spaces - 1 if area.reopens_at is None else area.reopens_at


def _starts(stage: Sequence[int], stages: int) -> Indices:
    """Return (stages + 1,) where the entries of each stage start in a list that goes stage by stage."""
    return np.searchsorted(stage, np.arange(stages + 1)).astype(np.int32)


def _where_any(values: Sequence[int], neutral: int) -> npt.NDArray[np.int64]:
    """Return values, or none at all if each is the neutral one: engines then skip what nobody asks for."""
    return np.array(values if any(value != neutral for value in values) else [], np.int64)


def _best_first(row: list[int], lines: list[Line]) -> list[int]:
    return sorted(row, key=lambda n: (lines[n].priority, n))


def _csr(rows: list[list[int]]) -> tuple[Indices, Indices]:
    flat = np.array([entry for row in rows for entry in row], np.int32)
    return flat, np.cumsum([0] + [len(row) for row in rows], dtype=np.int32)


def _timetable(groups: LaneGroups, pools: list[OnDuty]) -> tuple[Ticks, Indices, npt.NDArray[np.int64]]:
    """Return the changes of units on duty, ordered by (tick, resource); none changes twice at one tick."""
    ticks, resource, units = [], [], []
    for g, windows in enumerate(groups.windows):
        ticks += [windows.start, windows.end]
        resource += [np.full(2 * windows.start.size, g, np.int32)]
        units += [np.full(windows.start.size, groups.lanes[g]), np.zeros(windows.end.size, np.int64)]
    for p, pool in enumerate(pools):
        ticks.append(pool.tick)
        resource.append(np.full(pool.tick.size, len(groups.name) + p, np.int32))
        units.append(pool.units)
    tick, of, on_duty_units = np.concatenate(ticks), np.concatenate(resource), np.concatenate(units)
    order = np.lexsort((of, tick))
    return tick[order], of[order], on_duty_units[order]


def enters_freely(gate: Gate, stage: str, vehicle_class: str) -> bool:
    """Tell whether trucks of a class come into the area of a stage although it is full."""
    kept_out = next((area.keeps_out for area in gate.areas.values() if stage in area.stages), None)
    return kept_out is not None and vehicle_class not in kept_out
