"""`bordergate study`: scenarios of a gate compared, and the folder of the comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape

from api.cli.console import REPLICATIONS, console, mistakes_shown, replication_bar
from api.cli.options import (
    ExcelOption,
    ForceOption,
    InputsOption,
    OutOption,
    PngOption,
    WorldsOption,
    number,
    wanted_worlds,
)
from api.cli.plot import drawing

if TYPE_CHECKING:
    from experiments import Study, StudyResult
    from experiments.report.decision.words import Language
    from experiments.runs.store import Store

BOTTLENECK = "bottleneck"
SHOWN = 12
"""Rows of a table on the screen."""
STORE = Path("results") / ".replications"


def study(
    name: Annotated[
        str | None,
        typer.Argument(metavar="STUDY", help="A study of the library, a file, `bottleneck`, or a manifest."),
    ] = None,
    gate: Annotated[
        str | None, typer.Argument(metavar="[GATE]", help="Only with `bottleneck`: the gate to examine.")
    ] = None,
    out: OutOption = None,
    force: ForceOption = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes; by default one for each core.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to run on, such as tls://10.0.0.5:8786.")
    ] = None,
    store: Annotated[
        Path, typer.Option(metavar="DIR", help="Where finished replications are kept, to be reused.")
    ] = STORE,
    upgrade: Annotated[
        list[str] | None, typer.Option(metavar="U", help="Upgrade that every scenario has; may be repeated.")
    ] = None,
    readings: Annotated[
        str | None,
        typer.Option(metavar="all|baseline|NAME,...", help="Readings of the gate; by default baseline and two others."),
    ] = None,
    days: Annotated[
        int | None, typer.Option(parser=number, metavar="N", help="Measured days, instead of the study's.")
    ] = None,
    warmup_days: Annotated[
        int | None, typer.Option(parser=number, metavar="N", help="Days of warm-up, instead of the study's.")
    ] = None,
    replications: Annotated[
        int | None, typer.Option(parser=number, metavar="N", help="Replications, instead of the study's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(parser=number, metavar="N", help="Seed, instead of the study's.")] = None,
    inputs: InputsOption = "base",
    worlds: WorldsOption = None,
    png: PngOption = False,
    excel: ExcelOption = False,
    lang: Annotated[
        Literal["en", "vi", "zh"], typer.Option(help="Language of the page for a decision, first in the report.")
    ] = "en",
    margin: Annotated[
        str | None, typer.Option(help="Smallest difference worth having: 2%, or 0.5 in the deciding metric's unit.")
    ] = None,
) -> None:
    """Compare scenarios of a gate and write a folder with tables, plots and a report; or list the studies.

    `bottleneck GATE` finds the bottleneck of a gate; the manifest of a result gives it again. An interrupted study
    resumes where it stopped.

    Examples: `bordergate study upgrades-one-by-one`, `bordergate study bottleneck friendship-pass --days 14`
    """
    with mistakes_shown("Finished replications are kept; the same command resumes."):
        if name is None:
            _print_studies()
            return
        options: dict[str, Any] = {"days": days, "warmup_days": warmup_days, "replications": replications, "seed": seed}
        options["margin"] = _margin(margin)
        options["readings"] = readings
        options["worlds"] = wanted_worlds(inputs, worlds)
        chosen = _study_named(name, gate, upgrade or [], options)
        folder = out or _default_folder(chosen)
        run_and_write(chosen, folder, workers, cluster, store, force=force, png=png, excel=excel, lang=lang)


def _default_folder(study: Study) -> Path:
    """Return where the result goes if nothing is said: by the name of the study; a bottleneck study has its gate's."""
    is_bottleneck = study.name == BOTTLENECK and study.design == BOTTLENECK
    return Path("results") / (f"{BOTTLENECK}-{study.own_gate().name}" if is_bottleneck else study.name)


def _print_studies() -> None:
    """Print the studies of the library, a line each."""
    from api.cli.tables import print_table
    from experiments.studies.model import load_study, study_names

    rows = [(known.name, known.gate, known.question) for known in map(load_study, study_names())]
    print_table(console, "", ("Study", "Gate", "Question"), rows)
    console.print(
        "Run one: bordergate study NAME   Find the bottleneck: bordergate study bottleneck GATE", markup=False
    )


