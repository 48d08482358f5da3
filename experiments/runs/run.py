"""A run: all replications of one scenario."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.inputs.policy import PolicyCode, policy_code
from experiments.inputs.trace import Trace
from experiments.result_folder import NEWEST
from experiments.runs import executors, provenance
from experiments.runs.replications import Progress, Runner, planned
from experiments.runs.settings import RunSettings, Setup
from experiments.runs.statistics import BATCHES, CONFIDENCE, FEWEST_BATCH_DAYS, batch_interval, mean_interval
from experiments.runs.store import LogFiles, Store, setup_digest
from gates.borders.alone import refuse_border
from gates.files.load import refuse_unsound
from gates.findings import ConfigError, Finding
from gates.schema.scenario import Scenario
from gates.upgrades import Change
from sim.clock import Ticks
from sim.engines.log import NEVER, EventLog
from sim.metrics.fold import Measures
from sim.metrics.meter import Key
from sim.metrics.registry import key_document
from sim.metrics.scope import Scope
from sim.metrics.survival import CensoredTimes
from sim.metrics.trucks.clearance import CLEARANCE, time_values
from sim.plan.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.live import Policy

SCHEMA = NEWEST["run"][1]
"""Number of the format of a run's folder; readers refuse a newer one."""
MAX_VISITS_LOGGED = 40_000_000
"""Most stage visits that a run keeps in memory at once: about 70 bytes each."""
MAX_VISITS = 20_000_000_000
"""Most stage visits of all replications together: more than an hour of one core."""


@dataclass(frozen=True, eq=False)
class RunResult:
    """All replications of a scenario."""

    scenario: Scenario
    settings: RunSettings
    plan: Plan
    measures: tuple[Measures, ...]
    """One for each replication, in order."""
    logs: dict[int, EventLog] = field(default_factory=dict)
    """Event logs of the replications kept, by number."""
    changes: tuple[Change, ...] = ()
    """What upgrades changed in the gate before the run."""
    log_files: dict[int, LogFiles] = field(default_factory=dict)
    """Where the event logs are, if a store keeps them."""
    trace: Trace | None = None
    """Recorded trucks that came instead of drawn ones."""
    policy: PolicyCode | None = None
    """Own rules, under which the reference engine ran."""

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What `manifest.json` of its folder holds, but the list of files."""
        begin = self.plan.days.origin
        return provenance.manifest(self.scenario, self.settings, self.changes, begin, SCHEMA, self.trace, self.policy)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What `metrics.json` holds: every metric with its 95 % interval over replications.

        Of one long run whose event log is kept, the clearance of trucks has intervals of batches (`batch_values`).
        """
        rows, batches = [], batch_values(self)
        for key in self.measures[0].values:
            values = [m.values[key] for m in self.measures]
            estimate = batch_interval(values[0], batches[key]) if key in batches else mean_interval(values)
            rows.append({**key_document(key), **estimate.document()})
        return {
            "schema": SCHEMA,
            "gate": self.scenario.gate.name,
            "replications": len(self.measures),
            "confidence": CONFIDENCE,
            **({"batches": BATCHES} if batches else {}),
            "metrics": rows,
        }

    def __repr__(self) -> str:
        """Return a line: plan, measures and logs fill many screens."""
        scenario = self.scenario
        period = f"{scenario.days} days from {scenario.first_measured.isoformat()}"
        return f"RunResult of {scenario.gate.name}: {period}, {len(self.measures)} replications"


