"""Where a result comes from: enough to run it again, and to see what it rests on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata, util
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from experiments.inputs.policy import PolicyCode
from experiments.inputs.trace import Trace
from experiments.runs.settings import RunSettings
from gates import Change, Fact, Gate, Scenario, SourcedNumber, apply_upgrades, every_number, load_gate
from gates.files.load import library_gates
from gates.findings import ConfigError
from gates.rivals import reading_document, with_reading
from gates.schema.holidays import public_holidays
from gates.schema.quantities import DAY_S
from gates.upgrades import Level, upgrade_names

DISTRIBUTION = "bordergate"
LIBRARIES = ("numba", "numpy", "scipy", "simpy")
"""Libraries whose version can move a result."""
HOUR_S = 3600
BY_MANIFEST = "bordergate {kind} FOLDER/manifest.json"
"""The command line that gives a result again, whatever it was made from; FOLDER stands for its folder."""
BY_POLICY = (
    "bg.run(..., policy={name}) in Python, with the policy whose code has the SHA-256 {sha256}...; it is not kept here"
)
"""How a result under own rules is made again."""


def version() -> str:
    """Return the version of this software, "unknown" if it runs from a folder that is not installed."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"


def scenario_document(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as JSON, the gate resolved; `Scenario.model_validate` reads it back."""
    document = scenario.model_dump(mode="json", by_alias=True)
    document["start"] = scenario.first_measured.isoformat()
    return document


def canonical_json(document: Any) -> bytes:
    """Return a JSON document in one canonical spelling."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(document: Any) -> str:
    """Return the SHA-256 of a JSON document in its canonical spelling."""
    return hashlib.sha256(canonical_json(document)).hexdigest()


def result_digest(
    scenario: Scenario,
    settings: RunSettings,
    changes: tuple[Change, ...] = (),
    trace: Trace | None = None,
    policy: PolicyCode | None = None,
) -> str:
    """Return the SHA-256 of all that a result depends on: equal digests give equal results.

    That is the scenario with the dates and clocks that it looks up, how it is run, the trucks of a trace, the code of a
    policy, the changes that it tells of, the code, the facts of the library, and the versions of libraries.
    """
    how = [settings.model_dump(mode="json"), [dataclasses.asdict(change) for change in changes]]
    return digest([*identity(scenario), *how, data_digest(), inputs_document(trace, policy)])


def inputs_document(trace: Trace | None, policy: PolicyCode | None) -> dict[str, Any]:
    """Return what identities and manifests say of the inputs beside the scenario; nothing where there is none."""
    document: dict[str, Any] = {}
    if trace is not None:
        document["trace"] = {"sha256": trace_digest(trace), "trucks": trace.trucks}
    if policy is not None:
        document["policy"] = policy.document
    return document


def trace_digest(trace: Trace) -> str:
    """Return the SHA-256 of the trucks of a trace."""
    return digest(trace.model_dump(mode="json"))


def identity(scenario: Scenario) -> list[Any]:
    """Return all that the replications of a scenario depend on, but how they are run."""
    document = scenario_document(scenario)
    return [document, looked_up(scenario, document), versions(), code_digest()]


def looked_up(scenario: Scenario, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what libraries say about the days of a scenario: public holidays by place, offsets of clocks by zone.

    The versions of these libraries are not a part of its identity, what they say is: so a new version with the same
    dates and offsets keeps what is stored, and one with others gives another result under another digest.

    Parameters
    ----------
    document
        The scenario as JSON.
    """
    first = scenario.first_simulated - DAYS_AROUND
    last = scenario.first_simulated + dt.timedelta(days=scenario.days_simulated) + DAYS_AROUND
    zones = sorted(set(scenario.gate.sides.values()))
    return {
        "holidays": {place: _holidays(place, first, last) for place in sorted(_places(document["gate"]))},
        "offsets": {zone: _offsets(zone, first, last) for zone in zones},
    }


DAYS_AROUND = dt.timedelta(days=2)
"""Clocks of the sides are up to a day apart, and windows reach over midnight."""


def _places(written: Any) -> set[str]:
    """Return the places whose public holidays a gate names, in its calendar and in hours of any kind."""
    if isinstance(written, list):
        return set().union(*map(_places, written))
    if not isinstance(written, dict):
        return set()
    places = {key.removeprefix("holidays ") for key in written if key.startswith("holidays ")}
    if isinstance(place := written.get("holidays"), str):
        places.add(place)
    return places.union(*map(_places, written.values()))


@functools.lru_cache(maxsize=256)
def _holidays(place: str, first: dt.date, last: dt.date) -> dict[str, str]:
    """Return the public holidays of a place within a period, as ISO date -> name."""
    years = range(first.year, last.year + 1)
    days = ((day, name) for year in years for day, name in public_holidays(place, year).items())
    return {day.isoformat(): name for day, name in days if first <= day <= last}


@functools.lru_cache(maxsize=256)
def _offsets(zone: str, first: dt.date, last: dt.date) -> list[tuple[int, int]]:
    """Return when the clocks of a zone change within a period: seconds of UTC from `first`, offset from then on [s]."""
    clock, start = ZoneInfo(zone), dt.datetime.combine(first, dt.time(), dt.UTC)

    def offset(second: int) -> int:
        ahead = (start + dt.timedelta(seconds=second)).astimezone(clock).utcoffset() or dt.timedelta()
        return round(ahead.total_seconds())

    changes = [(0, offset(0))]
    for hour in range(0, (last - first).days * DAY_S, HOUR_S):
        low, high = hour, hour + HOUR_S
        if offset(high) != changes[-1][1]:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == changes[-1][1] else (low, middle)
            changes.append((high, offset(high)))
    return changes


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of this software, of Python and of the libraries that can move a result."""
    libraries = {name: metadata.version(name) for name in LIBRARIES}
    return {DISTRIBUTION: version(), "python": platform.python_version(), **libraries}


@functools.cache
def code_digest() -> str:
    """Return the SHA-256 of the code that turns a gate into results, so that no result outlives a change of it.

    It covers every source file of `gates` and `sim`, in whatever subpackage, by its place and its text.
    """
    return _files_digest(("gates", "sim"), "*.py")


@functools.cache
def data_digest() -> str:
    """Return the SHA-256 of the facts of the library, which manifest and report cite."""
    return _files_digest(("gates",), "library/facts.csv")


def _files_digest(packages: Iterable[str], pattern: str) -> str:
    whole = hashlib.sha256()
    for package in packages:
        located = util.find_spec(package)  # finds it without running it
        for root in (located.submodule_search_locations if located else None) or ():
            for name, path in sorted((path.relative_to(root).as_posix(), path) for path in Path(root).rglob(pattern)):
                whole.update(canonical_json([f"{package}/{name}", path.read_text(encoding="utf-8")]))
    return whole.hexdigest()


def manifest(
    scenario: Scenario,
    settings: RunSettings,
    changes: tuple[Change, ...],
    tick_zero: dt.datetime,
    schema: int,
    trace: Trace | None = None,
    policy: PolicyCode | None = None,
) -> dict[str, Any]:
    """Return what `manifest.json` of a run holds. No time of day is in it: the same run gives the same bytes."""
    numbers = every_number(scenario.gate)
    document = scenario_document(scenario)
    return {
        "schema": schema,
        "kind": "run",
        "versions": versions(),
        "scenario": document,
        **settings.model_dump(mode="json"),
        "tick_zero": tick_zero.isoformat(),
        "hashes": {
            "scenario": digest(document),
            "code": code_digest(),
            "result": result_digest(scenario, settings, changes, trace, policy),
        },
        **inputs_document(trace, policy),
        **reading_document(scenario.gate),
        "looked_up": looked_up(scenario, document),
        "changes": [dataclasses.asdict(change) for change in changes],
        "run_again": run_again(scenario, settings, changes, trace, policy),
        "assumptions": [_assumption(n) for n in numbers if n.is_assumption],
        "sources": [_sourced(n) for n in numbers if n.facts],
        "unsourced": [{"path": n.path, "value": n.value} for n in numbers if not n.is_sourced],
    }


def with_confirmed(document: Mapping[str, Any], found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a manifest that says what relief of the largest causes of waiting does, and how to try it again."""
    again = document["run_again"]
    by_manifest = again == BY_MANIFEST.format(kind="run")
    return {**document, "run_again": again if by_manifest else f"{again} --confirm", "confirmed": found}


def run_again(
    scenario: Scenario,
    settings: RunSettings,
    changes: tuple[Change, ...] = (),
    trace: Trace | None = None,
    policy: PolicyCode | None = None,
) -> str:
    """Return the command line that gives the result again.

    It names gate and upgrades where the library gives the same gate; else it names the manifest, which holds the gate
    and has the trace beside it. Code of a policy is not kept: then it says what is missing.
    """
    if policy is not None:
        return BY_POLICY.format(name=policy.name, sha256=policy.sha256[:12])
    if trace is not None or not _is_of_library(scenario.gate, changes):
        return BY_MANIFEST.format(kind="run")
    parts = [
        f"bordergate run {scenario.gate.name}",
        *_reading_option(scenario.gate),
        *(f"--upgrade {name}" for name in dict.fromkeys(change.upgrade for change in changes)),
        *dict.fromkeys(f"--level {change.level}" for change in changes if change.level != "base"),
        f"--days {scenario.days} --warmup-days {scenario.warmup_days}",
        f"--start {scenario.first_measured.isoformat()}",
        f"--replications {settings.replications} --seed {settings.seed}",
    ]
    if scenario.demand != 1:
        parts.append(f"--demand {scenario.demand}")
    if settings.engine != "compiled":
        parts.append(f"--engine {settings.engine}")
    if settings.keep_events != 1:
        parts.append(f"--keep-events {settings.keep_events or 'none'}")
    return " ".join(parts)


def _reading_option(gate: Gate) -> list[str]:
    """Return the option that names the reading of a gate of the library; none for its baseline."""
    return [f"--reading {gate.reading}"] if gate.reading not in (None, gate.baseline) else []


def _is_of_library(gate: Gate, changes: tuple[Change, ...]) -> bool:
    """Tell whether gate and upgrades of the library, by their names, give this gate with these changes."""
    names = list(dict.fromkeys(change.upgrade for change in changes))
    levels: set[Level] = {change.level for change in changes}
    if gate.name not in library_gates() or not set(names) <= set(upgrade_names()) or len(levels) > 1:
        return False
    try:
        return apply_upgrades(with_reading(load_gate(gate.name), gate.reading), names, *levels) == (gate, changes)
    except ConfigError:  # they do not go together: then the gate was made otherwise
        return False


def _assumption(number: SourcedNumber) -> dict[str, str]:
    return {"path": number.path, "value": number.value, "note": number.note}


def _sourced(number: SourcedNumber) -> dict[str, Any]:
    return {
        "path": number.path,
        "value": number.value,
        "ids": [fact.id for fact in number.facts],
        "note": number.note,
        "facts": [_fact(fact) for fact in number.facts],
    }


def _fact(fact: Fact) -> dict[str, str]:
    return {k: str(v) for k, v in dataclasses.asdict(fact).items()}
