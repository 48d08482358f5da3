"""What workers do: functions of plain values, importable by name, heavy imports inside."""

from __future__ import annotations

import importlib
import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from api.service.queue import loans
from experiments.runs import executors
from experiments.runs.files import sync_tree
from gates.findings import ConfigError, Finding, suggestion

if TYPE_CHECKING:
    from experiments.runs.prediction import Size
    from experiments.runs.store import Store


class CheckedRequest(NamedTuple):
    """What there is to know of a request before it runs."""

    text: str
    """The resolved run, or the study."""
    digest: str
    """SHA-256 of all that the result depends on."""
    gate: str
    total: int
    """Replications, of all scenarios; an upper bound if a precision is wanted."""
    settings: dict[str, Any]
    size: Size | None
    """How large a replication is."""


def checked_request(request: dict[str, Any], *, with_size: bool = True) -> CheckedRequest:
    """Resolve a run.

    Raises
    ------
    ConfigError
        With every finding.
    """
    from experiments.runs.request import resolve, run_text

    resolved = resolve(request)
    text = run_text(resolved)
    return CheckedRequest(
        text=text,
        digest=resolved.digest,
        gate=resolved.scenario.gate.name,
        total=resolved.settings.replications,
        settings=resolved.settings.model_dump(mode="json"),
        size=size(text) if with_size else None,
    )


def check_request(request: str) -> CheckedRequest:
    """Resolve a run that is JSON text.

    Raises
    ------
    ConfigError
        With every finding.
    """
    return checked_request(json.loads(request))


def size_of_study(request: str) -> tuple[int, Size]:
    """Return how many replications a study may need, and how large one of its base is, without making its scenarios.

    Raises
    ------
    ConfigError
        If it cannot be read, or its base cannot be built.
    """
    from experiments.runs.prediction import size_of
    from experiments.studies.designs import Bench
    from experiments.studies.model import study_from_text
    from experiments.studies.run import most_replications, most_scenarios
    from sim.plan.compile import compile_plan

    _refuse_files(json.loads(request))
    study = study_from_text(request)
    base = Bench(study, 0).base().scenario
    return most_scenarios(study, base.gate) * most_replications(study), size_of(compile_plan(base))


def check_study_request(request: str) -> CheckedRequest:
    """Resolve a study that is JSON text: what a study file says. It may name nothing outside the library.

    Raises
    ------
    ConfigError
        With every finding.
    """
    from experiments.runs.provenance import data_digest, digest, identity
    from experiments.runs.settings import RunSettings
    from experiments.studies.designs import cells, readings_of_study
    from experiments.studies.model import study_from_text
    from experiments.studies.run import most_replications

    _refuse_files(json.loads(request))
    study = study_from_text(request)
    warmup_days = study.warmup_days if isinstance(study.warmup_days, int) else 0
    under = readings_of_study(study, study.own_gate())
    made = [cell for reading in under for cell in cells(study, warmup_days, reading)]
    text = study.model_dump_json(by_alias=True)
    settings = RunSettings(replications=1, seed=study.seed, keep_events=0)
    starts = {cell.scenario.first_simulated: cell.scenario for cell in made}
    code = digest([text, data_digest(), *(identity(scenario) for scenario in (made[0].scenario, *starts.values()))])
    total = len(made) * most_replications(study)
    return CheckedRequest(text, code, study.gate, total, settings.model_dump(mode="json"), None)


def _refuse_files(request: dict[str, Any]) -> None:
    """Refuse names that are not in the library: a study file may hold paths, a request may not."""
    from gates.files.load import library_names
    from gates.upgrades import upgrade_names

    named = request.get("upgrades")
    wanted = [("gate", request.get("gate"), library_names())]
    wanted += [(f"upgrades[{n}]", u, upgrade_names()) for n, u in enumerate(named if isinstance(named, list) else [])]
    for n, entry in enumerate(request["scenarios"] if isinstance(request.get("scenarios"), list) else []):
        inside = entry.get("upgrades") if isinstance(entry, dict) else None
        places = enumerate(inside if isinstance(inside, list) else [])
        wanted += [(f"scenarios[{n}].upgrades[{k}]", u, upgrade_names()) for k, u in places]
    findings = [
        Finding(path, name[:60], "not in the library", suggestion(known, name[:60]))
        for path, name, known in wanted
        if isinstance(name, str) and name not in known
    ]
    if findings:
        raise ConfigError(findings)


