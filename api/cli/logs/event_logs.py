"""Commands about event logs: `bordergate export` and `bordergate trs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from api.cli.console import console, mistakes_shown
from api.cli.options import OutOption, PngOption, number

if TYPE_CHECKING:
    from experiments.logs.release_times import ReleaseTimes

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


def trs(
    source: Annotated[
        Path, typer.Argument(metavar="RESULT|LOG", help="A result folder, or a CSV or Parquet file of real trucks.")
    ],
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="OURS=THEIRS", help="Column of the log, such as truck=Plate; may be repeated."),
    ] = None,
    moments: Annotated[
        str, typer.Option(metavar="A,B,...", help="Columns with moments in their order, if a row is a truck.")
    ] = "",
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone of the log, such as Asia/Ho_Chi_Minh; its days count.")
    ] = None,
    day_first: Annotated[bool, typer.Option("--day-first", help="In dates such as 03/04 the day comes first.")] = False,
    released_after: Annotated[
        list[str] | None,
        typer.Option(metavar="STAGE", help="Stage of control, after the last of which a truck is released."),
    ] = None,
    target: Annotated[
        float | None, typer.Option(parser=number, metavar="H", help="Hours within which trucks should be released.")
    ] = None,
    replication: ReplicationOption = None,
    png: PngOption = False,
    out: OutOption = None,
) -> None:
    """Time Release Study: intervals from arrival to release, of a simulated run or of a log of real trucks.

    Example: `bordergate trs log.csv --column truck=Plate --moments arrived,inspected,released --zone Asia/Bangkok`
    """
    with mistakes_shown():
        from api.cli.tables import print_answers
        from experiments.logs.release_study import release_study, write_study

        with console.status("Measuring …"):
            options = LogOptions(column or [], moments, zone, day_first, released_after or [])
            study = release_study(_times_of(source, options, replication), target)
            folder = write_study(study, out or Path(f"{source.resolve().stem}-trs"), png=png)
        print_answers(console, study.times.title, f"{study.times.basis}.", study.answers, study.tables)
        console.print(f"\nTables and plots: {folder}", markup=False, soft_wrap=True)


class LogOptions(NamedTuple):
    """How a log of real trucks is to be read."""

    columns: list[str]
    moments: str
    zone: str | None
    day_first: bool
    released_after: list[str]


def _times_of(source: Path, options: LogOptions, replication: int | None) -> ReleaseTimes:
    """Return the intervals of a result or of a log; options that are for the other of them are refused."""
    from experiments.logs.kept import KeptLog
    from experiments.logs.read_log import LogColumns, named_columns, read_log
    from experiments.logs.release_times import of_log, of_result
    from gates.findings import ConfigError, Finding

    if source.is_dir():
        given = {f"--{name.replace('_', '-')}": value for name, value in options._asdict().items() if value}
        if given:
            remedy = "Leave it out: a result folder says it itself."
            raise ConfigError([Finding(name, "", "applies to a log of real trucks only", remedy) for name in given])
        return of_result(KeptLog(source, replication))
    if replication is not None:
        raise ConfigError([Finding("--replication", "", "applies to a result folder only", "Leave it out.")])
    moments = tuple(name.strip() for name in options.moments.split(",") if name.strip())
    columns = LogColumns(named_columns(options.columns), moments, options.zone, options.day_first)
    return of_log(read_log(source, columns), source.stem, options.zone or "UTC", options.released_after)
