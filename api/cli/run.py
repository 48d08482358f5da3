"""`bordergate run`: one gate, and its result folder."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import REPLICATIONS, console, mistakes_shown, replication_bar
from api.cli.options import Engine, ExcelOption, ForceOption, OutOption, PngOption, ReadingOption, UpgradeLevel, number
from api.cli.plot import drawing
from api.cli.study import local_processes, refuse_options

if TYPE_CHECKING:
    from experiments import RunResult
    from experiments.runs.request import ResolvedRun
    from gates import Finding


FIRST_USE = "First use: compiling the engine, once for this installation (about half a minute on two cores) …"
FEW_VISITS = 200_000
"""Stage visits that the reference engine makes within seconds."""
BESIDE_A_MANIFEST = {"gate", "out", "force", "workers", "full", "confirm", "png", "excel"}


def run(
    context: typer.Context,
    gate: Annotated[
        str, typer.Argument(metavar="GATE", help="A gate of the library, a YAML file, or the manifest of a result.")
    ],
    reading: ReadingOption = None,
    upgrade: Annotated[
        list[str] | None, typer.Option(metavar="U", help="An upgrade of the library, or a YAML file; may be repeated.")
    ] = None,
    level: Annotated[
        str, typer.Option(metavar="low|base|high", help="Which values of the upgrades to use.")
    ] = UpgradeLevel.BASE.value,
    days: Annotated[int, typer.Option(parser=number, metavar="N", help="Measured days.")] = 30,
    warmup_days: Annotated[
        int, typer.Option(parser=number, metavar="N", help="Days before them, simulated but not measured.")
    ] = 7,
    replications: Annotated[int, typer.Option(parser=number, metavar="N", help="Independent replications.")] = 20,
    seed: Annotated[int, typer.Option(parser=number, metavar="N", help="Seed of all random numbers.")] = 1,
    start: Annotated[str | None, typer.Option(metavar="DATE", help="First measured day.")] = None,
    demand: Annotated[
        float, typer.Option(parser=number, metavar="X", help="Factor on all flows, for instance 1.09.")
    ] = 1.0,
    engine: Annotated[
        str, typer.Option(metavar="compiled|reference", help="Both give the same results.")
    ] = Engine.COMPILED.value,
    keep_events: Annotated[
        str,
        typer.Option(metavar="N|all|none", help="Replications whose event log is kept; `none` needs the least memory."),
    ] = "1",
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV file of recorded trucks, which come instead of drawn ones."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            help="Processes that simulate; by default threads, which start at once, where they help.",
        ),
    ] = None,
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="Run again with the largest cause of waiting relieved: is it the bottleneck?"),
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Print all tables of the report.")] = False,
    png: PngOption = False,
    excel: ExcelOption = False,
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Run a gate, print the answer, then write its result folder with plots and a report.

    The manifest of a result gives it again.

    Example: `bordergate run friendship-pass --upgrade more-bays --days 30 --replications 20 --out results/bays`
    """
    with mistakes_shown():
        resolved = _of_manifest(context, gate) or _resolved(
            out,
            trace,
            gate=gate,
            reading=reading,
            upgrades=upgrade or [],
            level=level,
            days=days,
            warmup_days=warmup_days,
            start=start,
            demand=demand,
            replications=replications,
            seed=seed,
            engine=engine,
            keep_events=keep_events,
        )
        from experiments.report.drawing import draw_result, painters
        from experiments.result_folder import new_result
        from gates.borders.alone import refuse_border

        if confirm:
            refuse_border(resolved.scenario.gate, "--confirm", "relief is tried at one gate, and this is a border")
        name = f"{resolved.scenario.gate.name}-{resolved.digest[:8]}"
        folder = out if out is not None else Path("results") / name
        with (
            new_result(folder, "run", resolved.scenario.gate.name, force=force) as partial,
            painters() as processes,
        ):
            result = simulated_run(resolved, workers)
            found = confirmed(result, workers) if confirm or _is_confirmed(gate) else None
            _print_answer(result, found, full=full)
            with drawing():
                from experiments.runs.folder import fill_folder, keep_confirmed  # loads Arrow

                fill_folder(result, partial)
                if found is not None:
                    keep_confirmed(partial, found)
                draw_result(partial, processes, png=png)
            if excel:
                from experiments.report.excel import write_excel

                write_excel(partial)
        console.print(f"\nReport: {folder / 'report.html'}   Result folder: {folder}", markup=False, soft_wrap=True)


def _of_manifest(context: typer.Context, gate: str) -> ResolvedRun | None:
    """Return the run of the manifest that is named instead of a gate; None if it is none."""
    from experiments.again import manifest_at, run_of

    document = manifest_at(gate, "run")
    if document is None:
        return None
    sources = {name: context.get_parameter_source(name) for name in context.params.keys() - BESIDE_A_MANIFEST}
    refuse_options(sorted(name for name, source in sources.items() if source and source.name == "COMMANDLINE"))
    return run_of(document, Path(gate) if Path(gate).is_dir() else Path(gate).parent)


def _resolved(out: Path | None, trace: Path | None = None, **options: Any) -> ResolvedRun:
    """Return the run that the options describe, or raise with every finding at once, those of the folder included."""
    from experiments.result_folder import refuse_other_content
    from experiments.runs.request import RunRequest, resolve
    from gates import ConfigError

    try:
        return resolve(options, files=True, trace=trace)
    except ConfigError as error:
        named = RunRequest.model_fields.keys() - {"gate"}
        findings = [_as_option(finding, named) for finding in error.findings]
    try:
        if out is not None:
            refuse_other_content(out)
    except ConfigError as error:
        findings += error.findings
    raise ConfigError(findings)


