"""The command line: `bordergate ...`.

Heavy modules are imported inside the commands, so that help and mistakes answer at once.
Exit codes: 0 done, 1 the machine failed (disk full, say), 2 the input cannot be used, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from api.service.store import Store
    from experiments import RunResult, RunSettings
    from experiments.runs.request import ResolvedRun
    from gates import Finding, Scenario

app = typer.Typer(
    name="bordergate",
    help="Simulate smart border gates: queues, clearance times, throughput, with error bars.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

keys = typer.Typer(help="Access keys of a server that others can reach.", no_args_is_help=True)
app.add_typer(keys, name="keys")

DataOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", envvar="BORDERGATE_DATA", help="Data folder; one in the user's own if left out."),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL", envvar="BORDERGATE_DATABASE", help="PostgreSQL; SQLite in the data folder if left out."
    ),
]

STORE = Path("results") / ".replications"
GateArgument = Annotated[str, typer.Argument(metavar="GATE", help="A name in the library, or a YAML file.")]


class Engine(StrEnum):
    """The engines, as the command line names them."""

    COMPILED = "compiled"
    REFERENCE = "reference"


class KeyScope(StrEnum):
    """What an access key allows."""

    READ = "read"
    RUN = "run"
    ADMIN = "admin"


class UpgradeLevel(StrEnum):
    """The three values of an upgrade's numbers, as the command line names them."""

    LOW = "low"
    BASE = "base"
    HIGH = "high"


@app.command()
def gates(
    name: Annotated[str | None, typer.Argument(help="A gate of the library, or a YAML file.")] = None,
    numbers: Annotated[bool, typer.Option("--numbers/--no-numbers", help="Print every number with its source.")] = True,
    upgrades: Annotated[bool, typer.Option("--upgrades", help="List the upgrades, or show the one named.")] = False,
) -> None:
    """List the library, or show a gate: stages, flows, hours on all clocks, numbers with their sources.

    Examples: `bordergate gates friendship-pass`, `bordergate gates --upgrades`, `bordergate gates more-bays --upgrades`
    """
    from api.cli.tables import print_gate, print_library, print_upgrade, print_upgrades
    from gates import load_gate, load_upgrade

    with _mistakes_shown():
        if upgrades and name is None:
            print_upgrades(console)
        elif upgrades and name is not None:
            print_upgrade(console, load_upgrade(name))
        elif name is None:
            print_library(console)
        else:
            print_gate(console, load_gate(name), numbers=numbers)


@app.command()
def validate(file: Annotated[Path, typer.Argument(help="A gate file, or that of an upgrade or a study.")]) -> None:
    """Check a gate, an upgrade or a study file and print every finding at once.

    Example: `bordergate validate my-gate.yaml`
    """
    from api.cli.validate import checked

    with _mistakes_shown():
        console.print(f"{file}: no findings. {checked(file)}", markup=False)


@app.command()
def run(
    gate: GateArgument,
    upgrade: Annotated[
        list[str] | None, typer.Option(metavar="U", help="Upgrade of the library, or a YAML file; once for each.")
    ] = None,
    level: Annotated[UpgradeLevel, typer.Option(help="Which values of the upgrades are taken.")] = UpgradeLevel.BASE,
    days: Annotated[int, typer.Option(help="Measured days.")] = 30,
    warmup_days: Annotated[int, typer.Option(help="Days before them, simulated and not measured.")] = 7,
    replications: Annotated[int, typer.Option(help="Independent repetitions.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 1,
    start: Annotated[str | None, typer.Option(metavar="DATE", help="First measured day.")] = None,
    demand: Annotated[float, typer.Option(help="Factor on all flows, such as 1.09.")] = 1.0,
    engine: Annotated[Engine, typer.Option(help="Both give the same results.")] = Engine.COMPILED,
    keep_events: Annotated[
        str, typer.Option(metavar="N|all|none", help="Replications whose event log is kept; none streams.")
    ] = "1",
    out: Annotated[Path | None, typer.Option(help="Result folder.")] = None,
) -> None:
    """Run a gate and write its result folder with plots and a report.

    Example: `bordergate run friendship-pass --upgrade more-bays --days 30 --replications 20 --out results/bays`
    """
    with _mistakes_shown():
        asked = _requested(
            out,
            gate=gate,
            upgrades=upgrade or [],
            level=level.value,
            days=days,
            warmup_days=warmup_days,
            start=start,
            demand=demand,
            replications=replications,
            seed=seed,
            engine=engine.value,
            keep_events=keep_events,
        )
        from experiments.runs.folder import refuse_what_is_no_result, write_result
        from experiments.runs.request import digest
        from gates.describe import outside_text

        name = f"{asked.scenario.gate.name}-{digest(asked)[:8]}"
        folder = out if out is not None else Path("results") / name
        refuse_what_is_no_result(folder)
        if outside := outside_text(asked.scenario):
            console.print(f"Note:{outside}", markup=False)
        result = replace(_simulated(asked.scenario, asked.settings), changes=asked.changes)
        with console.status("Drawing plots and writing the report …"):
            write_result(result, folder, finish=_plots_and_report)
        _print_answer(folder)


@app.command()
def study(
    name: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="A study of the library, a YAML file, or `bottleneck`.")
    ] = None,
    gate: Annotated[str | None, typer.Argument(metavar="[GATE]", help="Only with `bottleneck`: whose stages.")] = None,
    out: Annotated[Path | None, typer.Option(help="Result folder.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=1024, help="Processes; all cores if not given.")] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to run on, such as tls://10.0.0.5:8786.")
    ] = None,
    store: Annotated[Path, typer.Option(help="Where finished replications are kept and found again.")] = STORE,
    upgrade: Annotated[
        list[str] | None, typer.Option(metavar="U", help="Upgrade that every scenario has; once for each.")
    ] = None,
    days: Annotated[int | None, typer.Option(help="Measured days, instead of the study's.")] = None,
    warmup_days: Annotated[int | None, typer.Option(help="Days of warm-up, instead of the study's.")] = None,
    replications: Annotated[int | None, typer.Option(help="Replications, instead of the study's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the study's.")] = None,
) -> None:
    """Compare scenarios of a gate and write a folder with tables, plots and a report; or list the studies.

    `bottleneck GATE` finds what binds. A study that was stopped goes on where it was.

    Examples: `bordergate study upgrades-one-by-one`, `bordergate study bottleneck friendship-pass --days 14`
    """
    from api.cli import study

    with _mistakes_shown("What is finished is kept; the same command goes on."):
        if name is None:
            study.print_studies(console)
            return
        options = {"days": days, "warmup_days": warmup_days, "replications": replications, "seed": seed}
        asked = study.asked_for(name, gate, upgrade or [], options)
        study.run(console, asked, out or Path("results") / asked.name, workers, cluster, store)


