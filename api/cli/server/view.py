"""`bordergate view`: one result folder as a page, read-only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import console, mistakes_shown


def view(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The result folder of a run or a study.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any that is free.")] = 0,
) -> None:
    """Show one result folder as a page on this machine, until you press Ctrl-C; nothing in it is changed.

    Plots and the report are drawn anew from its data.

    Example: `bordergate view results/friendship-pass`
    """
    with mistakes_shown():
        from api.http.server import view as show

        show(
            folder,
            port,
            ready=lambda address: console.print(f"{folder} is shown at {address}", markup=False, soft_wrap=True),
        )
