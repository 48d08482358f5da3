"""Run, study, compare and open results: what `import bordergate` gives, each a call with plain arguments."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from experiments.inputs.table import Table
from experiments.result_folder import checked_manifest, refuse_other_content
from experiments.results.comparison import Comparison
from experiments.results.folder import FolderResult
from experiments.results.run import Result
from experiments.results.study import StudyFolder
from experiments.runs import executors
from experiments.runs.folder import write_result
from experiments.runs.request import resolve
from experiments.runs.run import run_scenario
from experiments.runs.settings import EngineName
from experiments.studies.model import Study, load_study
from gates.findings import ConfigError, Finding
from gates.schema.gate import Gate
from gates.upgrades import Level

if TYPE_CHECKING:
    from sim.live import Policy

Shown = TypeVar("Shown", bound=FolderResult)
Finish = Callable[[Path], object]
Write = Callable[[Path, Finish | None], Path]


def run(
    gate: Gate | str | Path,
    *,
    reading: str | None = None,
    upgrades: Sequence[str | Path] = (),
    days: int = 30,
    warmup_days: int = 7,
    replications: int = 20,
    seed: int = 1,
    start: dt.date | str | None = None,
    demand: float = 1.0,
    level: Level = "base",
    engine: EngineName | None = None,
    keep_events: int | str = 1,
    trace: Table = None,
    policy: Policy | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
) -> Result:
    """Run a gate and return its result.

    Parameters
    ----------
    gate
        A gate, the name of one of the library, or the path of a file.
    reading
        Reading of a gate that has several; none means its baseline.
    upgrades
        Upgrades of the library to switch on, or paths of files.
    days, warmup_days
        Length of the measured period, and of the time before it that fills the gate [d].
    replications
        Number of independent replications.
    seed
        Seed of all random numbers; runs with the same seed, first day and days share their draws, so `compare` pairs
        them.
    start
        First measured day, such as "2025-07-01"; none means the gate's own.
    demand
        Factor on every flow.
    level
        Which value of numbers with three values the upgrades take.
    engine
        Both give the same results; without one the compiled engine runs, under a policy the reference engine.
    keep_events
        Replications whose event log is kept, for `.events` and `.trucks`; "none" needs the least memory.
    trace
        Recorded trucks that come instead of drawn ones, a row each: a pandas frame, a mapping of columns or the path of
        a CSV file. Columns are `arrival` (minutes since the start of the run, or dates with times of day), `flow` (or
        `class` and `direction`), and, as far as they were recorded, `service.STAGE` in minutes, `choice.CHOICE` and
        `visits.STAGE`. All else is drawn.
    policy
        Own rules: a function that takes the live run (`bordergate.Live`), and may be a generator, a SimPy process.
    out
        Folder of the result, with plots and report; without it there is a temporary folder, removed with the result.
    workers
        Processes that simulate (a script then needs `if __name__ == "__main__":`); none means threads of this one.

    Raises
    ------
    ConfigError
        With every finding at once, if it cannot be run.
    """
    written = gate.model_dump(mode="json", by_alias=True, warnings=False) if isinstance(gate, Gate) else str(gate)
    request = {
        "gate": written,
        "reading": reading,
        "upgrades": [str(upgrade) for upgrade in upgrades],
        "level": level,
        "days": days,
        "warmup_days": warmup_days,
        "start": start.isoformat() if isinstance(start, dt.date) else start,
        "demand": demand,
        "replications": replications,
        "seed": seed,
        "engine": engine or ("compiled" if policy is None else "reference"),
        "keep_events": keep_events,
    }
    resolved = resolve(request, files=True, trace=trace)
    if policy is not None:
        _refuse_without_rules(resolved.settings.engine, workers)
    if out is not None:
        refuse_other_content(Path(out), "run", resolved.scenario.gate.name)
    with _executor(workers) as executor:
        made = run_scenario(
            resolved.scenario, resolved.settings, trace=resolved.trace, policy=policy, executor=executor
        )
    made = dataclasses.replace(made, changes=resolved.changes)
    return _over(Result, out, lambda folder, finish: write_result(made, folder, finish), _drawn)


def study(
    study: Study | str | Path,
    *,
    readings: str | Sequence[str] | None = None,
    days: int | None = None,
    warmup_days: int | None = None,
    replications: int | None = None,
    seed: int | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
) -> StudyFolder:
    """Run a study and return its result.

    Parameters
    ----------
    study
        A study, the name of one of the library, or the path of a file.
    readings
        Readings of the gate under which it runs: "all", "baseline", or names; by default the study's own.
    days, warmup_days, replications, seed
        What to use instead of the study's own.
    out, workers
        As with `run`.

    Raises
    ------
    ConfigError
        With every finding at once, if it cannot be run.
    """
    from experiments.studies.folder import write_study
    from experiments.studies.run import run_study

    known = study if isinstance(study, Study) else load_study(study)
    options: dict[str, object] = {
        "readings": readings if readings is None or isinstance(readings, str) else list(readings),
        "days": days,
        "warmup_days": warmup_days,
        "replications": replications,
        "seed": seed,
    }
    chosen = _with_options(known, {key: value for key, value in options.items() if value is not None})
    if out is not None:
        refuse_other_content(Path(out))
    with _executor(workers) as executor:
        made = run_study(chosen, executor=executor)
    return _over(StudyFolder, out, lambda folder, finish: write_study(made, folder, finish), _drawn)


def compare(first: Result | str | Path, second: Result | str | Path) -> Comparison:
    """Compare two results: the second less the first, in every number that both have.

    Replications are paired where the same trucks come on the same days: seed, first day, days, warm-up and recorded
    trucks are the same, and the gates share flows. Else the intervals are Welch's.

    Raises
    ------
    ConfigError
        If one of them is not the result of a run.
    """
    return Comparison(_run_result(first), _run_result(second))


def result(folder: str | Path) -> Result | StudyFolder:
    """Open the result folder of a run or a study.

    Raises
    ------
    ConfigError
        If it is not a result folder, or is damaged.
    """
    place = Path(folder)
    return StudyFolder(place) if checked_manifest(place)["kind"] == "study" else Result(place)


def _run_result(written: Result | str | Path) -> Result:
    opened = written if isinstance(written, FolderResult) else result(written)
    if not isinstance(opened, Result):
        remedy = "A study compares its scenarios itself: look at its table `differences`."
        raise ConfigError([Finding("folder", str(opened.folder), "is the result of a study", remedy)])
    return opened


def _with_options(study: Study, options: dict[str, object]) -> Study:
    from pydantic import ValidationError

    from gates.files.explain import model_findings

    try:
        return Study.model_validate({**study.model_dump(by_alias=True, mode="json"), **options})
    except ValidationError as error:
        raise ConfigError(model_findings(error, Study)) from None


def _refuse_without_rules(engine: EngineName, workers: int | None) -> None:
    """Raise `ConfigError` where a policy cannot act."""
    findings = []
    if engine == "compiled":
        problem = "cannot run under a policy, which acts on the reference engine"
        findings.append(Finding("engine", engine, problem, "Leave engine out."))
    if workers is not None:
        problem = "a policy runs in this process only: its code is not sent to other processes"
        findings.append(Finding("workers", str(workers), problem, "Leave workers out."))
    if findings:
        raise ConfigError(findings)


def _executor(workers: int | None) -> AbstractContextManager[Executor]:
    return executors.threads() if workers is None else executors.local(workers)


def _over(kind: type[Shown], out: str | Path | None, write: Write, finish: Finish) -> Shown:
    """Write a result folder and return the result over it; without a place in a folder that is removed with it."""
    if out is not None:
        return kind(write(Path(out), finish))
    temporary = Path(tempfile.mkdtemp(prefix="bordergate-"))
    return kind(write(temporary / "result", None), temporary=temporary)


def _drawn(folder: Path) -> None:
    from experiments.report.drawing import draw_result

    draw_result(folder)
