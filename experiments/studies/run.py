"""Running a study: every cell as often as wanted, whatever was finished before taken from the store.

Results do not depend on the number of workers, on the executor or on what was in the store: replications are put in
order by cell and number, never by completion.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from experiments.runs.replications import Progress, Runner
from experiments.runs.settings import Setup
from experiments.runs.statistics import mean_interval
from experiments.runs.store import Store
from experiments.studies.bottleneck import after_relief, growths, tenth_more
from experiments.studies.budget.mixes import (
    candidate_cells,
    most_mixes,
    pair_cells,
    refuse_without_prices,
    selections,
)
from experiments.studies.designs import Bench, Cell, cells, readings_of_study, values_of, varied_places
from experiments.studies.model import (
    BUDGETED,
    Precision,
    Study,
    Target,
    metric_key,
    metric_text,
)
from experiments.studies.replication import Replication, kept
from experiments.studies.result import StudyResult
from experiments.studies.sensitivity import power_of_two, screening_cells, variance_cells
from experiments.studies.warm_up import PILOT_DAYS, PILOT_REPLICATIONS, Warmup, found_warmup
from experiments.studies.worlds.run import most_runs_of_a_world, refuse_without_options, run_worlds
from gates.findings import ConfigError, Finding, suggestion
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario

MOST_WARMED = 32
"""With more scenarios, the warm-up is found on the base alone."""
MAX_REPLICATIONS_OF_A_STUDY = 1_000_000
MOST_TRUCKS_LOGGED = 300_000
"""Larger scenarios are streamed: a log of this size takes some 200 MB, and its percentiles are exact."""


def run_study(
    study: Study,
    *,
    store: Store | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    chunk: int | None = None,
    stage: Callable[[int, int], None] | None = None,
) -> StudyResult:
    """Run a study.

    Parameters
    ----------
    store
        Where finished replications are kept and looked for; none keeps nothing.
    executor
        Where replications run, such as `experiments.runs.executors.local()`; none means here, one after the other.
    progress
        Called at the beginning and after some replications each.
    cancelled
        Asked now and then whether to stop.
    chunk
        Most replications of a scenario that a worker makes at once; if not said, the runner decides.
    stage
        Called with (its number, how many there are at most) when a stage begins: what the replications of one stage
        say decides how many the next one needs, so that the time left is only known in the last one.

    Raises
    ------
    ConfigError
        If a scenario cannot be built, or there would be too many replications.
    Cancelled
        If `cancelled` said so.
    """
    refuse_without_prices(study)
    refuse_without_options(study)
    runner = Runner(executor, store, progress, cancelled, chunk)
    reading, *others = readings_of_study(study, study.own_gate())
    refuse_unknown_metrics(study)
    phases = PHASES.get(study.design or "", ())
    warms = study.warmup_days == "auto"
    stages = warms + 1 + len(phases) + (study.budget is not None) + len(others) + bool(study.worlds)
    numbers = itertools.count(1)

    def begin() -> None:
        if stage is not None:
            stage(next(numbers), stages)

    if warms:
        begin()
    warmup_days, warmups = _warmup(study, runner)
    begin()
    result = StudyResult(study, (), (), warmup_days, warmups, reading=reading)
    result = _with_cells(result, cells(study, warmup_days), runner)
    for phase in phases:
        begin()
        if made := phase(result):
            result = _with_cells(result, made, runner)
    if study.budget is not None:
        begin()
        result = dataclasses.replace(result, selections=selections(result, sampled(result, runner)))
    rivals = tuple(_under(result, reading, runner, begin) for reading in others)
    if study.worlds:
        begin()
    worlds = run_worlds(result, runner) if study.worlds else None
    return dataclasses.replace(result, simulated=runner.simulated, rivals=rivals, worlds=worlds)


def _under(result: StudyResult, reading: str | None, runner: Runner, begin: Callable[[], None]) -> StudyResult:
    """Return what a study finds under another reading of its gate, with as many replications."""
    begin()
    study = result.study
    made = cells(study, result.warmup_days, reading)
    numbers = range(len(result.replications[0]))
    found = _replications(study, [cell.scenario for cell in made], numbers, runner)
    return StudyResult(study, tuple(made), found, result.warmup_days, reading=reading)


def _with_cells(result: StudyResult, made: list[Cell], runner: Runner) -> StudyResult:
    """Run more cells, and return the result with them."""
    study = result.study
    _refuse_too_many(study, len(result.cells) + len(made))
    scenarios = [cell.scenario for cell in made]
    if isinstance(study.replications, Precision) and not result.cells:
        replications, unmet = _until_precise(scenarios, study, study.replications, runner)
    else:
        first = len(result.replications[0]) if result.cells else study.replications
        assert isinstance(first, int)
        replications, unmet = _replications(study, scenarios, range(first), runner), result.unmet
    return dataclasses.replace(
        result, cells=(*result.cells, *made), replications=(*result.replications, *replications), unmet=unmet
    )


Phase = Callable[[StudyResult], list[Cell]]
"""Looks at the results so far and names the cells that come next."""


PHASES: dict[str, tuple[Phase, ...]] = {
    "bottleneck": (tenth_more, after_relief),
    "screening": (screening_cells, variance_cells),
    BUDGETED: (pair_cells, candidate_cells),
}


def most_scenarios(study: Study, gate: Gate) -> int:
    """Return how many scenarios a study has at most, without making them: a grid may have more than a machine holds.
    Those in plausible worlds count by their replications.

    Parameters
    ----------
    gate
        The gate of its base.
    """
    values = [len(values_of(name, factor)) for name, factor in study.factors.items() if factor.low is None]
    ranges = sum(factor.low is not None for factor in study.factors.values())
    places = study.assumptions.paths
    designed = {
        "one-at-a-time": lambda: sum(values),
        "grid": lambda: math.prod(values),
        "space-filling": lambda: study.points,
        "screening": lambda: (
            study.trajectories * (len(values) + ranges + 1)
            + bool(study.strongest) * power_of_two(study.points) * (study.strongest + 2)
        ),
        "tornado": lambda: 4 * len(varied_places(gate) if places is None else places),
        "bottleneck": lambda: 2 * len(growths(gate)),
        BUDGETED: lambda: most_mixes(study),
    }
    scenarios = 1 + len(study.scenarios) + (designed[study.design]() if study.design else 0)
    in_worlds = math.ceil(study.worlds * most_runs_of_a_world(scenarios) / most_replications(study))
    return scenarios * len(readings_of_study(study, study.own_gate())) + in_worlds


def most_replications(study: Study) -> int:
    """Return how many replications a scenario of a study has at most."""
    return study.replications.at_most if isinstance(study.replications, Precision) else study.replications


def refuse_unknown_metrics(study: Study) -> None:
    """Raise if the gate does not have a metric that the study names, before anything runs.

    Raises
    ------
    ConfigError
        With a finding for each such metric, and for the base if it cannot be built.
    """
    named = [(f"metrics[{n}]", text) for n, text in enumerate(study.metrics)]
    if isinstance(study.replications, Precision):
        targets = enumerate(study.replications.targets)
        named += [(f"replications.targets[{n}].metric", target.metric) for n, target in targets]
    if not named:
        return
    known = known_metrics(Bench(study, 0).base().scenario)
    unknown = {text: path for path, text in reversed(named) if text not in known}
    if unknown:
        problem = "this gate has no such metric"
        findings = [Finding(path, text, problem, suggestion(known, text)) for text, path in reversed(unknown.items())]
        raise ConfigError(findings)


def known_metrics(scenario: Scenario) -> list[str]:
    """Return the metrics of a scenario, as a study writes them."""
    from sim.plan.compile import compile_plan
    from sim.streaming import stream

    a_day = scenario.model_copy(update={"days": 1, "warmup_days": 0})
    return [metric_text(key) for key in stream(compile_plan(a_day), 1, 0).values]


def _refuse_too_many(study: Study, count: int) -> None:
    most = most_replications(study)
    if most * count > MAX_REPLICATIONS_OF_A_STUDY:
        problem = f"{count:,} scenarios x {most:,} replications; the most are {MAX_REPLICATIONS_OF_A_STUDY:,}"
        raise ConfigError([Finding("replications", f"{most}", problem, "Use fewer scenarios or replications.")])


def _replications(
    study: Study, scenarios: Sequence[Scenario], numbers: range, runner: Runner
) -> tuple[tuple[Replication, ...], ...]:
    """Return the replications `numbers` of each scenario, in order."""
    setups = [Setup(scenario=s, seed=study.seed, streamed=is_large(s)) for s in scenarios]
    return runner.table(setups, numbers, kept)


def sampled(result: StudyResult, runner: Runner) -> Callable[[Sequence[str], range], list[tuple[Replication, ...]]]:
    """Return what makes replications of scenarios of a result, by their names."""
    scenarios = {cell.name: cell.scenario for cell in result.cells}

    def more(names: Sequence[str], numbers: range) -> list[tuple[Replication, ...]]:
        return list(_replications(result.study, [scenarios[name] for name in names], numbers, runner))

    return more


def is_large(scenario: Scenario) -> bool:
    """Tell whether a scenario's replications are streamed; depends on nothing but the scenario."""
    per_day = sum(flow.per_day for flow in scenario.gate.flows.values()) * scenario.demand
    return per_day * scenario.days_simulated > MOST_TRUCKS_LOGGED


