"""`bordergate gates` and `bordergate validate`: what is in the library, and whether a file is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import console, mistakes_shown


def gates(
    name: Annotated[str | None, typer.Argument(help="A gate of the library, or a YAML file.")] = None,
    numbers: Annotated[bool, typer.Option("--numbers/--no-numbers", help="Print every number with its source.")] = True,
    upgrades: Annotated[bool, typer.Option("--upgrades", help="List the upgrades, or show the one named.")] = False,
) -> None:
    """List the library, or show a gate: stages, flows, opening hours on all clocks, numbers with their sources.

    Examples: `bordergate gates friendship-pass`, `bordergate gates --upgrades`, `bordergate gates more-bays --upgrades`
    """
    from api.cli.tables import print_gate, print_library, print_upgrade, print_upgrades
    from gates import load_gate, load_upgrade

    with mistakes_shown():
        if upgrades and name is None:
            print_upgrades(console)
        elif upgrades and name is not None:
            print_upgrade(console, load_upgrade(name))
        elif name is None:
            print_library(console)
        else:
            print_gate(console, load_gate(name), numbers=numbers)


def validate(file: Annotated[Path, typer.Argument(help="A gate, upgrade or study file.")]) -> None:
    """Check a gate, upgrade or study file, and print every finding at once.

    Example: `bordergate validate my-gate.yaml`
    """
    from api.cli.validate import checked

    with mistakes_shown():
        console.print(f"{file}: no findings. {checked(file)}", markup=False)