def _as_option(finding: Finding, named: Iterable[str]) -> Finding:
    """Return a finding under the name of the option that it is about."""
    field = finding.path.partition("[")[0]
    option = "--upgrade" if field == "upgrades" else "--" + finding.path.replace("_", "-")
    return replace(finding, path=option) if field in named and not finding.file else finding


def simulated_run(resolved: ResolvedRun, workers: int | None) -> RunResult:
    """Run with a progress bar."""
    from experiments import run_scenario
    from experiments.operating_system import keep_freed_memory
    from sim.engines.first_use import cache_is_warm
    from sim.kept_code import tell_of_compiling

    keep_freed_memory()
    settings = resolved.settings
    if settings.engine == "compiled" and not cache_is_warm():
        console.print(FIRST_USE)
    processes = local_processes(workers) if workers or _holds_the_lock(resolved) else nullcontext()
    with processes as executor, replication_bar() as bar:
        task = bar.add_task(REPLICATIONS, total=settings.replications)
        tell_of_compiling(lambda name: bar.update(task, description=f"Compiling {name.rpartition('.')[2]} …"))
        try:
            result = run_scenario(
                resolved.scenario,
                settings,
                trace=resolved.trace,
                executor=executor,
                progress=lambda done, _: bar.update(task, completed=done, description=REPLICATIONS),
            )
        finally:
            tell_of_compiling(None)
    return replace(result, changes=resolved.changes)


def _holds_the_lock(resolved: ResolvedRun) -> bool:
    """Tell whether threads would wait for each other so long that processes pay, which need two seconds to start.

    Kernels give up the lock of the interpreter, but the reference engine is Python.
    """
    from experiments.runs.replications import planned
    from experiments.runs.settings import Setup

    settings = resolved.settings
    if settings.engine == "compiled" or settings.replications == 1:
        return False
    plan = planned(Setup.of_run(resolved.scenario, settings, resolved.trace).text)[1]
    return plan.expected_visits * settings.replications > FEW_VISITS


def _is_confirmed(gate: str) -> bool:
    """Tell whether a manifest is named whose causes of waiting were relieved."""
    from experiments.again import manifest_at

    return "confirmed" in (manifest_at(gate, "run") or {})


def confirmed(result: RunResult, workers: int | None) -> list[dict[str, Any]]:
    """Run again with the largest cause of waiting of each direction relieved; return what the manifest says of it."""
    from experiments.answers.run_causes import confirmation
    from experiments.answers.run_numbers import numbers_of
    from experiments.answers.run_summary import summary
    from experiments.runs.request import ResolvedRun
    from experiments.studies.bottleneck import relief
    from sim.metrics.meter import Key

    found = []
    for headline in summary(numbers_of(result), result.manifest).headlines:
        cause, gate = headline.cause, result.scenario.gate
        easier = relief(gate, cause.kind, cause.place) if cause else None
        if cause is None or easier is None:
            continue
        scenario = result.scenario.model_copy(update={"gate": easier.gate(gate)})
        key = Key("clearance_h", "mean", headline.direction)
        other = simulated_run(ResolvedRun(scenario, result.settings, trace=result.trace), workers)
        before, after = ([m.values[key] for m in each.measures] for each in (result, other))
        sentence = confirmation(cause, easier.how, headline.direction, before, after)
        times = {name: [_finite(value) for value in values] for name, values in (("before", before), ("after", after))}
        found.append({"direction": headline.direction, "sentence": sentence, "mean_clearance_h": times})
    return found


def _finite(value: float) -> float | None:
    """Return a number for JSON; None where it is not reached or not defined."""
    return float(value) if math.isfinite(value) else None


def _print_answer(result: RunResult, found: list[dict[str, Any]] | None, *, full: bool) -> None:
    """Print the answer of a run that has no folder yet, and what else its reader must know."""
    from api.cli.tables import print_summary
    from experiments.answers.run_numbers import numbers_of
    from experiments.answers.run_summary import summary
    from experiments.runs.provenance import with_confirmed
    from gates.describe import never_text, parts_text

    document = result.manifest if found is None else with_confirmed(result.manifest, found)
    print_summary(console, summary(numbers_of(result), document), full=full)
    for note in filter(None, (never_text(result.scenario.gate), parts_text(result.scenario.gate))):
        console.print(f"Note: {note}", markup=False)


def warm() -> None:
    """Compile the engine ahead, so that the first run does not: for a new installation, or while an image is built.

    The code is for every processor of this kind of machine, on x86 for those since about 2015, and is kept with the
    package.

    Example: `bordergate warm`
    """
    with mistakes_shown():
        from gates.findings import ConfigError, Finding
        from sim.compile_ahead import CannotCompile, compile_ahead, is_compiled

        if is_compiled():
            console.print("The engine is compiled already.")
            return
        with console.status("Compiling the engine …") as status:
            names: list[str] = []

            def told(name: str) -> None:
                names.append(name)
                status.update(f"Compiling the engine: part {len(names)}, {name.rpartition('.')[2]} …")

            try:
                compile_ahead(told=told)
            except CannotCompile as error:
                remedy = "Run it as a user who may write there, or do nothing: the first run compiles what it needs."
                raise ConfigError([Finding("warm", "", str(error), remedy)]) from None
        console.print(f"Compiled {len(names)} parts of the engine; runs start at once from now on.")
