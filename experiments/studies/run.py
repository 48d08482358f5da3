"""Running a study: every cell as often as asked, whatever was finished before taken from the store.

Results do not depend on the number of workers, on the executor or on what was in the store: replications are made
from (scenario, seed, number) alone and put in order by cell and number, never by completion.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

from experiments.runs.replications import Replication, replicate_some, scenario_digest
from experiments.runs.statistics import mean_interval
from experiments.runs.store import NoStore, Store
from experiments.studies.bottleneck import after_relief, tenth_more
from experiments.studies.designs import Bench, Cell, cells
from experiments.studies.model import (
    Precision,
    Study,
    Target,
    metric_key,
    metric_text,
)
from experiments.studies.result import StudyResult
from experiments.studies.sensitivity import screening_cells, variance_cells
from experiments.studies.warm_up import PILOT_DAYS, PILOT_REPLICATIONS, Warmup, found_warmup
from gates.findings import ConfigError, Finding, one_of
from gates.schema.scenario import Scenario

CHUNK = 5
"""Most replications of a scenario that a worker makes at once; it compiles the plan once for them."""


IN_FLIGHT = 64
"""Most chunks given to the executor at once."""


MOST_WARMED = 32
"""With more scenarios, the warm-up is found on the base alone."""


MAX_REPLICATIONS_OF_A_STUDY = 1_000_000


Progress = Callable[[int, int], None]
"""Called with (replications done, replications in all, as far as known)."""


class Cancelled(Exception):
    """The study was asked to stop; what is finished stays in the store."""


def run_study(
    study: Study,
    *,
    store: Store | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> StudyResult:
    """Run a study.

    Parameters
    ----------
    store
        Where finished replications are kept and looked for; none keeps nothing.
    executor
        Where replications run, such as `experiments.runs.executors.local()`; none means here, one after the other.
    progress
        Called after each chunk.
    cancelled
        Asked now and then whether to stop.

    Raises
    ------
    ConfigError
        If a scenario cannot be built, or there would be too many replications.
    Cancelled
        If `cancelled` said so.
    """
    maker = Maker(study.seed, store or NoStore(), executor, progress, cancelled)
    refuse_unknown_metrics(study)
    warmup_days, warmups = _warmup(study, maker)
    made = cells(study, warmup_days)
    result = StudyResult(study, (), (), warmup_days, warmups)
    for phase in PHASES.get(study.design or "", (lambda _: [],)):
        result = _with_cells(result, made, maker)
        made = phase(result)
    if made:
        result = _with_cells(result, made, maker)
    return dataclasses.replace(result, simulated=maker.simulated)


def _with_cells(result: StudyResult, made: list[Cell], maker: Maker) -> StudyResult:
    """Run more cells, and return the result with them."""
    study = result.study
    _refuse_too_many(study, len(result.cells) + len(made))
    scenarios = [cell.scenario for cell in made]
    if isinstance(study.replications, Precision) and not result.cells:
        found, unmet = _until_precise(scenarios, study.replications, maker)
    else:
        first = len(result.replications[0]) if result.cells else study.replications
        assert isinstance(first, int)
        found, unmet = maker.make(scenarios, range(first)), result.unmet
    return dataclasses.replace(
        result, cells=(*result.cells, *made), replications=(*result.replications, *found), unmet=unmet
    )


Phase = Callable[[StudyResult], list[Cell]]
"""Looks at what was found and names the cells that come next."""


PHASES: dict[str, tuple[Phase, ...]] = {
    "bottleneck": (tenth_more, after_relief),
    "screening": (screening_cells, variance_cells),
}


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
        findings = [Finding(path, text, problem, one_of(known, text)) for text, path in reversed(unknown.items())]
        raise ConfigError(findings)


def known_metrics(scenario: Scenario) -> list[str]:
    """Return the metrics of a scenario, as a study writes them."""
    from sim.plan.compile import compile_plan
    from sim.streaming import stream

    a_day = scenario.model_copy(update={"days": 1, "warmup_days": 0})
    return [metric_text(key) for key in stream(compile_plan(a_day), 1, 0).values]


def _refuse_too_many(study: Study, count: int) -> None:
    most = study.replications.at_most if isinstance(study.replications, Precision) else study.replications
    if most * count > MAX_REPLICATIONS_OF_A_STUDY:
        problem = f"{count:,} scenarios x {most:,} replications; the most are {MAX_REPLICATIONS_OF_A_STUDY:,}"
        raise ConfigError([Finding("replications", f"{most}", problem, "Use fewer scenarios or replications.")])


class Maker:
    """Makes replications, or takes them from the store."""

    def __init__(
        self,
        seed: int,
        store: Store,
        executor: Executor | None,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._seed = seed
        self._store = store
        self._executor = executor
        self._progress = progress or (lambda done, total: None)
        self._cancelled = cancelled or (lambda: False)
        self.simulated = 0
        self._done = 0
        self._total = 0

    def make(self, scenarios: Sequence[Scenario], numbers: Sequence[int]) -> tuple[tuple[Replication, ...], ...]:
        """Return the replications `numbers` of each scenario, in order."""
        digests = [scenario_digest(scenario, self._seed) for scenario in scenarios]
        found = {
            (digest, number): kept.sharing_names()
            for digest in dict.fromkeys(digests)
            for number in numbers
            if (kept := self._store.get(digest, number)) is not None
        }
        by_digest = dict(zip(digests, scenarios, strict=True))
        self._total += len(by_digest) * len(numbers)
        self._done += len(found)
        self._progress(self._done, self._total)
        missing = {d: [n for n in numbers if (d, n) not in found] for d in by_digest}
        for digest, number, replication in self._made(by_digest, missing):
            self._store.put(digest, number, replication)
            found[digest, number] = replication.sharing_names()
        return tuple(tuple(found[digest, number] for number in numbers) for digest in digests)

    def _made(
        self, scenarios: dict[str, Scenario], missing: dict[str, list[int]]
    ) -> Iterator[tuple[str, int, Replication]]:
        count = sum(map(len, missing.values()))
        size = max(1, min(CHUNK, -(-count // 16)))
        chunks = [(d, n[at : at + size]) for d, n in missing.items() for at in range(0, len(n), size)]
        for (digest, numbers), made in self._chunks(scenarios, chunks):
            self.simulated += len(numbers)
            self._done += len(numbers)
            for number, replication in zip(numbers, made, strict=True):
                yield digest, number, replication
            self._progress(self._done, self._total)

    def _chunks(
        self, scenarios: dict[str, Scenario], chunks: list[tuple[str, list[int]]]
    ) -> Iterator[tuple[tuple[str, list[int]], list[Replication]]]:
        def document(digest: str) -> bytes:
            return scenarios[digest].model_dump_json(by_alias=True).encode()

        if self._executor is None:
            for chunk in chunks:
                self._stop_if_asked()
                yield chunk, replicate_some(document(chunk[0]), self._seed, chunk[1])
            return
        waiting = iter(chunks)
        pending: dict[Future[list[Replication]], tuple[str, list[int]]] = {}
        while True:
            for chunk in waiting:
                pending[self._executor.submit(replicate_some, document(chunk[0]), self._seed, chunk[1])] = chunk
                if len(pending) >= IN_FLIGHT:
                    break
            if not pending:
                return
            done, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()
            self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        if self._cancelled():
            raise Cancelled


def _warmup(study: Study, maker: Maker) -> tuple[int, tuple[Warmup, ...]]:
    """Return the warm-up of a study [d]: given, or the longest found among its scenarios."""
    if study.warmup_days != "auto":
        return study.warmup_days, ()
    pilots = cells(study, 0)
    pilots = pilots if len(pilots) <= MOST_WARMED else pilots[:1]
    scenarios = [cell.scenario.model_copy(update={"days": PILOT_DAYS}) for cell in pilots]
    found = maker.make(scenarios, range(PILOT_REPLICATIONS))
    warmups = tuple(found_warmup(cell.name, list(each)) for cell, each in zip(pilots, found, strict=True))
    return max(1, *(warmup.days for warmup in warmups)), warmups


def _until_precise(
    scenarios: Sequence[Scenario], precision: Precision, maker: Maker
) -> tuple[tuple[tuple[Replication, ...], ...], tuple[str, ...]]:
    """Add replications until the interval of each target is narrow enough in every scenario, or the cap is reached.

    The sequential procedure of Law (2015), section 9.4.1, with batches of `step` between the looks; all scenarios get
    the same number, so that they stay paired.
    """
    count = precision.at_least
    found = maker.make(scenarios, range(count))
    while True:
        unmet = [target for target in precision.targets if not all(is_met(target, each) for each in found)]
        if not unmet or count >= precision.at_most:
            return found, tuple(target.metric for target in unmet)
        more = range(count, min(count + precision.step, precision.at_most))
        added = maker.make(scenarios, more)
        found = tuple((*old, *new) for old, new in zip(found, added, strict=True))
        count = more.stop


def is_met(target: Target, replications: Sequence[Replication]) -> bool:
    """Tell whether the interval of a metric is as narrow as asked.

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
