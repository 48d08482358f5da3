"""Border files: from a document to a checked border, whose gates have been looked up and upgraded."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pydantic import ValidationError

from gates.borders.checks import check_border
from gates.edits import Change
from gates.files.explain import model_findings
from gates.files.load import is_file, library_gates, load_gate, refuse_unsound, with_lines
from gates.files.yaml import Document
from gates.findings import ConfigError, Finding, path_text, suggestion
from gates.schema.borders.composed import ComposedGate, composed
from gates.schema.borders.model import Border, BorderGate
from gates.schema.gate import Gate
from gates.upgrades import apply_upgrades, upgrade_names


def built(document: Document, file: str, context: dict[str, str] | None, folder: Path | None) -> ComposedGate:
    """The border that a document describes, read as one gate.

    Parameters
    ----------
    folder
        Where files of gates and upgrades stand that it names; none if it may name those of the library alone.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    try:
        border = Border.model_validate(document.data, context=context)
    except ValidationError as error:
        findings = [*document.findings, *model_findings(error, Border)]
        raise ConfigError(with_lines(findings, document), file) from None
    findings, changes = list(document.findings), list[Change]()
    gates: dict[str, BorderGate] = {}
    for name, member in border.gates.items():
        try:
            gate, made = _found(name, member, folder)
            changes += made
            gates[name] = member.model_copy(update={"gate": gate, "upgrades": []})
        except ConfigError as error:
            findings += [_at(name, each) for each in error.findings]
    found = border.model_copy(update={"gates": gates})
    if not findings:
        findings = check_border(found)
    if findings:
        raise ConfigError(with_lines(findings, document), file)
    return composed(found, tuple(changes))


def _found(name: str, member: BorderGate, folder: Path | None) -> tuple[Gate, list[Change]]:
    """The gate of the border with its upgrades, and what these changed."""
    if isinstance(member.gate, Gate):
        refuse_unsound(member.gate)
        gate = member.gate
    else:
        gate = load_gate(_place(member.gate, library_gates(), "gate", folder))
    if isinstance(gate, ComposedGate):
        problem = "is a border"
        raise ConfigError([Finding("gate", gate.name, problem, "Name a single gate.")])
    upgrades = [_place(upgrade, upgrade_names(), f"upgrades[{n}]", folder) for n, upgrade in enumerate(member.upgrades)]
    upgraded, changes = apply_upgrades(gate, upgrades)
    return upgraded, [
        dataclasses.replace(each, path=path_text(("gates", name, "gate")) + f".{each.path}") for each in changes
    ]


def _place(name: str, names: list[str], at: str, folder: Path | None) -> str | Path:
    """A name of the library, or the path of a file beside that of the border."""
    if name in names:
        return name
    if folder is not None and is_file(str(folder / name)):
        return folder / name
    remedy = (
        f"{suggestion(names, name)} Or name a file beside that of the border." if folder else suggestion(names, name)
    )
    what = at.partition("[")[0].removesuffix("s")
    raise ConfigError([Finding(at, name[:60], f"no such {what} in the library", remedy)])


def _at(name: str, found: Finding) -> Finding:
    """A finding about a gate as one about the border; those of a file of its own say where they are."""
    if found.file:
        return found
    inside = "" if found.path in ("file", "") else f".{found.path}"
    own = found.path == "gate" or found.path.startswith("upgrades")
    return dataclasses.replace(found, path=f"gates.{name}{inside}" if own else f"gates.{name}.gate{inside}")
