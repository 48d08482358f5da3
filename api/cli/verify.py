"""`bordergate verify`: a result run again and compared byte by byte."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import console, mistakes_shown
from api.cli.plot import draw_all, drawing
from api.cli.run import simulated_run
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
            console.print(f"Same: all {len(before['files']) + 1} files of {folder} came out again.", markup=False)
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
    from experiments.runs.folder import fill_folder as fill_run
    from experiments.studies.folder import fill_folder as fill_study

    if document["kind"] == "run":
        fill_run(simulated_run(run_of(document, was), workers), folder)
    else:
        with local_processes(workers) as pool:
            fill_study(simulated_study(study_of(document), pool, None), folder)
    if "report.html" in document["files"]:
        with drawing():
            draw_all(folder)
