"""Each reading of a gate held to each target: the value with its interval, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.calibration.observed import STATISTIC, can_be_taken, is_observed, observed, unknown_names
from experiments.runs.replications import Runner
from experiments.runs.settings import Setup
from experiments.runs.statistics import Estimate, mean_interval
from experiments.studies.model import metric_key
from experiments.studies.run import known_metrics
from gates.edited import edited
from gates.findings import ConfigError, Finding, suggestion
from gates.readings import Target
from gates.rivals import known_reading, placed_in, reading_of, rivals_of
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim.metrics.fold import Measures
from sim.metrics.meter import Key

Verdict = Literal["met", "missed", "open"]
QUICK = (5, 10, 25)
"""Percentiles below the median that targets may name of `clearance_h` and `passage_h`: the quickest trucks."""
AS_IT_IS = "as it is"
"""What the one reading of a gate without readings is called."""


@dataclass(frozen=True)
class Period:
    """How long a calibration simulates where a target does not say, how often, and with which seed."""

    days: int = 30
    warmup_days: int = 7
    replications: int = 20
    seed: int = 1


@dataclass(frozen=True)
class Held:
    """One reading held to one target, at one demand."""

    reading: str
    target: str
    demand: float
    estimate: Estimate
    verdict: Verdict


def readings_of(gate: Gate, wanted: Sequence[str] = ()) -> list[str]:
    """Return the readings of a gate that are wanted, the baseline first; a gate without any is its only one.

    Raises
    ------
    ConfigError
        With a finding for each name that is none.
    """
    baseline = reading_of(gate)
    known = [baseline or AS_IT_IS, *(rivals_of(gate) if gate.reading is None else ())]
    wrong = [name for name in wanted if name not in known]
    if wrong:
        raise ConfigError([Finding("--reading", name, "no such reading", suggestion(known, name)) for name in wrong])
    return [name for name in known if not wanted or name in wanted]


def under(gate: Gate, reading: str) -> Gate:
    """Return a gate under one of its readings."""
    return known_reading(gate, reading) if reading in gate.readings and gate.reading is None else gate


def scenario_of(gate: Gate, reading: str, name: str, demand: float, period: Period) -> Scenario:
    """Return the scenario in which a reading is held to a target.

    Raises
    ------
    ConfigError
        If the changes of the target do not fit the gate under this reading.
    """
    target = gate.targets[name]
    there = under(gate, reading)
    if target.changes:
        there, _ = edited(there, placed_in(f"targets.{name}", target.changes))
    return Scenario(
        gate=there,
        days=target.days or period.days,
        warmup_days=period.warmup_days if target.warmup_days is None else target.warmup_days,
        start=target.start,
        demand=demand,
    )


def refuse_unknown_metrics(gate: Gate) -> None:
    """Raise if a target names a metric that the gate does not have, before anything runs.

    Raises
    ------
    ConfigError
        With a finding for each.
    """
    findings = []
    usual = known_metrics(Scenario(gate=gate)) if gate.targets else []
    stages = {name for reading in readings_of(gate) for name in under(gate, reading).stages} if gate.targets else set()
    for name, target in gate.targets.items():
        for place, unknown in unknown_names(target, stages, gate.classes):
            known = gate.classes if "classes" in place else stages
            findings.append(Finding(f"targets.{name}.{place}", unknown, "no such name", suggestion(known, unknown)))
        if target.metric is None or target.metric in usual or _is_quick(target.metric, usual):
            if target.among is not None and target.metric is not None and not can_be_taken(metric_key(target.metric)):
                problem = "cannot be measured for only some of the trucks"
                remedy = f"Name a direction, and one of {', '.join(STATISTIC)}, or remove `among`."
                findings.append(_of_metric(name, target, problem, remedy))
            continue
        try:
            metric_key(target.metric)
        except ValueError as error:
            context = getattr(error, "context", None) or {"problem": str(error), "remedy": "Write another."}
            findings.append(_of_metric(name, target, context["problem"], context["remedy"]))
            continue
        known_there = known_metrics(scenario_of(gate, readings_of(gate)[0], name, target.demand[0], Period()))
        if target.metric not in known_there:
            remedy = suggestion(known_there, target.metric)
            findings.append(_of_metric(name, target, "this gate has no such metric", remedy))
    if findings:
        raise ConfigError(findings)


def _is_quick(metric: str, known: Sequence[str]) -> bool:
    """Tell whether a metric is a low percentile of one that has a mean."""
    parts = metric.split(".")
    quick = parts[0] in ("clearance_h", "passage_h") and parts[1:2] in [[f"p{percent}"] for percent in QUICK]
    return quick and ".".join([parts[0], "mean", *parts[2:]]) in known


def _of_metric(name: str, target: Target, problem: str, remedy: str) -> Finding:
    return Finding(f"targets.{name}.metric", str(target.metric), problem, remedy)


def held_to_targets(gate: Gate, readings: Sequence[str], period: Period, runner: Runner) -> list[Held]:
    """Hold each reading to each target, at each of its demands."""
    wanted = [
        (reading, name, demand)
        for name, target in gate.targets.items()
        for demand in target.demand
        for reading in readings
    ]
    scenarios = [scenario_of(gate, reading, name, demand, period) for reading, name, demand in wanted]
    targets = [gate.targets[name] for _, name, _ in wanted]
    run = [each for each, target in zip(scenarios, targets, strict=True) if not is_observed(target)]
    made = iter(measured(run, period, runner))
    rows = []
    for (reading, name, demand), target, scenario in zip(wanted, targets, scenarios, strict=True):
        if target.metric is None or is_observed(target):
            values = observed(scenario, target, period.seed, range(period.replications))
        else:
            key = metric_key(target.metric)
            values = [each.get(key, math.nan) for each in next(made)]
        estimate = mean_interval(values)
        rows.append(Held(reading, name, demand, estimate, verdict_of(target, estimate)))
    return rows


def measured(scenarios: Sequence[Scenario], period: Period, runner: Runner) -> tuple[tuple[dict[Key, float], ...], ...]:
    """Return every number of each replication of each scenario."""
    setups = [Setup(scenario=scenario, seed=period.seed) for scenario in scenarios]
    return runner.table(setups, range(period.replications), _values)


def _values(measures: Measures) -> dict[Key, float]:
    """Return the numbers of a replication, and the low percentiles of clearance and passage."""
    found = dict(measures.values)
    for metric, curves in (("clearance_h", measures.clearance_curve), ("passage_h", measures.passage_curve)):
        for (direction, vehicle_class), hours in curves.items():
            for percent in QUICK:
                value = float(np.interp(percent, measures.percent, hours))
                found[Key(metric, f"p{percent}", direction, vehicle_class)] = value
    return found


def verdict_of(target: Target, estimate: Estimate) -> Verdict:
    """Return `met` where the whole interval is in the band, `missed` where none of it is, else `open`."""
    if math.isnan(estimate.value):
        return "open"
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return "met" if target.holds(estimate.value) else "missed"
    if target.holds(estimate.low) and target.holds(estimate.high):
        return "met"
    below = target.low is not None and estimate.high < target.low
    above = target.high is not None and estimate.low > target.high
    return "missed" if below or above else "open"