def _study_named(name: str, gate: str | None, upgrades: Sequence[str], options: Mapping[str, Any]) -> Study:
    """Return the study that the command line names, with what its options change.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    from pydantic import ValidationError

    from experiments.again import manifest_at, study_of
    from experiments.studies.bottleneck import bottleneck_study
    from experiments.studies.model import Study, load_study
    from gates.files.explain import model_findings
    from gates.findings import ConfigError, Finding

    if name == BOTTLENECK and gate is None:
        raise ConfigError([Finding("GATE", "", "missing", "Name a gate: bordergate study bottleneck friendship-pass.")])
    if name != BOTTLENECK and gate is not None:
        raise ConfigError([Finding("GATE", gate, "only `bottleneck` takes a gate", "Leave it out.")])
    changed = {key: value for key, value in options.items() if value is not None}
    if document := manifest_at(name, "study"):
        refuse_options([*changed, *(["upgrade"] if upgrades else [])])
        return study_of(document)
    try:
        chosen = bottleneck_study(str(gate)) if name == BOTTLENECK else load_study(name)
        known = chosen.model_dump(by_alias=True, mode="json")
        return Study.model_validate({**known, **changed, "upgrades": [*known["upgrades"], *upgrades]})
    except ValidationError as error:
        raise ConfigError(model_findings(error, Study)) from None


def _margin(text: str | None) -> dict[str, str | float] | None:
    """Return the margin that an option writes, as a study file has it."""
    from gates.findings import ConfigError, Finding

    if text is None:
        return None
    if text.strip().endswith("%"):
        return {"relative": text}
    try:
        return {"absolute": float(text)}
    except ValueError:
        remedy = "Write a share, such as 2%, or a number in the unit of the deciding metric, such as 0.5."
        raise ConfigError([Finding("--margin", text, "not a margin", remedy)]) from None


def run_and_write(
    study: Study,
    folder: Path,
    workers: int | None,
    cluster: str | None,
    kept_in: Path,
    *,
    force: bool = False,
    png: bool = False,
    excel: bool = False,
    lang: Language = "en",
) -> None:
    """Run a study with a progress bar, print its advice, and write its folder.

    Raises
    ------
    ConfigError
        If it cannot be run.
    """
    from experiments.report.drawing import draw_result
    from experiments.result_folder import new_result
    from experiments.runs.store import Store
    from experiments.studies.folder import fill_folder
    from gates.findings import ConfigError, Finding

    if cluster is not None and workers is not None:
        raise ConfigError(
            [Finding("--workers", str(workers), "applies to this machine only", "Leave it out with --cluster.")]
        )
    with new_result(folder, "study", study.own_gate().name, force=force) as partial:
        with _executor(workers, cluster) as executor:
            result = simulated_study(study, executor, Store(kept_in))
        fill_folder(result, partial)
        made = sum(len(found) for each in (result, *result.rivals) for found in each.replications)
        if result.simulated < made:
            console.print(f"{made - result.simulated:,} of {made:,} replications reused.", markup=False)
        _print_advice(partial)
        with drawing():
            draw_result(partial, png=png, language=lang)
        if excel:
            from experiments.report.excel import write_excel

            write_excel(partial)
    console.print(f"\nReport: {folder / 'report.html'}   Result folder: {folder}", markup=False, soft_wrap=True)


def stage_text(stage: int, stages: int) -> str:
    """Return what the progress bar of a study counts."""
    return f"{REPLICATIONS}, stage {stage} of {stages}" if stages > 1 else REPLICATIONS


def simulated_study(study: Study, executor: Executor, store: Store | None) -> StudyResult:
    """Run a study with a progress bar."""
    from experiments.studies.run import run_study

    with replication_bar() as bar:
        task = bar.add_task(REPLICATIONS, total=None)
        return run_study(
            study,
            store=store,
            executor=executor,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            stage=lambda n, of: bar.update(task, description=stage_text(n, of)),
        )


def refuse_options(names: Iterable[str]) -> None:
    """Raise if options are given beside a manifest, which says all that they could."""
    from gates.findings import ConfigError, Finding

    remedy = "Leave it out, or name gate and upgrades instead of the manifest."
    found = [Finding(f"--{name.replace('_', '-')}", "", "is already in the manifest", remedy) for name in names]
    if found:
        raise ConfigError(found)


@contextmanager
def _executor(workers: int | None, cluster: str | None) -> Iterator[Executor]:
    """Give the executor that the options name."""
    from experiments.runs import executors

    if cluster is None:
        with local_processes(workers, "Finished replications are kept; the same command resumes.") as pool:
            yield pool
        return
    with executors.dask(cluster) as pool:
        if executors.is_shared_network(cluster):
            console.print(
                "Warning: no TLS. Anyone who can reach this scheduler can run code there and here.", markup=False
            )
        yield pool


@contextmanager
def local_processes(workers: int | None, kept: str = "") -> Iterator[Executor]:
    """Give an executor with processes of this machine; say what to do if one of them dies, and what is kept then."""
    from experiments.runs import executors
    from gates.findings import ConfigError, Finding

    try:
        with executors.local(workers) as pool:
            yield pool
    except BrokenExecutor:
        problem = "a process that simulates was killed, perhaps for lack of memory"
        remedy = f"Use fewer --workers. {kept}".rstrip()
        raise ConfigError([Finding("--workers", str(workers or executors.cores()), problem, remedy)]) from None


def _print_advice(folder: Path) -> None:
    """Print the advice of a study on one screen."""
    from api.cli.tables import print_table, wrapped
    from experiments.answers.money.study import COSTS_AND_BENEFITS
    from experiments.answers.study_advice import read_answer

    answer = read_answer(folder)
    console.print(f"\n[bold]{escape(answer.title)}[/bold]")
    console.print(f"{wrapped(console, answer.basis)}\n\n{wrapped(console, answer.question)}")
    for sentence in (*answer.warnings, *answer.advice, *answer.notes):
        console.print(f"[bold]→[/bold] {wrapped(console, sentence, 2)}")
    money = [table for table in answer.tables[2:] if table.title == COSTS_AND_BENEFITS]
    for table in (*answer.tables[:2], *money):
        shown = [n for n, column in enumerate(table.columns) if column != "p"]  # the verdict says it; the report has it
        rows = [[row[n] for n in shown] for row in table.rows[:SHOWN]]
        print_table(console, table.title, [table.columns[n] for n in shown], rows)
        if len(table.rows) > SHOWN:
            console.print(f"{len(table.rows) - SHOWN} more rows are in the report.", style="dim", markup=False)
