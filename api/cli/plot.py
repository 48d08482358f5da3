"""`bordergate plot`: plots and report of a result that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status

from api.cli.console import console, mistakes_shown


def plot(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result folder.")]) -> None:
    """Draw the plots, as SVG and as PNG, and write the report of a result again.

    Example: `bordergate plot results/base`
    """
    with mistakes_shown():
        from experiments.report.drawing import draw_result, painters
        from experiments.result_folder import checked_manifest, list_drawn

        checked_manifest(folder, drawn=False)
        with painters() as processes, drawing():
            list_drawn(folder, draw_result(folder, processes, png=True))
        console.print(f"Plots in {folder / 'plots'}, report in {folder / 'report.html'}", markup=False)


def drawing() -> Status:
    """Return a line that says that tables, plots and report are being made."""
    return console.status("Writing tables, plots and the report …")