def run_scenario(
    scenario: Scenario,
    settings: RunSettings | None = None,
    *,
    trace: Trace | None = None,
    policy: Policy | None = None,
    executor: Executor | None = None,
    store: Store | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run all replications of `scenario`; the result depends neither on the executor nor on the store.

    Parameters
    ----------
    trace
        Recorded trucks that come instead of drawn ones.
    policy
        Own rules (`sim.live`), under which the reference engine runs in this process.
    executor
        Where replications run, such as `experiments.runs.executors.local()`; none means in threads of this process,
        one for each core.
    store
        Where finished replications and event logs are kept and looked for; none keeps nothing.
    progress
        Called at the beginning and after some replications each.

    Raises
    ------
    ConfigError
        If the gate is not one that a file could hold, or the run is larger than the limits allow.
    """
    settings = settings or RunSettings()
    refuse_unsound(scenario.gate)
    if policy is not None:
        refuse_border(scenario.gate, "policy", "own rules are for one gate, and this is a border")
    code = None if policy is None else policy_code(policy)
    refuse_too_large_run(planned(Setup.of_run(scenario, settings, trace, code).text)[1], settings)
    with nullcontext(executor) if executor else executors.threads() as chosen:
        return run_with(Runner(chosen, store, progress, policy=policy), scenario, settings, trace, code)


def run_with(
    runner: Runner,
    scenario: Scenario,
    settings: RunSettings,
    trace: Trace | None = None,
    policy: PolicyCode | None = None,
) -> RunResult:
    """Run all replications of `scenario`, however large it is."""
    setup = Setup.of_run(scenario, settings, trace, policy)
    digest = setup_digest(setup)
    numbers, logged = range(settings.replications), range(min(settings.keep_events, settings.replications))
    measures: dict[int, Measures] = {}
    logs: dict[int, EventLog] = {}
    for done in runner.finished({digest: setup}, numbers, settings.keep_events):
        measures[done.number] = done.measures
        if done.log is not None:
            logs[done.number] = done.log
    return RunResult(
        scenario,
        settings,
        planned(setup.text)[1],
        tuple(measures[number] for number in numbers),
        logs={number: logs[number] for number in logged if number in logs},
        log_files={number: runner.store.log_files(digest, number) for number in logged} if runner.store else {},
        trace=trace,
        policy=policy,
    )


def expected_visits(plan: Plan) -> float:
    """Return the expected number of stage visits of one replication, before the run."""
    return plan.expected_visits


def refuse_too_large_run(plan: Plan, settings: RunSettings) -> None:
    """Raise `ConfigError` if the run would need more memory or time than the limits allow."""
    visits = expected_visits(plan)
    findings = []
    at_once = visits * (settings.keep_events + executors.cores())
    if settings.keep_events and at_once > MAX_VISITS_LOGGED:
        problem = f"would hold about {at_once:,.0f} stage visits in memory; the limit is {MAX_VISITS_LOGGED:,}"
        remedy = "Keep the events of fewer replications, or of none: --keep-events none streams."
        findings.append(Finding("keep_events", str(settings.keep_events), problem, remedy))
    total = visits * settings.replications
    if total > MAX_VISITS:
        problem = f"would simulate about {total:,.0f} stage visits; the limit is {MAX_VISITS:,}"
        remedy = "Ask for fewer days or fewer replications."
        findings.append(Finding("replications", str(settings.replications), problem, remedy))
    if findings:
        raise ConfigError(findings)


def batch_values(result: RunResult) -> dict[Key, list[float]]:
    """Return clearance in each batch of days of one long run; nothing of several replications, or without a log.

    A truck belongs to the batch in which it arrives, whenever it is released.
    """
    days, plan = result.scenario.days, result.plan
    if len(result.measures) > 1 or days < BATCHES * FEWEST_BATCH_DAYS or not (tables := truck_tables(result)):
        return {}
    trucks, scope = tables[0], Scope(plan, exact=True)
    row = np.array([scope.classes.index(kind) for kind in zip(*_words(trucks, "direction", "class"), strict=True)])
    standing = {stream.name for stream in plan.streams if stream.standing}
    stood = np.array([flow in standing for flow in _words(trucks, "flow")[0]])
    arrived, released, departed = (_ticks(trucks, name) for name in ("arrived", "released", "departed"))
    first_days = [result.scenario.warmup_days + part[0] for part in np.array_split(np.arange(days), BATCHES)]
    batch = np.searchsorted(plan.midnight[first_days], arrived, side="right") - 1
    measured = (arrived >= plan.warmup) & ~stood
    times = CensoredTimes(len(scope.classes) * BATCHES, plan.end, exact=True)
    place = (row * BATCHES + batch).astype(np.int32)
    done = measured & (released != NEVER)
    times.add(place[done], (released - arrived)[done])
    inside = measured & (released == NEVER) & (departed == NEVER)  # who turned back is gone without a release
    times.cut_short(place[inside], plan.end - arrived[inside])
    found: dict[Key, list[float]] = {}
    for number in range(BATCHES):
        parts = {
            (direction, name): times.survival([row * BATCHES + number for row in rows])
            for direction, name, rows in scope.cohorts
        }
        for key, value in time_values(CLEARANCE, parts):
            found.setdefault(key, []).append(value)
    return found


def _words(table: pa.Table, *names: str) -> list[list[str]]:
    return [table.column(name).to_pylist() for name in names]


def _ticks(table: pa.Table, name: str) -> Ticks:
    return np.asarray(table.column(name).fill_null(NEVER).to_numpy(), np.int64)


def truck_tables(result: RunResult) -> list[pa.Table]:
    """Return the trucks of each replication whose event log is kept; loads Arrow."""
    from pyarrow import parquet

    from experiments.runs.tables import trucks_table

    trucks = [trucks_table(result.plan, number, log) for number, log in result.logs.items()]
    return trucks + [parquet.read_table(files.trucks, partitioning=None) for files in result.log_files.values()]