@app.command()
def plot(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result folder.")]) -> None:
    """Draw the plots and the report of a result again.

    Example: `bordergate plot results/base`
    """
    with _mistakes_shown():
        from experiments.runs.folder import MANIFEST
        from gates import ConfigError, Finding

        if not (folder / MANIFEST).is_file():
            remedy = "Name a folder that `bordergate run` or `bordergate study` wrote."
            raise ConfigError([Finding("DIR", str(folder), "is no result folder", remedy)])
        with console.status("Drawing plots and writing the report …"):
            _plots_and_report(folder)
        console.print(f"Plots in {folder / 'plots'}, report in {folder / 'report.html'}", markup=False)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any that is free.")] = 8000,
    data: DataOption = None,
    database: DatabaseOption = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Processes that simulate; one a core.")] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler on whose workers studies run.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Name under which others reach it, as behind a proxy.")
    ] = None,
    cors: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="Site whose pages may ask: https://example.org.")
    ] = None,
    max_events: Annotated[float, typer.Option(min=1, help="Most stage visits of a run, as predicted.")] = 2e9,
    max_queued: Annotated[int, typer.Option(min=1, help="Most runs that wait or are being done.")] = 1000,
    run_seconds: Annotated[float, typer.Option(min=1, help="Most processor time of a run.")] = 3600,
    worker_mb: Annotated[int, typer.Option(min=512, help="Most memory of a worker.")] = 4096,
    free_mb: Annotated[float, typer.Option(min=0, help="Space that stays free on the disk.")] = 200,
    kept_mb: Annotated[float, typer.Option(min=0, help="Replications that studies leave for the next ones.")] = 2000,
) -> None:
    """Serve runs over HTTP, on this machine alone unless told otherwise; `/docs` describes it.

    Example: `bordergate serve --port 8000 --data ./data`
    """
    with _mistakes_shown():
        from api.http.server import serve as serve_runs
        from api.service.settings import Limits, ServiceSettings

        limits = Limits(
            events=max_events,
            queued=max_queued,
            run_seconds=run_seconds,
            worker_mb=worker_mb,
            free_mb=free_mb,
            kept_mb=kept_mb,
        )
        settings = ServiceSettings(
            data=data or _data_folder(),
            database=database,
            workers=workers or _cores(),
            cluster=cluster,
            limits=limits,
        )
        if cluster is not None:
            from experiments.runs.executors import refuse_open_address

            refuse_open_address(cluster)
        serve_runs(
            settings,
            host,
            port,
            hosts=allow_host or [],
            origins=cors or [],
            ready=lambda address: console.print(
                f"bordergate answers at {address} (description: {address}/docs), data in {settings.data}",
                markup=False,
                soft_wrap=True,
            ),
        )


