"""Upgrades applied to a gate: a new gate, checked like a file, and the list of what changed.

The result of a set of upgrades does not depend on their order (`gates.edited`), as long as no two set the same path,
which is refused. Under another reading of the gate than the baseline, upgrades adapt to it as their files say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gates.addresses import PlaceError, parts_of
from gates.edited import Placed, edited
from gates.edits import LEVELS, Change, Level
from gates.findings import ConfigError, Finding, suggestion, within
from gates.rivals import known_reading, reading_of
from gates.schema.borders.composed import ComposedGate
from gates.schema.gate import Gate
from gates.upgrades.library import load_upgrade
from gates.upgrades.model import Upgrade
from gates.upgrades.roles import fitted


def apply_upgrades(
    gate: Gate, upgrades: Sequence[Upgrade | str | Path], level: Level | Mapping[str, Level] = "base"
) -> tuple[Gate, tuple[Change, ...]]:
    """A new gate with upgrades applied, and what they changed.

    Parameters
    ----------
    upgrades
        Upgrades, names of the library, or paths of files.
    level
        Which of the three values of a number is used, by the name of the upgrade if they differ; base by default.

    Raises
    ------
    ConfigError
        With every finding at once: an upgrade twice, one that needs another or excludes it, two that set the same
        path, a path that names nothing, a value that the gate refuses.
    """
    loaded = [upgrade if isinstance(upgrade, Upgrade) else load_upgrade(upgrade) for upgrade in upgrades]
    reading = reading_of(gate)
    pairs = [fitted(upgrade, gate) for upgrade in loaded] if not isinstance(gate, ComposedGate) else []
    findings = [finding for _, refused in pairs for finding in refused]
    loaded = [upgrade for upgrade, _ in pairs] or loaded
    findings += [*_combination_findings(loaded), *_conflict_findings(loaded, reading)]
    if findings:
        raise ConfigError(findings)
    if not loaded:
        return gate, ()
    strangers = [each for each in loaded if isinstance(gate, ComposedGate) and each.gate != gate.name]
    if strangers:
        first = next(iter(gate.border.gates)) if isinstance(gate, ComposedGate) else ""
        remedy = (
            "Write it under `upgrades` of one of its gates, in the file of the border, or set it there: "
            f"`gates.{first}.upgrades: [NAME]`."
        )
        raise ConfigError(
            [Finding("upgrades", each.name, "upgrades change a gate, not a border", remedy) for each in strangers]
        )
    edits = [
        Placed(edit, place, upgrade.name, upgrade.file)
        for upgrade in loaded
        for place, edit in upgrade.edits_under(reading)
    ]
    return edited(gate, edits, level)


def check_upgrade(upgrade: Upgrade, gate: Gate, others: Iterable[Upgrade] = ()) -> list[Finding]:
    """What is wrong with an upgrade for a gate, at any level; `others` are those it needs."""
    findings = list(_reading_findings(upgrade, gate))
    known = [name for name in gate.readings if name in upgrade.readings] if not findings else []
    for under in (gate, *(known_reading(gate, name) for name in known)):
        for level in LEVELS:
            try:
                apply_upgrades(under, [*others, upgrade], level)
            except ConfigError as error:
                findings += [finding for finding in error.findings if finding not in findings]
    return findings


def _reading_findings(upgrade: Upgrade, gate: Gate) -> Iterable[Finding]:
    """Yield a finding for each reading that the gate does not have, though it has some."""
    for name in upgrade.readings if gate.readings else ():
        if name not in gate.readings:
            problem = f"no such reading of gate {gate.name}"
            yield Finding(f"readings.{name}", name, problem, suggestion(gate.readings, name), upgrade.file)


def _combination_findings(upgrades: Sequence[Upgrade]) -> list[Finding]:
    names = [upgrade.name for upgrade in upgrades]
    findings = []
    for n, upgrade in enumerate(upgrades):
        if upgrade.name in names[:n]:
            findings.append(Finding("upgrades", upgrade.name, "named twice", "Keep one of them."))
            continue
        missing = [name for name in upgrade.needs if name not in names]
        if missing:
            remedy = f"Add {' and '.join(missing)}."
            findings.append(Finding("needs", ", ".join(missing), f"{upgrade.name} needs it", remedy, upgrade.file))
        for name in upgrade.excludes:
            if name in names:
                problem = f"{upgrade.name} and {name} exclude each other"
                findings.append(Finding("excludes", name, problem, "Use one of the two.", upgrade.file))
    return findings


def _conflict_findings(upgrades: Sequence[Upgrade], reading: str | None) -> list[Finding]:
    """Findings for each path that two upgrades set, or that one sets inside what another sets."""
    paths_set: list[tuple[str, Upgrade]] = []
    findings = []
    for upgrade in upgrades:
        edits = upgrade.edits_under(reading)
        own = [(place, path) for place, e in edits if e.operation == "set" and (path := _plain(e.path))]
        for place, path in own:
            for other_path, other in paths_set:
                if within(path, other_path) or within(other_path, path):
                    problem = f"{upgrade.file} and {other.file} both give {other_path} a new value"
                    remedy = "Use one of the two, or write `scale` or `add` instead of `set` in one of them."
                    findings.append(Finding(f"{place}.path", path, problem, remedy, upgrade.file))
        paths_set += [(path, upgrade) for _, path in own]
    return findings


def _plain(path: str) -> str:
    """Return a path with its parts as plain words; empty if it cannot be read, which the change itself reports."""
    try:
        return ".".join(parts_of(path))
    except PlaceError:
        return ""
