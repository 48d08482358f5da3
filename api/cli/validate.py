"""What `bordergate validate` says about a file: its kind and its content."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from gates import ConfigError, Finding, Gate, load_gate, load_upgrade
from gates.describe import never_text, parts_text, title_of
from gates.files.load import gate_from_text
from gates.files.yaml import parse, read_text
from gates.schema.borders.composed import ComposedGate
from gates.schema.scenario import Scenario
from gates.sources import footing_text
from gates.upgrades import check_upgrade, upgrade_from_text, with_needs


def checked(path: Path) -> str:
    """Return what a file without findings holds, in a sentence.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    return checked_text(read_text(path), path.name, path.parent)


def checked_text(text: str, file: str, folder: Path | None = None) -> str:
    """Return what a text without findings holds, in a sentence.

    Parameters
    ----------
    folder
        Where files stand that a border names; none if it may name gates of the library alone.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    kind = kind_of(text, file)
    if kind == "upgrade":
        return _upgrade(text, file)
    if kind == "study":
        return _study(text, file)
    gate = gate_from_text(text, file, folder)
    if isinstance(gate, ComposedGate):
        return _border(gate)
    if gate.targets:
        _refuse_unknown_metrics(gate, file)
    held = [f"{len(gate.stages)} stages", f"{len(gate.flows)} flows"]
    held += [f"{len(gate.readings)} readings"] if gate.readings else []
    held += [f"{len(gate.targets)} targets"] if gate.targets else []
    sentence = f"Gate {gate.name}: {', '.join(held)}; {footing_text(gate)}."
    return " ".join(filter(None, [sentence, never_text(gate), parts_text(gate), _lock_text(gate)]))


def _border(gate: ComposedGate) -> str:
    names = ", ".join(f"{name} ({member.found.name})" for name, member in gate.border.gates.items())
    trades = ", ".join(gate.border.trade) or "none"
    return f"Border {gate.name}: gates {names}; trade between them: {trades}; {footing_text(gate)}."


def _refuse_unknown_metrics(gate: Gate, file: str) -> None:
    from experiments.calibration.targets import refuse_unknown_metrics

    try:
        refuse_unknown_metrics(gate)
    except ConfigError as error:
        raise ConfigError(error.findings, file) from None


def _lock_text(gate: Gate) -> str:
    """Say which lanes, areas and pools trucks could hold while they wait for each other's; empty if none."""
    from sim.metrics.resources.deadlock import circle
    from sim.plan.compile import compile_plan

    plan = compile_plan(Scenario(gate=gate, days=1, warmup_days=0))
    titles = {
        "lane": ("a lane of", {name: stage.title for name, stage in gate.stages.items()}),
        "area": ("a space in", {name: area.title for name, area in gate.areas.items()}),
        "pool": ("a unit of", {name: pool.title for name, pool in gate.pools.items()}),
    }
    found = [f"{titles[kind][0]} {title_of(titles[kind][1].get(name, {}), name)}" for kind, name in circle(plan)]
    if not found:
        return ""
    waits = [f"hold {here} while they wait for {then}" for here, then in zip(found, found[1:] + found[:1], strict=True)]
    return (
        f"Trucks could lock each other for ever: some {', and others '.join(waits)}. Let trucks give back what they "
        "hold before they wait, or see in a run whether any are locked at its end."
    )


def kind_of(text: str, file: str) -> Literal["gate", "upgrade", "study"]:
    """Tell what a file describes, by its keys."""
    keys = parse(text, file).data.keys()
    if "stages" in keys or "gates" in keys:
        return "gate"
    return "upgrade" if "changes" in keys else "study" if "question" in keys else "gate"


def _upgrade(text: str, file: str) -> str:
    upgrade = upgrade_from_text(text, file)
    others = [load_upgrade(name) for name in with_needs(upgrade.needs)]
    findings = check_upgrade(upgrade, load_gate(upgrade.gate), others)
    if findings:
        raise ConfigError(findings)
    changes = "1 change" if len(upgrade.changes) == 1 else f"{len(upgrade.changes)} changes"
    return f"Upgrade {upgrade.name} of gate {upgrade.gate}: {changes}, checked at low, base and high."


def _study(text: str, file: str) -> str:
    from experiments.studies.designs import cells, readings_of_study
    from experiments.studies.model import study_from_text
    from experiments.studies.run import refuse_unknown_metrics

    study = study_from_text(text, file)
    warmup_days = 0 if study.warmup_days == "auto" else study.warmup_days
    scenarios, under, findings = 0, list[str | None](), list[Finding]()
    try:
        under = readings_of_study(study, study.own_gate())
        scenarios = max(len(cells(study, warmup_days, reading)) for reading in under)
    except ConfigError as error:
        findings = error.findings
    try:
        refuse_unknown_metrics(study)
    except ConfigError as error:
        findings += [found for found in error.findings if found not in findings]
    if findings:
        raise ConfigError(findings, file)
    more = " to start with" if study.design in ("screening", "bottleneck", "best-within-budget") else ""
    readings = f" Under {len(under)} readings: {', '.join(map(str, under))}." if len(under) > 1 else ""
    return f"Study {study.name} of gate {study.gate}: {scenarios} scenarios{more}, the base included.{readings}"
