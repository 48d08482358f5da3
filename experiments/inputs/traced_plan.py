"""A plan in which the trucks of a trace come."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from experiments.inputs.trace import FlowTrace, Trace
from sim.clock import Ticks
from sim.plan.arrivals import NOT_GIVEN, GivenTrucks
from sim.plan.plan import Plan, Stream


def with_trace(plan: Plan, trace: Trace | None) -> Plan:
    """Return a plan in which the trucks of a trace come instead of those that it would draw."""
    if trace is None:
        return plan
    streams = [
        dataclasses.replace(stream, given=_given(stream, trace.flows[stream.name]))
        if stream.name in trace.flows and not stream.standing
        else stream
        for stream in plan.streams
    ]
    return dataclasses.replace(plan, streams=tuple(streams))


def _given(stream: Stream, flow: FlowTrace) -> GivenTrucks:
    visits = [visit.name for visit in stream.path.visits]
    decisions = [decision.name for decision in stream.path.decisions]
    alternative = {}
    for name, taken in flow.choice.items():
        number = decisions.index(name)
        known = stream.path.decisions[number].alternatives
        alternative[number] = _numbers(None if each is None else known.index(each) for each in taken)
    return GivenTrucks(
        arrival=np.array(flow.arrival, np.int64),
        service={visits.index(name): _numbers(ticks) for name, ticks in flow.service.items()},
        alternative=alternative,
        makes={visits.index(name): _numbers(made) for name, made in flow.visits.items()},
    )


def _numbers(values: Iterable[int | None]) -> Ticks:
    return np.array([NOT_GIVEN if value is None else int(value) for value in values], np.int64)
