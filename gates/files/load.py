"""Gate files and the library: from a name or a path to a checked `Gate`.

Precedence: what a file says beats the default of the model. Upgrades (`gates.upgrades`) and the command line come
later and start from the loaded gate.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from gates.checks.check import check
from gates.checks.soundness import is_known_sound, remember_sound
from gates.files.explain import MOST_FINDINGS, model_findings
from gates.files.repair import best_effort
from gates.files.yaml import Document, parse, read_text
from gates.findings import ConfigError, Finding, shortened, suggestion, within
from gates.rivals import reading_findings
from gates.schema.base import Model
from gates.schema.borders.composed import ComposedGate
from gates.schema.gate import Gate
from gates.schema.quantities import UNITS_REQUIRED

Read = TypeVar("Read", bound=Model)

SUFFIXES = (".yaml", ".yml", ".json")


def library_gates() -> list[str]:
    """The names of the gates in the library."""
    return sorted(path.stem for path in _library("gates").glob("*.yaml"))


def library_borders() -> list[str]:
    """The names of the borders in the library."""
    return sorted(path.stem for path in _library("borders").glob("*.yaml"))


def library_names() -> list[str]:
    """The names of all that can be run from the library: gates, then borders."""
    return [*library_gates(), *library_borders()]


def _library(part: str) -> Path:
    return Path(str(resources.files("gates"))) / "library" / part


def load_gate(name_or_path: str | Path) -> Gate:
    """The gate, or the border, of a library name or a file.

    Parameters
    ----------
    name_or_path
        A name such as "friendship-pass", or the path of a YAML or JSON file.

    Raises
    ------
    ConfigError
        With every finding at once, if it cannot be used.
    """
    path = gate_path(name_or_path)
    shipped = path.parent == _library("gates")  # its readings are checked by the tests of the library
    return _built(parse(read_text(path), path.name), path.name, UNITS_REQUIRED, shipped=shipped, folder=path.parent)


def gate_path(name_or_path: str | Path) -> Path:
    """The file that a library name or a path stands for.

    Raises
    ------
    ConfigError
        If it is neither a path nor a name in the library.
    """
    if str(name_or_path) in library_borders():
        return _library("borders") / f"{name_or_path}.yaml"
    return library_path(name_or_path, "gate", library_gates(), _library("gates"))


def library_path(name_or_path: str | Path, kind: str, names: Sequence[str], library: Path) -> Path:
    """The file that a path, or one of the `names` in a folder of the library, stands for.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    text = str(name_or_path)
    if text in names:
        return library / f"{text}.yaml"
    if isinstance(name_or_path, Path) or text.endswith(SUFFIXES) or "/" in text or "\\" in text or is_file(text):
        return Path(name_or_path)
    remedy = f"{suggestion(names, text)} Or name a YAML file."
    raise ConfigError([Finding(kind, shortened(text), f"no such {kind} in the library", remedy)])


def is_file(text: str) -> bool:
    """Tell whether a text is the path of a file."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def gate_from_text(text: str, file: str = "", folder: Path | None = None) -> Gate:
    """The gate, or the border, that a YAML or JSON text describes; `file` names it in findings.

    Parameters
    ----------
    folder
        Where files stand that a border names; none if it may name gates of the library alone.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    document = parse(text, file)
    return _built(document, file, UNITS_REQUIRED, folder=folder)


def gate_from_data(data: dict[str, Any], file: str = "") -> Gate:
    """The gate, or the border, of plain data, such as a dump; numbers without unit are in the canonical unit.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    return _built(Document(data), file, None)


def _built(
    document: Document,
    file: str,
    context: dict[str, str] | None,
    *,
    shipped: bool = False,
    folder: Path | None = None,
) -> Gate:
    if is_border(document.data):
        border: Gate = importlib.import_module("gates.borders.load").built(document, file, context, folder)
        return remember_sound(border)
    broken = [finding.path for finding in document.findings]
    try:
        gate = Gate.model_validate(document.data, context=context)
    except ValidationError as error:
        refused = [finding for finding in model_findings(error, Gate) if not _touches(finding.path, broken)]
        few = error.error_count() <= MOST_FINDINGS
        saved, damaged = best_effort(document.data, context, error) if few else (None, [])
        checked = check(saved, damaged=[*broken, *damaged]) if saved is not None else []
        findings = [*document.findings, *refused, *checked]
        raise ConfigError(with_lines(findings, document), file) from None
    findings = [*document.findings, *check(gate, damaged=broken)]
    if not findings and not shipped:
        findings = reading_findings(gate)
    if findings:
        raise ConfigError(with_lines(findings, document), file)
    return remember_sound(gate)


def is_border(data: Mapping[str, Any]) -> bool:
    """Tell whether a document describes a border: it has gates, and no stages of its own."""
    return "gates" in data and "stages" not in data


def refuse_unsound(gate: Gate) -> None:
    """Raise unless a gate is one that a file could hold, however it was put together.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    if not is_known_sound(gate):
        if isinstance(gate, ComposedGate):
            gate_from_data(gate.document)
        else:
            gate_from_data(gate.model_dump(mode="json", by_alias=True, warnings=False))
        remember_sound(gate)


def model_from_text(text: str, model: type[Read], file: str, check_it: Callable[[Read], list[Finding]]) -> Read:
    """A model other than a gate (an upgrade, a study) from a YAML or JSON text, quantities with their units.

    Parameters
    ----------
    check_it
        Returns what is wrong with it beyond single fields.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    document = parse(text, file)
    try:
        read = model.model_validate(document.data, context=UNITS_REQUIRED)
    except ValidationError as error:
        findings = [*document.findings, *model_findings(error, model)]
        raise ConfigError(with_lines(findings, document), file) from None
    findings = [*document.findings, *check_it(read)]
    if findings:
        raise ConfigError(with_lines(findings, document), file)
    return read


def _touches(path: str, others: Iterable[str]) -> bool:
    return any(within(path, other) or within(other, path) for other in others)


def with_lines(findings: Iterable[Finding], document: Document) -> list[Finding]:
    """The findings with their lines, in the order of the file."""
    located = [dataclasses.replace(each, line=each.line or document.line_of(each.path)) for each in findings]
    return sorted(located, key=lambda finding: finding.line or 0)
