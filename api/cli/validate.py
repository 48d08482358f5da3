"""What `bordergate validate` says about a file: its kind and its content."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from gates import ConfigError, load_gate, load_upgrade
from gates.describe import never_text
from gates.files.load import gate_from_text
from gates.files.yaml import parse, read_text
from gates.sources import footing_text
from gates.upgrades import check_upgrade, upgrade_from_text, with_needs


def checked(path: Path) -> str:
    """Return what a file without findings holds, in a sentence.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    return checked_text(read_text(path), path.name)


def checked_text(text: str, file: str) -> str:
    """Return what a text without findings holds, in a sentence.

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
    gate = gate_from_text(text, file)
    sentence = f"Gate {gate.name}: {len(gate.stages)} stages, {len(gate.flows)} flows; {footing_text(gate)}."
    return " ".join(filter(None, [sentence, never_text(gate)]))


def kind_of(text: str, file: str) -> Literal["gate", "upgrade", "study"]:
    """Tell what a file describes, by its keys."""
    keys = parse(text, file).data.keys()
    if "stages" in keys:
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
    from experiments.studies.designs import cells
    from experiments.studies.model import study_from_text
    from experiments.studies.run import refuse_unknown_metrics

    study = study_from_text(text, file)
    warmup_days = 0 if study.warmup_days == "auto" else study.warmup_days
    scenarios, findings = 0, []
    try:
        scenarios = len(cells(study, warmup_days))
    except ConfigError as error:
        findings = error.findings
    try:
        refuse_unknown_metrics(study)
    except ConfigError as error:
        findings += [found for found in error.findings if found not in findings]
    if findings:
        raise ConfigError(findings, file)
    more = " to start with" if study.design in ("screening", "bottleneck") else ""
    return f"Study {study.name} of gate {study.gate}: {scenarios} scenarios{more}, the base included."
