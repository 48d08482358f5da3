"""Commands about event logs: `bordergate export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import console, mistakes_shown
from api.cli.options import OutOption, number

ResultArgument = Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder of a run.")]
ReplicationOption = Annotated[
    int | None,
    typer.Option(parser=number, metavar="N", help="Only this replication; by default all whose event log is kept."),
]


def export(
    result: ResultArgument,
    form: Annotated[
        str, typer.Option(metavar="csv|parquet|ocel|xes", help="All tables as CSV or Parquet, or the event log alone.")
    ] = "csv",
    replication: ReplicationOption = None,
    out: OutOption = None,
) -> None:
    """Write the event log and the tables of a result for other programs, with wall-clock times of all sides.

    Example: `bordergate export results/base --form ocel --out results/base-ocel`
    """
    with mistakes_shown():
        from experiments.logs.export import export as exported

        with console.status("Exporting …"):
            folder = exported(result, form, out, replication)
        for path in sorted(folder.iterdir()):
            console.print(f"{path}  {path.stat().st_size / 1e6:.1f} MB", markup=False, soft_wrap=True)
