"""What to run: the one definition for files, the command line and HTTP.

A request names a gate, what is changed in it, and how it is run. `resolve` turns it into a scenario and settings, or
raises with every finding at once. The digest of a resolved run names it by its content.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from experiments.inputs.policy import PolicyCode
from experiments.inputs.trace import Trace
from experiments.runs import provenance
from experiments.runs.settings import MAX_REPLICATIONS, EngineName, ReplicationCount, RunSettings, Seed
from gates.borders.alone import refuse_border
from gates.files.explain import model_findings
from gates.files.load import gate_from_data, library_gates, library_names, load_gate
from gates.findings import ConfigError, Finding, suggestion, within
from gates.rivals import with_reading
from gates.schema.base import Model
from gates.schema.borders.composed import ComposedGate
from gates.schema.gate import Gate
from gates.schema.quantities import Day, refusal
from gates.schema.scenario import DayCount, DemandFactor, Scenario, WarmupDays
from gates.upgrades import (
    Change,
    Level,
    Upgrade,
    apply_upgrades,
    load_upgrade,
    upgrade_names,
)
from gates.variants import changed

MAX_UPGRADES = 32
MAX_SET = 100
SET = "set"
"""Stands in place of the name of an upgrade in changes that a request sets."""
Kept = int | Literal["all", "none"]
GateWritten = str | dict[str, Any]
PlaceWritten = Annotated[str, Field(min_length=1, max_length=200)]
UpgradeWritten = Annotated[str, Field(min_length=1, max_length=1000)]


def _gate_written(value: object) -> GateWritten:
    """Read a name or a mapping; what is in the mapping is looked at later."""
    if isinstance(value, dict) or (isinstance(value, str) and value):
        return value
    raise refusal("not a gate", "Write the name of a gate of the library, or a whole gate as `key: value` pairs.")


def _kept(value: object) -> Kept:
    """Read how many event logs are kept."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if text in ("all", "none"):
        return "all" if text == "all" else "none"
    if isinstance(value, float) and value.is_integer():
        text = str(int(value))
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) <= MAX_REPLICATIONS):
        raise refusal("is not a count", f"Use a number up to {MAX_REPLICATIONS:,}, all or none.")
    return int(text)


class RunRequest(Model):
    """What to run: a gate, what is changed in it, a period, and how often."""

    gate: Annotated[
        GateWritten,
        BeforeValidator(_gate_written, json_schema_input_type=Annotated[str, Field(min_length=1)] | dict[str, Any]),
    ]
    """Name of a gate of the library, or a whole gate, as in a gate file."""
    reading: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """Reading of the gate, where it has several; none means its baseline."""
    upgrades: Annotated[tuple[UpgradeWritten, ...], Field(max_length=MAX_UPGRADES)] = ()
    """Upgrades of the library to switch on."""
    level: Level = "base"
    """Which value of numbers with three values the upgrades take."""
    set: Annotated[dict[PlaceWritten, Any], Field(max_length=MAX_SET)] = Field(default={})
    """Place in the gate -> value, such as `stages.bay-cn.lanes: 15`. They come last and beat those of upgrades."""
    days: DayCount = 30
    """Length of the measured period [d]."""
    warmup_days: WarmupDays = 7
    """Days simulated before it, which fill the gate and are not measured [d]."""
    start: Day | None = None
    """First measured day, such as 2025-07-01; none means the gate's own."""
    demand: DemandFactor = 1.0
    """Factor on every flow's vehicles a day [1]."""
    replications: ReplicationCount = 20
    """Number of independent replications."""
    seed: Seed = 1
    """Seed of all random numbers."""
    engine: EngineName = "compiled"
    """Engine; both give the same results."""
    keep_events: Annotated[
        Kept,
        BeforeValidator(
            _kept, json_schema_input_type=Annotated[int, Field(ge=0, le=MAX_REPLICATIONS)] | Literal["all", "none"]
        ),
    ] = 1
    """Number of first replications whose event log is kept, `all` or `none`; none streams."""


@dataclass(frozen=True)
class ResolvedRun:
    """A request with everything looked up: no name is left in it."""

    scenario: Scenario
    settings: RunSettings
    changes: tuple[Change, ...] = ()
    """What upgrades changed in the gate, in order."""
    trace: Trace | None = None
    """Recorded trucks that come instead of drawn ones."""
    policy: PolicyCode | None = None
    """Own rules, under which the reference engine runs."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that the result depends on: equal digests give equal result folders."""
        return provenance.result_digest(self.scenario, self.settings, self.changes, self.trace, self.policy)


