"""Trade that chooses between gates, put into the composed plan of a border: flows, boards and postings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gates.schema.borders.model import Board, Border, Trade
from gates.schema.borders.names import of_gate, way_of
from sim.arrays import Rows
from sim.clock import TICKS_PER_SECOND, LocalDays, Ticks, ticks_of
from sim.plan.borders.boards import BOARD, Boards, flow_rows
from sim.plan.distributions import sampler
from sim.plan.network import NO_LIMIT, Network
from sim.plan.paths import Decision
from sim.plan.plan import ONE_BY_ONE, Choosing, Plan, Stream

FREE = "free"
"""Name of the decision whether a truck may choose its gate, and of its first alternative."""
BoardName = tuple[str, str]
"""(trade, gate)."""


def with_trade(plan: Plan, border: Border, days: LocalDays) -> Plan:
    """Return the composed plan of a border with its trade; `days` are those of the side of the board."""
    if border.board is None or not border.trade:
        return plan
    boards = [(name, gate) for name, trade in border.trade.items() for gate in trade.flows]
    streams = _streams(plan, border)
    board_of_kind = _boards_of_kinds(plan, border, boards)
    flows = flow_rows(
        [board_of_kind.get(stream.kind, -1) if _counts(stream) else -1 for stream in streams],
        [stream.follows >= 0 for stream in streams],
        [any(visit.stage in _ways(border) and visit.share for visit in stream.path.visits) for stream in streams],
    )
    made = Boards(_board_rows(border, border.board, boards), flows, _thinks(plan, border, boards))
    network = _with_postings(plan.network, border.board, days, plan.end)._replace(boards=made)
    return replace(plan, streams=tuple(streams), network=network)


def _ways(border: Border) -> set[str]:
    """Return the stages at which trucks are on their way from another gate."""
    return {of_gate(gate, way_of(name)) for name, trade in border.trade.items() for gate in trade.flows}


def _streams(plan: Plan, border: Border) -> list[Stream]:
    """Return the flows of all gates, then one for each that chooses, at every other gate of its trade."""
    number = {stream.name: n for n, stream in enumerate(plan.streams)}
    streams = [_without_way(stream, _ways(border)) for stream in plan.streams]
    choosing = [(t, g, flow) for t in border.trade.values() for g, flows in t.flows.items() for flow in flows if t.free]
    for trade, gate, flow in choosing:
        here = number[of_gate(gate, flow)]
        own = _with_way_for_free(plan.streams[here], trade) if trade.thinks_again else plan.streams[here]
        places = []
        for other, flows_there in trade.flows.items():
            if other == gate:
                places.append(here)
                continue
            there = plan.streams[number[of_gate(other, flows_there[0])]]
            name = f"{own.name}>{other}"
            places.append(len(streams))
            streams.append(replace(there, name=name, rate=own.rate, groups=ONE_BY_ONE, follows=here))
        streams[here] = replace(own, choosing=_choosing(trade, trade.extra(border), tuple(places)))
    return streams


def _choosing(trade: Trade, extra: dict[str, float], streams: tuple[int, ...]) -> Choosing:
    limit = trade.puts_up_with
    return Choosing(
        free=trade.free,
        gates=tuple(trade.flows),
        streams=streams,
        extra=tuple(extra[gate] * TICKS_PER_SECOND for gate in trade.flows),
        spread=trade.spread * TICKS_PER_SECOND,
        puts_up_with=None if limit is None else sampler(limit),
    )


def _without_way(stream: Stream, ways: set[str]) -> Stream:
    """Return a flow whose trucks never come from another gate: none of them is on the way."""
    visits = tuple(replace(each, share=0.0) if each.stage in ways else each for each in stream.path.visits)
    return replace(stream, path=replace(stream.path, visits=visits))


def _with_way_for_free(stream: Stream, trade: Trade) -> Stream:
    """Return a flow of which the trucks that may choose, and they alone, have the way as their first visit."""
    path = stream.path
    decision = Decision(FREE, (FREE, "bound"), (trade.free, 1 - trade.free), ())
    way = replace(path.visits[0], when=((len(path.decisions), frozenset([0])),))
    decided = replace(path, decisions=(*path.decisions, decision), visits=(way, *path.visits[1:]))
    return replace(stream, path=decided)


def _boards_of_kinds(plan: Plan, border: Border, boards: list[BoardName]) -> dict[int, int]:
    """Return loaded kind -> board on which its trucks count."""
    stream = {stream.name: stream for stream in plan.streams}
    return {
        stream[of_gate(gate, flow)].kind: n
        for n, (name, gate) in enumerate(boards)
        for flow in border.trade[name].flows[gate]
    }


def _counts(stream: Stream) -> bool:
    """Tell whether trucks of a flow may count on a board: not those that stand behind the release at the start."""
    return stream.path.begins < stream.path.released


def _board_rows(border: Border, board: Board, boards: list[BoardName]) -> Rows:
    rows = np.zeros(len(boards), BOARD)
    for n, (name, gate) in enumerate(boards):
        trade = border.trade[name]
        gain = NO_LIMIT if trade.thinks_again is None else ticks_of(trade.thinks_again.gain)
        first = ticks_of(trade.usual_wait[gate])
        rows[n] = (board.over, trade.knows, ticks_of(board.at_most), first, gain)
    return rows


def _thinks(plan: Plan, border: Border, boards: list[BoardName]) -> npt.NDArray[np.bool_]:
    """Return (stages, boards) whether trucks of a board choose again while they queue at a stage."""
    thinks = np.zeros((len(plan.stages), len(boards)), np.bool_)
    for n, (name, gate) in enumerate(boards):
        again = border.trade[name].thinks_again
        for stage in again.at.get(gate, []) if again else []:
            thinks[plan.stages.index(of_gate(gate, stage)), n] = True
    return thinks


def _with_postings(network: Network, board: Board, days: LocalDays, end: int) -> Network:
    """Return the network with the postings in its timetable: of the resource after the last link."""
    ticks = {days.at(d, second) for d in range(len(days.dates)) for second in board.at}
    posted: Ticks = np.array(sorted(tick for tick in ticks if 0 < tick < end), np.int64)
    number = network.groups.size + network.pools.size
    tick = np.concatenate((network.change_tick, posted))
    resource = np.concatenate((network.change_resource, np.full(posted.size, number, np.uint32)))
    units = np.concatenate((network.change_units, np.zeros(posted.size, np.int64)))
    keeps = np.concatenate((network.change_keeps, np.full(posted.size, NO_LIMIT)))
    order = np.lexsort((resource, tick))
    return network._replace(
        change_tick=tick[order],
        change_resource=resource[order],
        change_units=units[order],
        change_keeps=keeps[order],
    )
