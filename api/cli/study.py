"""Studies on the command line: what was asked for, the progress bar, the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.cli.tables import table_of
from experiments.studies.model import Study, load_study, study_names
from gates.files.explain import model_findings
from gates.findings import ConfigError, Finding

BOTTLENECK = "bottleneck"
SHOWN = 12
"""Rows of a table on the screen."""


def print_studies(console: Console) -> None:
    """Print the studies of the library, a line each."""
    rows = [(found.name, found.gate, found.question) for found in map(load_study, study_names())]
    console.print(table_of("", ("Study", "Gate", "Question"), rows))
    console.print("Run one: bordergate study NAME   Bottlenecks: bordergate study bottleneck GATE", markup=False)


def asked_for(name: str, gate: str | None, upgrades: Sequence[str], options: Mapping[str, Any]) -> Study:
    """Return the study that the command line names, with what its options change.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    if name == BOTTLENECK and gate is None:
        raise ConfigError([Finding("GATE", "", "missing", "Name a gate: bordergate study bottleneck friendship-pass.")])
    if name != BOTTLENECK and gate is not None:
        raise ConfigError([Finding("GATE", gate, "only `bottleneck` takes a gate", "Leave it out.")])
    known = _bottleneck(str(gate)) if name == BOTTLENECK else load_study(name).model_dump(by_alias=True, mode="json")
    changed = {key: value for key, value in options.items() if value is not None}
    try:
        return Study.model_validate({**known, **changed, "upgrades": [*known["upgrades"], *upgrades]})
    except ValidationError as error:
        raise ConfigError(model_findings(error, Study)) from None


def margin_of(text: str | None) -> dict[str, str | float] | None:
    """Return the margin that an option writes, as a study file has it."""
    if text is None:
        return None
    if text.strip().endswith("%"):
        return {"relative": text}
    try:
        return {"absolute": float(text)}
    except ValueError:
        remedy = "Write a share, such as 2%, or a number in the unit of the deciding metric, such as 0.5."
        raise ConfigError([Finding("--margin", text, "not a margin", remedy)]) from None


def _bottleneck(gate: str) -> dict[str, Any]:
    return {
        "name": BOTTLENECK,
        "title": {"en": "Bottlenecks"},
        "question": "Which stage is the bottleneck, and which one is next?",
        "gate": gate,
        "design": BOTTLENECK,
        "warmup_days": 14,
        "upgrades": [],
    }


def run(console: Console, study: Study, folder: Path, workers: int | None, cluster: str | None, kept_in: Path) -> None:
    """Run a study with a progress bar, write its folder, and print the answer.

    Raises
    ------
    ConfigError
        If it cannot be run.
    """
    from experiments.plots.study import draw_study_plots
    from experiments.report.study import write_study_report
    from experiments.runs.folder import refuse_what_is_no_result
    from experiments.runs.store import Store
    from experiments.studies.folder import write_study
    from experiments.studies.run import run_study

    if cluster is not None and workers is not None:
        raise ConfigError([Finding("--workers", str(workers), "is for this machine", "Leave it out with --cluster.")])
    refuse_what_is_no_result(folder)
    columns = (
        TextColumn("Replications"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with _executor(console, workers, cluster) as executor, Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None)
        result = run_study(
            study,
            store=Store(kept_in),
            executor=executor,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )

    def finish(partial: Path) -> None:
        draw_study_plots(partial)
        write_study_report(partial)

    with console.status("Drawing plots and writing the report …"):
        write_study(result, folder, finish)
    made = sum(map(len, result.replications))
    if result.simulated < made:
        console.print(f"{made - result.simulated:,} of {made:,} replications were there already.", markup=False)
    print_answer(console, folder)


@contextmanager
def _executor(console: Console, workers: int | None, cluster: str | None) -> Iterator[Executor]:
    """Give the executor that the options name; say what to do if one of its processes dies."""
    from experiments.runs import executors

    if cluster is None:
        try:
            with executors.local(workers) as pool:
                yield pool
        except BrokenExecutor:
            problem = "a process that simulates was killed, perhaps for want of memory"
            remedy = "Use fewer --workers. What is finished is kept; the same command goes on."
            raise ConfigError([Finding("--workers", str(workers or executors.cores()), problem, remedy)]) from None
        return
    with executors.dask(cluster) as pool:
        if executors.is_shared_network(cluster):
            console.print("Warning: no TLS; whoever reaches this scheduler can run code there and here.", markup=False)
        yield pool


def print_answer(console: Console, folder: Path) -> None:
    """Print the answer of a study on one screen."""
    from experiments.answers.study_advice import read_answer

    answer = read_answer(folder)
    console.print(f"\n[bold]{escape(answer.title)}[/bold]\n{escape(answer.basis)}\n\n{escape(answer.question)}")
    for sentence in (*answer.advice, *answer.notes):
        console.print(f"[bold]→[/bold] {escape(sentence)}")
    for table in answer.tables[:2]:
        console.print(table_of(table.title, table.columns, table.rows[:SHOWN]))
        if len(table.rows) > SHOWN:
            console.print(f"{len(table.rows) - SHOWN} more rows are in the report.", style="dim", markup=False)
    console.print(f"\nReport: {folder / 'report.html'}   Result folder: {folder}", markup=False, soft_wrap=True)