def resolve(request: RunRequest | Mapping[str, Any], *, files: bool = False, trace: object = None) -> ResolvedRun:
    """Return the scenario and the settings that a request stands for.

    Parameters
    ----------
    request
        A request, or plain data to be read as one.
    files
        Whether gate and upgrades may be paths of files: only for who sits at the machine.
    trace
        Recorded trucks that come instead of drawn ones: a pandas frame, a mapping of columns or the path of a CSV file.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    if not isinstance(request, RunRequest):
        request = _read(request, files)
    gate, findings = _gate(request.gate, files)
    upgrades: list[Upgrade] = []
    for number, name in enumerate(request.upgrades):
        findings += _upgrade(number, name, files, upgrades)
    under, wrong = _under(gate, request.reading)
    if findings or wrong or under is None:
        raise ConfigError([*findings, *wrong])
    gate, changes = apply_upgrades(under, upgrades, request.level)
    if trace is not None:
        refuse_border(gate, "trace", "recorded trucks come to a gate, not to a border")
    gate, more = _with_values_set(gate, request.set)
    changes = (*(gate.changes if isinstance(gate, ComposedGate) else changes), *more)
    scenario = Scenario(
        gate=gate,
        days=request.days,
        warmup_days=request.warmup_days,
        start=request.start,
        demand=request.demand,
    )
    kept = {"none": 0, "all": request.replications}.get(str(request.keep_events), request.keep_events)
    settings = RunSettings(
        replications=request.replications,
        seed=request.seed,
        engine=request.engine,
        keep_events=min(int(kept), request.replications),
    )
    if trace is None:
        return ResolvedRun(scenario, settings, changes)
    from experiments.inputs.read_trace import read_trace

    return ResolvedRun(scenario, settings, changes, read_trace(trace, scenario))


def _under(gate: Gate | None, reading: str | None) -> tuple[Gate | None, list[Finding]]:
    """Return a gate under a reading, or what is wrong with it."""
    try:
        return None if gate is None else with_reading(gate, reading), []
    except ConfigError as error:
        return None, error.findings


def _with_values_set(gate: Gate, values: Mapping[str, Any]) -> tuple[Gate, tuple[Change, ...]]:
    try:
        return changed(gate, values, SET, "assumption: set for this run")
    except ConfigError as error:
        raise ConfigError(
            [dataclasses.replace(found, path=f"{SET}.{found.path}") for found in error.findings]
        ) from None


def run_text(resolved: ResolvedRun) -> str:
    """Return a resolved run as text that a process anywhere can read back."""
    document = {
        "scenario": provenance.scenario_document(resolved.scenario),
        "settings": resolved.settings.model_dump(mode="json"),
        "changes": [dataclasses.asdict(change) for change in resolved.changes],
    }
    return json.dumps(document, ensure_ascii=False)


@functools.lru_cache(maxsize=4)
def run_from_text(text: str) -> ResolvedRun:
    """Read a resolved run back; the last few are remembered."""
    document = json.loads(text)
    return ResolvedRun(
        Scenario.model_validate(document["scenario"]),
        RunSettings.model_validate(document["settings"]),
        tuple(Change(**change) for change in document["changes"]),
    )


def _read(data: Mapping[str, Any], files: bool) -> RunRequest:
    """Return a request from plain data, or raise with its findings and those of the gate in it."""
    try:
        return RunRequest.model_validate(data)
    except ValidationError as error:
        findings = model_findings(error, RunRequest)
        gate, upgrades, reading = data.get("gate"), data.get("upgrades"), data.get("reading")
        if isinstance(gate, str | dict) and not _is_about(findings, "gate"):
            found, wrong = _gate(gate, files)
            findings += wrong
            if isinstance(reading, str) and not _is_about(findings, "reading"):
                findings += _under(found, reading)[1]
        if isinstance(upgrades, list | tuple) and not _is_about(findings, "upgrades"):
            findings += [found for n, name in enumerate(upgrades) for found in _upgrade(n, name, files, [])]
        raise ConfigError(findings) from None


def _is_about(findings: list[Finding], path: str) -> bool:
    return any(within(found.path, path) for found in findings)


def _gate(gate: str | dict[str, Any], files: bool) -> tuple[Gate | None, list[Finding]]:
    try:
        if isinstance(gate, dict):
            return gate_from_data(gate), []
        if gate in library_names():
            return _library_gate(gate), []
        if files:
            return load_gate(gate), []
    except ConfigError as error:
        inside = isinstance(gate, dict)
        return None, [dataclasses.replace(f, path=_inside_gate(f.path)) if inside else f for f in error.findings]
    return None, [Finding("gate", gate[:60], "no such gate in the library", suggestion(library_gates(), gate[:60]))]


@functools.lru_cache(maxsize=64)
def _library_gate(name: str) -> Gate:
    """Read a gate of the library once: it is frozen, and so is the library."""
    return load_gate(name)


def _inside_gate(path: str) -> str:
    return "gate" if path == "file" else f"gate.{path}"


def _upgrade(number: int, name: str, files: bool, upgrades: list[Upgrade]) -> list[Finding]:
    """Append the upgrade that a name stands for, or return what is wrong with it."""
    try:
        if name in upgrade_names() or files:
            upgrades.append(load_upgrade(name))
            return []
    except ConfigError as error:
        return [f if f.file else dataclasses.replace(f, path=f"upgrades[{number}]") for f in error.findings]
    problem = "no such upgrade in the library"
    return [Finding(f"upgrades[{number}]", name[:60], problem, suggestion(upgrade_names(), name[:60]))]