def size(text: str) -> Size:
    """Return how large the replications of a resolved run are."""
    from experiments.runs.prediction import size_of
    from experiments.runs.request import run_from_text
    from sim.plan.compile import compile_plan

    return size_of(compile_plan(run_from_text(text).scenario))


def simulate(text: str, folder: str, first: int, end: int) -> None:
    """Simulate some replications into the store of a run; one that is there is not made again.

    Raises
    ------
    OSError
        If the disk is full; what was not written yet is then not there.
    """
    from experiments.runs.replications import Runner
    from experiments.runs.request import run_from_text
    from experiments.runs.settings import Setup
    from experiments.runs.store import setup_digest

    started = Path(folder) / "started.log"
    started.parent.mkdir(parents=True, exist_ok=True)
    with started.open("a", encoding="ascii") as stream:
        stream.write(f"{first} {end}\n")
    run = run_from_text(text)
    setup = Setup.of_run(run.scenario, run.settings)
    runner = Runner(store=_store(folder), chunk=end - first)
    for _ in runner.finished({setup_digest(setup): setup}, range(first, end), run.settings.keep_events):
        pass


def finish(text: str, folder: str, target: str) -> None:
    """Write the result folder of a run from its store; a replication that is missing or damaged is made.

    Raises
    ------
    OSError
        If the disk is full; nothing is then left at `target`.
    """
    import dataclasses

    from experiments.runs.folder import write_result
    from experiments.runs.replications import Runner
    from experiments.runs.request import run_from_text
    from experiments.runs.run import run_with

    run = run_from_text(text)
    result = run_with(Runner(store=_store(folder)), run.scenario, run.settings)
    write_result(dataclasses.replace(result, changes=run.changes), Path(target), sync_tree)


def replications_in(text: str, folder: str) -> set[int]:
    """Return the numbers of the replications in the store of a run, without loading what computes them."""
    from experiments.runs.request import run_from_text
    from experiments.runs.settings import Setup
    from experiments.runs.store import setup_digest

    run = run_from_text(text)
    setup = Setup.of_run(run.scenario, run.settings)
    return _store(folder).numbers(setup_digest(setup), run.settings.keep_events)


def _store(folder: str) -> Store:
    """Return the store of a run that is being done; what is counted as done there survives a power cut."""
    from experiments.runs.store import Store

    return Store(Path(folder), durable=True)


class StudyPlaces(NamedTuple):
    """Where a study finds and leaves what."""

    store: str
    """Finished replications, of all studies."""
    kept_mb: float
    """What they may take between two studies [MB]."""
    target: str
    progress: str


def study(text: str, places: StudyPlaces, chunk: int, cluster: str | None) -> None:
    """Run a study, and write its folder with plots and report.

    Replications run in the server's processes, at most `chunk` of a scenario at once, or on a cluster. Finished ones
    are in the store, so an interrupted study resumes where it stopped; the store is trimmed before and after.
    """
    from experiments.report.drawing import draw_result
    from experiments.runs.store import Store
    from experiments.studies.folder import write_study
    from experiments.studies.model import study_from_text
    from experiments.studies.run import run_study

    told, stages = (0, 0), (1, 1)

    def begin(stage: int, count: int) -> None:
        nonlocal stages
        stages = stage, count

    def tell(done: int, total: int, phase: str = "simulating") -> None:
        nonlocal told
        told = done, total
        partial = Path(f"{places.progress}.partial")
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(f"{done} {total} {phase} {stages[0]} {stages[1]}\n", encoding="ascii")
        partial.replace(places.progress)

    def draw(folder: Path) -> None:
        tell(*told, "drawing")
        draw_result(folder, png=True)
        sync_tree(folder)

    store = Store(Path(places.store))
    store.trim(1e6 * places.kept_mb)
    with executors.dask(cluster) if cluster else nullcontext(loans.borrowed()) as executor:
        asked = study_from_text(text)
        result = run_study(asked, store=store, executor=executor, progress=tell, chunk=chunk, stage=begin)
    tell(*told, "combining")
    write_study(result, Path(places.target), finish=draw)
    store.trim(1e6 * places.kept_mb)


def warm_up() -> None:
    """Load what simulations need, before the first one needs it; where processes are forked they have it."""
    for name in executors.SIMULATE:
        importlib.import_module(name)