@keys.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="Whose key it is: lower-case letters, digits, hyphens.")],
    scope: Annotated[
        KeyScope, typer.Option(help="read; run: submit too; admin: touch the runs of others too.")
    ] = KeyScope.RUN,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Make an access key and print it, this once.

    Example: `bordergate keys add planning-office --scope run`
    """
    with _mistakes_shown():
        from api.http.keys import NAME, new_key
        from api.service import store
        from gates import ConfigError, Finding

        if not NAME.fullmatch(name):
            remedy = "Use lower-case letters, digits and hyphens, 40 at most."
            raise ConfigError([Finding("NAME", name[:60], "not a name", remedy)])
        with _stored(data, database) as stored:
            if any(key.name == name for key in stored.at_once(store.keys())):
                remedy = "Use another name, or remove it first: bordergate keys remove."
                raise ConfigError([Finding("NAME", name, "has a key already", remedy)])
            secret, key = new_key(name, scope.value)
            stored.at_once(store.add_key(key))
        console.print(secret, markup=False)


@keys.command("list")
def list_keys(data: DataOption = None, database: DatabaseOption = None) -> None:
    """List the access keys; the keys themselves are not stored.

    Example: `bordergate keys list`
    """
    with _mistakes_shown():
        import datetime as dt

        from api.service import store

        with _stored(data, database) as stored:
            for key in stored.at_once(store.keys()):
                made = dt.datetime.fromtimestamp(key.created, dt.UTC).date()
                console.print(f"{key.name:<40} {key.scope:<6} {made}", markup=False)


@keys.command("remove")
def remove_key(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Remove an access key; a running server forgets it within seconds.

    Example: `bordergate keys remove planning-office`
    """
    with _mistakes_shown():
        from api.service import store
        from gates import ConfigError, Finding

        with _stored(data, database) as stored:
            if not stored.at_once(store.remove_key(name)):
                raise ConfigError([Finding("NAME", name[:60], "has no key", "bordergate keys list shows those there.")])


def main() -> None:
    """Run the command line."""
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


def _requested(out: Path | None, **options: Any) -> ResolvedRun:
    """Return what the options ask for, or raise with every finding at once, that of the result folder included."""
    from experiments.runs.folder import refuse_what_is_no_result
    from experiments.runs.request import RunRequest, resolve
    from gates import ConfigError

    try:
        return resolve(options, files=True)
    except ConfigError as error:
        named = RunRequest.model_fields.keys() - {"gate"}
        findings = [_as_option(found, named) for found in error.findings]
    try:
        if out is not None:
            refuse_what_is_no_result(out)
    except ConfigError as error:
        findings += error.findings
    raise ConfigError(findings)


def _as_option(found: Finding, named: Iterable[str]) -> Finding:
    """Return a finding under the name of the option that it is about."""
    is_option = not found.file and found.path.partition("[")[0] in named
    return replace(found, path="--" + found.path.replace("_", "-")) if is_option else found


def _simulated(scenario: Scenario, settings: RunSettings) -> RunResult:
    """Run with a progress bar."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from experiments import run_scenario
    from sim.engines.compiled import cache_is_warm

    if settings.engine == "compiled" and not cache_is_warm():
        console.print("First use: compiling the engine, once for this installation (some ten seconds) …")
    columns = (
        TextColumn("Replications"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=settings.replications)
        return run_scenario(scenario, settings, progress=lambda done, _: bar.update(task, completed=done))


def _plots_and_report(folder: Path) -> None:
    from experiments.runs.folder import MANIFEST, read_json

    if read_json(folder / MANIFEST).get("kind") == "study":
        from experiments.plots.study import draw_study_plots
        from experiments.report.study import write_study_report

        draw_study_plots(folder)
        write_study_report(folder)
        return
    from experiments.plots.draw import draw_plots
    from experiments.report.html import write_report

    draw_plots(folder)
    write_report(folder)


def _print_answer(folder: Path) -> None:
    from api.cli.tables import print_summary
    from experiments.answers.run_summary import read_summary

    print_summary(console, read_summary(folder))
    console.print(f"\nReport: {folder / 'report.html'}   Result folder: {folder}", markup=False, soft_wrap=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _data_folder() -> Path:
    """Return where the user's data goes by custom."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "bordergate"


@contextmanager
def _stored(data: Path | None, database: str | None) -> Iterator[Store]:
    """Open the database of a server, which may be running."""
    from api.service.data_folder import open_folder
    from api.service.store import Store

    folder = open_folder(data or _data_folder())
    stored = Store(database or f"sqlite:///{folder.database}")
    try:
        yield stored
    finally:
        stored.close()


@contextmanager
def _mistakes_shown(interrupted: str = "Nothing was written.") -> Iterator[None]:
    """Show findings, a full disk or an interruption without a traceback, and leave with the right code."""
    from gates.findings import ConfigError

    try:
        yield
    except ConfigError as error:
        _leave(2, *(str(found) for found in error.findings))
    except KeyboardInterrupt:
        _leave(130, f"Interrupted. {interrupted}")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            _leave(
                1,
                f"The disk is full: {error.filename or 'the result folder'}. Free some space; nothing was written.",
            )
        _leave(2, f"{error.filename or 'A file'} cannot be read or written: {error.strerror}. Name another place.")


def _leave(code: int, *lines: str) -> NoReturn:
    for line in lines:
        errors.print(line, markup=False, soft_wrap=True)
    raise typer.Exit(code)
