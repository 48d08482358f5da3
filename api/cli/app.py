"""The command line: `bordergate ...`, put together from one file for each group of commands.

Heavy modules are imported inside the commands, so that help and mistakes answer at once.
Exit codes: 0 done, 1 the machine failed (for instance a full disk), 2 the input cannot be used, 130 interrupted.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from api.cli.console import console
from api.cli.library import calibration, gate_map, gates, migrate, validate
from api.cli.logs.event_logs import export, trs
from api.cli.logs.forecast import forecast
from api.cli.new import new
from api.cli.plot import plot
from api.cli.run import run, warm
from api.cli.server.data import data
from api.cli.server.keys import keys
from api.cli.server.serve import serve
from api.cli.server.view import view
from api.cli.study import study
from api.cli.verify import compare, verify

app = typer.Typer(
    name="bordergate",
    help="Simulate smart border gates: queues, clearance times, throughput, with error bars.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    gates,
    new,
    validate,
    migrate,
    run,
    study,
    plot,
    verify,
    compare,
    forecast,
    export,
    trs,
    calibration,
    warm,
    serve,
    view,
):
    app.command()(command)
app.command("map")(gate_map)
app.add_typer(keys, name="keys")
app.add_typer(data, name="data")


def main() -> None:
    """Run the command line. A terminal that lacks a letter, as on Windows, shows a question mark for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


def _version(shown: bool) -> None:
    if shown:
        from experiments.runs.provenance import version

        console.print(f"bordergate {version()}", markup=False)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version
