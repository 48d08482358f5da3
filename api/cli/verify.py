"""`bordergate verify` and `compare`: a result run again and compared byte by byte, and two results compared."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import console, mistakes_shown
from api.cli.plot import drawing
from api.cli.run import confirmed, simulated_run
from api.cli.study import local_processes, simulated_study

MOST_NAMED = 12


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result folder.")],
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes that simulate a study; by default one for each core.")
    ] = None,
) -> None:
    """Run a result again, without what is stored, and compare every byte; leave with 1 if any differs.

    Example: `bordergate verify results/base`
    """
    with mistakes_shown("The result is as it was."):
        from experiments.again import differing
        from experiments.result_folder import MANIFEST, checked_manifest, read_json, seal

        before = checked_manifest(folder, every_byte=True)
        with tempfile.TemporaryDirectory(prefix="bordergate-") as partial:
            _make_again(before, folder, Path(partial), workers)
            seal(Path(partial))
            after = read_json(Path(partial) / MANIFEST)
        names = differing(before, after)
        if not names:
            console.print(f"Same: all {len(before['files']) + 1} files of {folder} were reproduced.", markup=False)
            return
        console.print(f"Differs: {len(names)} of {len(before['files']) + 1} files of {folder}.", markup=False)
        for name in names[:MOST_NAMED]:
            console.print(f"  {name}", markup=False)
        if len(names) > MOST_NAMED:
            console.print(f"  and {len(names) - MOST_NAMED} more")
        for line in _moved(before["versions"], after["versions"]):
            console.print(line, markup=False)
    raise typer.Exit(1)


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return a line for each part of the software that has another version now."""
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return [f"{name}: {before.get(name, 'none')} then, {after.get(name, 'none')} now" for name in sorted(names)]


def _make_again(document: Mapping[str, Any], was: Path, folder: Path, workers: int | None) -> None:
    """Write the result of the manifest in the folder `was` into an empty one, with plots and report if it had them."""
    from experiments.again import run_of, study_of
    from experiments.report.drawing import draw_result
    from experiments.runs.folder import fill_folder as fill_run
    from experiments.runs.folder import keep_confirmed
    from experiments.studies.folder import fill_folder as fill_study

    if document["kind"] == "run":
        result = simulated_run(run_of(document, was), workers)
        fill_run(result, folder)
        if "confirmed" in document:
            keep_confirmed(folder, confirmed(result, workers))
    else:
        with local_processes(workers) as pool:
            fill_study(simulated_study(study_of(document), pool, None), folder)
    if "report.html" in document["files"]:
        with drawing():
            draw_result(folder, png=any(name.endswith(".png") for name in document["files"]))


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="The result folder of a run.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The one that is compared with it.")],
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A number, such as wait_h.mean.northbound@bay-cn; may be repeated."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Every number that both have.")] = False,
) -> None:
    """Compare two results number by number: B less A with its 95 % interval, and what the interval says.

    Replications are paired where seed, first day, days, warm-up and recorded trucks are the same; else the interval is
    Welch's.

    Example: `bordergate compare results/base results/bays`
    """
    with mistakes_shown():
        from api.cli.tables import print_table, wrapped
        from experiments.results.calls import compare as compared
        from experiments.results.side_by_side import comparison_table

        found = compared(first, second)
        table = comparison_table(found, metric or [], full=full)
        console.print(f"A: {first}   B: {second}", markup=False, soft_wrap=True)
        for name, result in (("A", found.first), ("B", found.second)):
            for warning in result.warnings:
                console.print(f"→ {wrapped(console, f'{name}: {warning}', 2)}")
        print_table(console, table.title, table.columns, table.rows)
        console.print(f"[dim]{wrapped(console, table.note)}[/dim]")