def _warmup(study: Study, runner: Runner) -> tuple[int, tuple[Warmup, ...]]:
    """Return the warm-up of a study [d]: given, or the longest found among its scenarios."""
    if study.warmup_days != "auto":
        return study.warmup_days, ()
    pilots = cells(study, 0)
    pilots = pilots if len(pilots) <= MOST_WARMED else pilots[:1]
    scenarios = [cell.scenario.model_copy(update={"days": PILOT_DAYS}) for cell in pilots]
    replications = _replications(study, scenarios, range(PILOT_REPLICATIONS), runner)
    warmups = tuple(found_warmup(cell.name, list(each)) for cell, each in zip(pilots, replications, strict=True))
    return max(1, *(warmup.days for warmup in warmups)), warmups


def _until_precise(
    scenarios: Sequence[Scenario], study: Study, precision: Precision, runner: Runner
) -> tuple[tuple[tuple[Replication, ...], ...], tuple[str, ...]]:
    """Add replications until the interval of each target is narrow enough in every scenario, or the cap is reached.

    The sequential procedure of Law (2015), section 9.4.1, with batches of `step` between the looks; all scenarios get
    the same number, so that they stay paired.
    """
    count = precision.at_least
    replications = _replications(study, scenarios, range(count), runner)
    while True:
        unmet = [target for target in precision.targets if not all(is_met(target, each) for each in replications)]
        if not unmet or count >= precision.at_most:
            return replications, tuple(target.metric for target in unmet)
        more = range(count, min(count + precision.step, precision.at_most))
        added = _replications(study, scenarios, more, runner)
        replications = tuple((*old, *new) for old, new in zip(replications, added, strict=True))
        count = more.stop


def is_met(target: Target, replications: Sequence[Replication]) -> bool:
    """Tell whether the interval of a metric is as narrow as wanted.

    A relative half-width g is met at g / (1 + g), so that the error relative to the true mean is g at most
    (Law 2015, section 9.4.1).
    """
    key = metric_key(target.metric)
    estimate = mean_interval([each.by_key.get(key, float("nan")) for each in replications])
    half = (estimate.high - estimate.low) / 2
    if target.absolute is not None:
        return half <= target.absolute
    assert target.relative is not None
    return half <= target.relative / (1 + target.relative) * abs(estimate.value)
