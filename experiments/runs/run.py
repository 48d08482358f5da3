"""Replications of one scenario."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from experiments.runs.settings import RunSettings, streams
from gates.findings import ConfigError, Finding
from gates.schema.scenario import Scenario
from gates.upgrades import Change
from sim.draws.draw import draw
from sim.engines.log import EventLog
from sim.engines.simulate import simulate
from sim.metrics.fold import Measures, measure
from sim.plan.compile import compile_plan
from sim.plan.plan import Plan
from sim.streaming import stream

MAX_VISITS_LOGGED = 40_000_000
"""Most stage visits that a run keeps in memory at once: about 70 bytes each."""
MAX_VISITS = 20_000_000_000
"""Most stage visits of all replications together: more than an hour of one core."""

Progress = Callable[[int, int], None]
"""Called with (replications done, replications in all)."""


@dataclass(frozen=True, eq=False)
class RunResult:
    """All replications of a scenario."""

    scenario: Scenario
    settings: RunSettings
    plan: Plan
    measures: tuple[Measures, ...]
    """One for each replication, in order."""
    logs: dict[int, EventLog] = field(default_factory=dict)
    """Event logs of the replications kept."""
    changes: tuple[Change, ...] = ()
    """What upgrades changed in the gate before the run."""


def run_scenario(
    scenario: Scenario,
    settings: RunSettings | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run all replications of `scenario`; the result does not depend on the number of workers.

    Parameters
    ----------
    workers
        Replications run at once; all cores if not given.
    progress
        Called after each replication.

    Raises
    ------
    ConfigError
        If the run is larger than the limits allow.
    """
    settings = settings or RunSettings()
    plan = compile_plan(scenario)
    refuse_what_is_too_large(plan, settings)
    measures: dict[int, Measures] = {}
    logs: dict[int, EventLog] = {}
    with ThreadPoolExecutor(max_workers=workers or _cores()) as pool:
        pending: dict[Future[tuple[Measures, EventLog | None]], int] = {
            pool.submit(replicate, plan, settings, number): number for number in range(settings.replications)
        }
        try:
            while pending:
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    number = pending.pop(future)
                    measures[number], log = future.result()
                    if log is not None:
                        logs[number] = log
                    if progress:
                        progress(len(measures), settings.replications)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    ordered = range(settings.replications)
    kept = {n: logs[n] for n in ordered if n in logs}
    return RunResult(scenario, settings, plan, tuple(measures[n] for n in ordered), kept)


def replicate(plan: Plan, settings: RunSettings, number: int) -> tuple[Measures, EventLog | None]:
    """Run one replication: what it measured, and its event log if that is kept."""
    if streams(settings):
        return stream(plan, settings.seed, number), None
    log = simulate(plan, draw(plan, settings.seed, number), settings.engine)
    return measure(plan, log), log if number < settings.keep_events else None


def expected_visits(plan: Plan) -> float:
    """Return the expected number of stage visits of one replication, before the run."""
    return sum(s.expected(plan.end) * s.path.expected_visits() for s in plan.streams)


def refuse_what_is_too_large(plan: Plan, settings: RunSettings) -> None:
    """Raise `ConfigError` if the run would need more memory or time than the limits allow."""
    visits = expected_visits(plan)
    findings = []
    at_once = visits * (settings.keep_events + _cores())
    if settings.keep_events and at_once > MAX_VISITS_LOGGED:
        problem = f"would hold some {at_once:,.0f} stage visits in memory; the limit is {MAX_VISITS_LOGGED:,}"
        remedy = "Keep the events of fewer replications, or of none: --keep-events none streams."
        findings.append(Finding("keep_events", str(settings.keep_events), problem, remedy))
    total = visits * settings.replications
    if total > MAX_VISITS:
        problem = f"would simulate some {total:,.0f} stage visits; the limit is {MAX_VISITS:,}"
        remedy = "Ask for fewer days or fewer replications."
        findings.append(Finding("replications", str(settings.replications), problem, remedy))
    if findings:
        raise ConfigError(findings)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
