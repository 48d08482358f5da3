"""Upgrades at gates that they were not written for: their stages are found by role.

The paths of an upgrade name the stages of one gate. Its `roles` say what each of these stages is for, in words that
other gates use, too (`role: inspection-bay`). At another gate the stage with that role stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gates.addresses import PlaceError, find, parts_of
from gates.edits import Edit
from gates.findings import Finding
from gates.schema.base import Name
from gates.schema.gate import Gate
from gates.upgrades.model import Upgrade


def stages_with(gate: Gate, role: str) -> list[Name]:
    """The stages of a gate that have a role."""
    return [name for name, stage in gate.stages.items() if stage.role == role]


def fitted(upgrade: Upgrade, gate: Gate) -> tuple[Upgrade, list[Finding]]:
    """The upgrade with the stages of a gate in its paths, and why it cannot be used there.

    An upgrade without roles, and one at the gate that it was written for, stays as it is. Changes that it lists under
    `where_there` are left out where the gate lacks their stage or place.
    """
    if upgrade.gate == gate.name or not upgrade.roles:
        return upgrade, []
    found = {written: _meant(gate, written, role) for written, role in upgrade.roles.items()}
    names = {written: stages[0] for written, stages in found.items() if len(stages) == 1}
    data = gate.model_dump(mode="json", by_alias=True)
    kept, missing = [], set()
    for edit in upgrade.changes:
        lacking = {written for written in upgrade.roles if written not in names and _names(edit, written)}
        moved = _translated(edit, names)
        if edit.path in upgrade.where_there and (lacking or not _is_there(data, moved)):
            continue
        missing |= lacking
        kept.append(moved)
    findings = [_refusal(upgrade, gate, written, found[written]) for written in upgrade.roles if written in missing]
    if not kept:
        problem = f"gate {gate.name} has none of the parts that it changes"
        findings.append(Finding("changes", upgrade.name, problem, "Use another upgrade.", upgrade.file))
    if findings:
        return upgrade, findings
    made = upgrade.model_copy(update={"changes": kept, "readings": {}, "where_there": []})
    made._file = upgrade.file
    return made, []


def _meant(gate: Gate, written: str, role: str) -> list[Name]:
    """The stages that an upgrade can mean: those with the role, or the one of that name if it has no role."""
    named = gate.stages.get(written)
    return stages_with(gate, role) or ([written] if named is not None and named.role is None else [])


def why_not(upgrade: Upgrade, gate: Gate) -> list[Finding]:
    """Why an upgrade of the library cannot be used at a gate; empty if it can, with those that it needs."""
    if upgrade.gate == gate.name:
        return []
    if not upgrade.roles:
        problem = f"its changes name stages of {upgrade.gate}, which this gate does not have"
        return [Finding("gate", upgrade.gate, problem, "Copy it, and change its paths.", upgrade.file)]
    made, findings = fitted(upgrade, gate)
    data = gate.model_dump(mode="json", by_alias=True)
    for n, edit in enumerate(() if findings else made.changes):
        try:
            _find(data, edit)
        except PlaceError as error:
            findings.append(Finding(f"changes[{n}].path", edit.path, error.problem, error.remedy, upgrade.file))
            break
    return findings


def gates_of(upgrade: Upgrade, gates: Iterable[Gate]) -> list[str]:
    """The names of those gates at which an upgrade can be used, its own first."""
    return sorted((gate.name for gate in gates if not why_not(upgrade, gate)), key=lambda name: name != upgrade.gate)


def _refusal(upgrade: Upgrade, gate: Gate, written: str, stages: list[str]) -> Finding:
    role = upgrade.roles[written]
    if stages:
        problem = f"{len(stages)} stages of gate {gate.name} have this role: {', '.join(stages)}"
        remedy = f"Give one of them alone `role: {role}`, or write an upgrade for this gate."
    else:
        problem = f"no stage of gate {gate.name} has this role"
        remedy = f"Give the stage that does it `role: {role}`, or write an upgrade for this gate."
    return Finding(f"roles.{written}", role, problem, remedy, upgrade.file)


def _is_there(data: dict[str, Any], edit: Edit) -> bool:
    try:
        _find(data, edit)
    except PlaceError:
        return False
    return True


def _find(data: dict[str, Any], edit: Edit) -> None:
    """Raise `PlaceError` where an edit leads nowhere; a new entry needs the mapping that it goes into."""
    spot = find(data, edit.path)
    new_entry = edit.operation == "add" and isinstance(edit.add, dict) and not isinstance(spot.value, list)
    if not spot.present and edit.operation != "set" and not new_entry:
        raise PlaceError(f"there is no {spot.key}", "Name a place of the gate.")
    if edit.before or edit.after:
        find(data, f"{edit.path}.{edit.before or edit.after}")


def _names(edit: Edit, stage: str) -> bool:
    """Tell whether an edit names a stage, in its path or in what it writes."""
    return _translated(edit, {stage: f"{stage}-"}) != edit


def _translated(edit: Edit, names: Mapping[str, str]) -> Edit:
    """The edit with other names of stages, in its path, beside which step it goes, and in what it writes."""
    changes: dict[str, Any] = {"path": _path(edit.path, names)}
    for field in ("before", "after"):
        if beside := getattr(edit, field):
            changes[field] = names.get(beside, beside)
    for field in ("set", "add"):
        if field in edit.model_fields_set:
            changes[field] = _value(getattr(edit, field), names)
    return edit.model_copy(update=changes)


def _path(path: str, names: Mapping[str, str]) -> str:
    parts = parts_of(path)
    if parts[0] not in ("stages", "paths", "two_way", "areas", "money"):
        return path
    return ".".join(_part(part, names) for part in parts)


def _part(part: str, names: Mapping[str, str]) -> str:
    name, sign, number = part.partition("#")
    return f"{names.get(name, name)}{sign}{number}"


def _value(value: Any, names: Mapping[str, str]) -> Any:
    """What is written, with other names where a text is one of them; titles and sources stay."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_value(each, names) for each in value]
    if isinstance(value, dict):
        return {key: each if key in ("title", "sources") else _value(each, names) for key, each in value.items()}
    return value
