"""The plans of several gates put together to one, side by side: nothing of a gate touches another.

Whatever an array counts is numbered on: the stages of the second gate come after those of the first, and so on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from gates.schema.borders.names import of_gate
from sim.arrays import NOBODY, Indices, Rows
from sim.plan.borders.boards import no_boards
from sim.plan.failures import Source
from sim.plan.network import Network
from sim.plan.paths import Path
from sim.plan.plan import HourKeeping, Kind, Plan, Returning, Stream
from sim.plan.slots import Slots
from sim.plan.supply import LaneGroups
from sim.plan.work_clocks import clocks

Shift = npt.NDArray[np.int64]
"""Number at the gate -> number at the border."""


@dataclass(frozen=True, eq=False)
class Part:
    """A gate of the border: its plan, and how what it counts is numbered at the border."""

    name: str
    plan: Plan
    shift: Mapping[str, Shift]
    """What is counted, or an array of entries -> number there -> number at the border."""

    def named(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names at the border."""
        return tuple(of_gate(self.name, name) for name in names)

    def moved(self, what: str, number: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return numbers at the border; -1, or `NOBODY`, stays."""
        none = NOBODY if number.dtype == np.uint32 else -1
        real = number != none
        out = number.copy()
        out[real] = self.shift[what][number[real]]
        return out


_ENTRIES = ("taken", "given", "groups_of_line", "lines_of_group", "lines_of_pool", "groups_before_area")


def _size(entries: str, plan: Plan) -> int:
    return int(getattr(plan.network, entries).size)


_COUNTS: Mapping[str, Callable[[Plan], int]] = {
    "stages": lambda plan: len(plan.stages),
    "lines": lambda plan: plan.network.lines.size,
    "groups": lambda plan: plan.network.groups.size,
    "areas": lambda plan: plan.network.areas.size,
    "kinds": lambda plan: len(plan.kinds),
    "samplers": lambda plan: len(plan.samplers),
    "streams": lambda plan: len(plan.streams),
    **{name: functools.partial(_size, name) for name in _ENTRIES},
}
_POINTS_TO: Mapping[str, Mapping[str, str]] = {
    "lines": {
        **{"stage": "stages", "area": "areas", "by_hand_without": "resources", "kept_out_of": "areas"},
        **{"groups": "groups_of_line", "taken": "taken", "given": "given"},
    },
    "groups": {"lines": "lines_of_group", "other_way": "groups", "stage": "stages"},
    "pools": {"lines": "lines_of_pool"},
    "areas": {"groups_before": "groups_before_area"},
    "stages": {"lines": "lines", "groups": "groups"},
}
"""Table -> what its columns with numbers of rows count; of `_from` and `_to`, which entries."""


_FLAGS = ("turns_away", "batches", "reverses", "opens_by_queue", "works_by_hand", "serves_queue", "keeps_out")
"""Whether any gate has a mechanism."""


def composed(plans: Mapping[str, Plan]) -> Plan:
    """Return the plans of gates, by their names at the border, as one; days and ends of all are the same."""
    parts = _parts(plans)
    first = parts[0].plan
    pools, links = _pools_then_links(parts)
    return Plan(
        network=_network(parts),
        stages=_joined(part.named(part.plan.stages) for part in parts),
        kinds=_joined([_kind(part, kind) for kind in part.plan.kinds] for part in parts),
        streams=_joined([_stream(part, stream) for stream in part.plan.streams] for part in parts),
        groups=_groups(parts),
        line_of=_blocks([part.moved("lines", part.plan.line_of) for part in parts]),
        line_kept_out=_blocks([part.moved("lines", part.plan.line_kept_out) for part in parts]),
        line_windows=_joined(part.plan.line_windows for part in parts),
        samplers=_joined(part.plan.samplers for part in parts),
        sampler_of={
            column: _blocks([part.moved("samplers", part.plan.sampler_of[column]) for part in parts])
            for column in first.sampler_of
        },
        failing=_joined(part.plan.failing for part in parts),
        return_failing=_joined([_returning(part, each) for each in part.plan.return_failing] for part in parts),
        shelf=_joined(part.plan.shelf for part in parts),
        worth=_joined(part.plan.worth for part in parts),
        hour_keeping=_hour_keeping(parts),
        wait_target=np.concatenate([part.plan.wait_target for part in parts]),
        ageing=np.concatenate([part.plan.ageing for part in parts]),
        bookings=_joined([_slots(part, slots) for slots in part.plan.bookings] for part in parts),
        pools=(*pools, *links),
        links=links,
        on_duty=_joined(on_duty for which in (0, 1) for on_duty in (_split(p, p.plan.on_duty)[which] for p in parts)),
        areas=_joined(part.named(part.plan.areas) for part in parts),
        road_m=_joined(part.plan.road_m for part in parts),
        outside_road_m={
            of_gate(part.name, direction): road
            for part in parts
            for direction, road in part.plan.outside_road_m.items()
        },
        load_t=np.concatenate([part.plan.load_t for part in parts]),
        clock_of_group=_joined(part.plan.clock_of_group for part in parts),
        outages=_joined([_source(part, source) for source in part.plan.outages] for part in parts),
        warmup=first.warmup,
        end=first.end,
        days=first.days,
        zones={side: zone for part in parts for side, zone in part.plan.zones.items()},
        bulletin=first.bulletin,
        across=_across(parts),
    )


def _across(parts: Sequence[Part]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the stages that end a truck's part in the stock of its gate, by direction; those of other gates do not."""
    found = {}
    for part in parts if any(each.plan.across for each in parts) else ():
        for direction in sorted({kind.direction for kind in part.plan.kinds}):
            none = [np.zeros(len(each.plan.stages), np.bool_) for each in parts]
            own = part.plan.across.get(direction)
            masks = [mask if own is None or each is not part else own for each, mask in zip(parts, none, strict=True)]
            found[of_gate(part.name, direction)] = np.concatenate(masks)
    return found


def _hour_keeping(parts: list[Part]) -> HourKeeping | None:
    """Return by what hours of trucks are counted; None unless every gate counts money or energy."""
    kept = [part.plan.hour_keeping for part in parts]
    found = [each for each in kept if each is not None]
    if len(found) < len(kept):
        return None
    units = np.zeros((sum(each.hold.size for each in found), sum(len(each.fleets) for each in found)), np.int64)
    row = column = 0
    for each in found:
        rows, columns = each.fleet_units.shape
        units[row : row + rows, column : column + columns] = each.fleet_units
        row, column = row + rows, column + columns
    return HourKeeping(
        hold=np.concatenate([each.hold for each in found]),
        drive_m=np.concatenate([each.drive_m for each in found]),
        on_road=np.concatenate([each.on_road for each in found]),
        fleets=_joined(part.named(each.fleets) for part, each in zip(parts, found, strict=True)),
        fleet_units=units,
    )


def _parts(plans: Mapping[str, Plan]) -> list[Part]:
    """Return the gates with the numbers of all that they count."""
    many = list(plans.values())
    own_pools = [len(plan.pools) - len(plan.links) for plan in many]
    groups, pools = sum(plan.network.groups.size for plan in many), sum(own_pools)
    first = {what: [0, *accumulate(map(count, many))] for what, count in _COUNTS.items()}
    first_pool = list(accumulate(own_pools, initial=groups))
    first_link = list(accumulate((len(plan.links) for plan in many), initial=groups + pools))
    parts = []
    for n, (name, plan) in enumerate(plans.items()):
        shift = {what: np.arange(count(plan) + 1) + first[what][n] for what, count in _COUNTS.items()}
        shift["resources"] = np.concatenate(
            (
                np.arange(plan.network.groups.size) + first["groups"][n],
                np.arange(own_pools[n]) + first_pool[n],
                np.arange(len(plan.links)) + first_link[n],
            )
        )
        parts.append(Part(name, plan, shift))
    return parts


def _joined(rows: Any) -> tuple[Any, ...]:
    return tuple(entry for row in rows for entry in row)


def _blocks(tables: Sequence[Indices]) -> Indices:
    """Return tables along the diagonal of one, which holds -1 elsewhere."""
    out = np.full((sum(len(table) for table in tables), sum(table.shape[1] for table in tables)), -1, np.int32)
    row = column = 0
    for table in tables:
        out[row : row + len(table), column : column + table.shape[1]] = table
        row, column = row + len(table), column + table.shape[1]
    return out


def _split(part: Part, of_pools: Any) -> tuple[Any, Any]:
    """Return what belongs to the pools of a gate, and what to its links."""
    own = len(part.plan.pools) - len(part.plan.links)
    return of_pools[:own], of_pools[own:]


def _pools_then_links(parts: Sequence[Part]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    pools, links = (_joined(part.named(_split(part, part.plan.pools)[which]) for part in parts) for which in (0, 1))
    return pools, links


def _kind(part: Part, kind: Kind) -> Kind:
    return replace(kind, direction=of_gate(part.name, kind.direction))


def _stream(part: Part, stream: Stream) -> Stream:
    """Return a flow as it is at the border."""
    without = stream.line_without_slot
    return replace(
        stream,
        name=of_gate(part.name, stream.name),
        kind=int(part.shift["kinds"][stream.kind]),
        path=_path(part, stream.path),
        line_without_slot=None if without is None else part.moved("lines", without),
    )


def _path(part: Part, path: Path) -> Path:
    def at_border(second: tuple[str, str] | None) -> tuple[str, str] | None:
        return None if second is None else (second[0], of_gate(part.name, second[1]))

    visits = tuple(
        replace(visit, stage=of_gate(part.name, visit.stage), second=at_border(visit.second)) for visit in path.visits
    )
    return replace(path, direction=of_gate(part.name, path.direction), visits=visits)


def _returning(part: Part, returning: tuple[Returning, ...]) -> tuple[Returning, ...]:
    return tuple(replace(each, taken_at=frozenset(part.named(sorted(each.taken_at)))) for each in returning)


def _slots(part: Part, slots: Slots) -> Slots:
    streams = tuple(int(part.shift["streams"][n]) for n in slots.streams)
    return replace(slots, name=of_gate(part.name, slots.name), streams=streams)


def _source(part: Part, source: Source) -> Source:
    resources, stops, over = (
        tuple(int(part.shift["resources"][n]) for n in which)
        for which in (source.resources, source.stops, source.hands_over)
    )
    return replace(source, name=of_gate(part.name, source.name), resources=resources, stops=stops, hands_over=over)


def _groups(parts: Sequence[Part]) -> LaneGroups:
    return LaneGroups(
        stage=np.concatenate([part.moved("stages", part.plan.groups.stage) for part in parts]),
        name=_joined(part.plan.groups.name for part in parts),
        lanes=np.concatenate([part.plan.groups.lanes for part in parts]),
        counted=np.concatenate([part.plan.groups.counted for part in parts]),
        windows=_joined(part.plan.groups.windows for part in parts),
    )


def _network(parts: Sequence[Part]) -> Network:
    """Return the networks of gates as one."""
    networks = [part.plan.network for part in parts]
    tables: dict[str, list[Any]] = {name: [_rows(part, name) for part in parts] for name in _POINTS_TO}
    of_pools = [_split(part, rows) for part, rows in zip(parts, tables["pools"], strict=True)]
    tables["pools"] = [pools for pools, _ in of_pools] + [links for _, links in of_pools]
    whole: dict[str, Any] = {name: np.concatenate(rows) for name, rows in tables.items()}
    whole |= {flag: any(getattr(network, flag) for network in networks) for flag in _FLAGS}
    tick = np.concatenate([network.change_tick for network in networks])
    resource = _entries(parts, "change_resource", "resources")
    order = np.lexsort((resource, tick))
    return Network(
        **whole,
        change_tick=tick[order],
        change_resource=resource[order],
        change_units=np.concatenate([network.change_units for network in networks])[order],
        change_keeps=np.concatenate([network.change_keeps for network in networks])[order],
        taken=_units(parts, "taken"),
        given=_units(parts, "given"),
        groups_of_line=_entries(parts, "groups_of_line", "groups"),
        lines_of_group=_entries(parts, "lines_of_group", "lines"),
        lines_of_pool=_entries(parts, "lines_of_pool", "lines"),
        groups_before_area=_entries(parts, "groups_before_area", "groups"),
        clocks=clocks(_joined(part.plan.clock_of_group for part in parts)),
        boards=no_boards(sum(network.stages.size for network in networks)),
    )


def _rows(part: Part, table: str) -> Rows:
    """Return the rows of a table with numbers at the border."""
    rows = getattr(part.plan.network, table).copy()
    for name in rows.dtype.names:
        if rows.dtype[name] == np.uint32:
            rows[name] = part.moved(_POINTS_TO[table][name.removesuffix("_from").removesuffix("_to")], rows[name])
    return np.asarray(rows)


def _entries(parts: Sequence[Part], name: str, what: str) -> npt.NDArray[Any]:
    return np.concatenate([part.moved(what, getattr(part.plan.network, name)) for part in parts])


def _units(parts: Sequence[Part], name: str) -> Rows:
    rows = [getattr(part.plan.network, name).copy() for part in parts]
    for part, mine in zip(parts, rows, strict=True):
        mine["pool"] = part.moved("resources", mine["pool"])
    return np.concatenate(rows)
