"""`bordergate plot`: plots and report of a result that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status

from api.cli.console import console, mistakes_shown


def plot(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result folder.")]) -> None:
    """Draw the plots and write the report of a result again.

    Example: `bordergate plot results/base`
    """
    with mistakes_shown():
        from experiments.result_folder import checked_manifest, list_drawn

        checked_manifest(folder, drawn=False)
        with drawing():
            list_drawn(folder, draw_all(folder))
        console.print(f"Plots in {folder / 'plots'}, report in {folder / 'report.html'}", markup=False)


def drawing() -> Status:
    """Return a line that says that plots are being drawn."""
    return console.status("Drawing plots and writing the report …")


def draw_all(folder: Path) -> list[Path]:
    """Draw the plots and write the report of a run or a study; return the files written."""
    from experiments.result_folder import MANIFEST, read_json

    if read_json(folder / MANIFEST).get("kind") == "study":
        from experiments.plots.study import draw_study_plots
        from experiments.report.study import write_study_report

        return [*draw_study_plots(folder), write_study_report(folder)]
    from experiments.plots.draw import draw_plots
    from experiments.report.html import write_report

    return [*draw_plots(folder), write_report(folder)]
