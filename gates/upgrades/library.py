"""Upgrade files and the library: from a name or a path to an `Upgrade` that is sound by itself."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from gates.files.load import library_path, model_from_text
from gates.files.yaml import read_text
from gates.findings import Finding, shortened, suggestion
from gates.rivals import edit_findings, source_findings
from gates.upgrades.model import Upgrade


def upgrade_names() -> list[str]:
    """The names of the upgrades in the library."""
    return sorted(path.stem for path in _library().glob("*.yaml"))


def _library() -> Path:
    return Path(str(resources.files("gates"))) / "library" / "upgrades"


def load_upgrade(name_or_path: str | Path) -> Upgrade:
    """The upgrade of a library name or a file.

    Raises
    ------
    ConfigError
        With every finding at once, if it cannot be used.
    """
    path = library_path(name_or_path, "upgrade", upgrade_names(), _library())
    return upgrade_from_text(read_text(path), path.name)


@functools.lru_cache(maxsize=256)
def upgrade_from_text(text: str, file: str = "") -> Upgrade:
    """The upgrade that a YAML or JSON text describes; `file` names it in findings.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    upgrade = model_from_text(text, Upgrade, file, _check)
    upgrade._file = file
    return upgrade


def _check(upgrade: Upgrade) -> list[Finding]:
    """What is wrong with an upgrade by itself."""
    findings: list[Finding] = []
    own = [f"changes[{n}]" for n in range(len(upgrade.changes))]
    edits = list(zip(own, upgrade.changes, strict=True))
    for name, adaptation in upgrade.readings.items():
        place = f"readings.{name}"
        edits += [(f"{place}.changes[{n}]", edit) for n, edit in enumerate(adaptation.changes)]
        for n, path in enumerate(adaptation.leave_out):
            if path not in (paths := {edit.path for edit in upgrade.changes}):
                remedy = suggestion(sorted(paths), path)
                findings.append(Finding(f"{place}.leave_out[{n}]", shortened(path), "is not what it changes", remedy))
    for n, path in enumerate(upgrade.where_there):
        if path not in (paths := {edit.path for edit in upgrade.changes}):
            findings.append(
                Finding(f"where_there[{n}]", shortened(path), "is not what it changes", suggestion(sorted(paths), path))
            )
    for name in upgrade.roles:
        if not any(name in str(edit.model_dump()) for edit in upgrade.changes):
            findings.append(Finding(f"roles.{name}", name, "no change names this stage", "Remove it."))
    for place, edit in edits:
        findings += edit_findings(place, edit)
    for key, source in (upgrade.costs.sources if upgrade.costs else {}).items():
        findings += source_findings(f"costs.sources.{key}", source)
    for name in upgrade.needs:
        if name in upgrade.excludes:
            findings.append(Finding("needs", name, "both needed and excluded", "Keep it in one of the two."))
    return findings


def with_needs(names: Iterable[str]) -> list[str]:
    """Names of upgrades in the library, each after those that it needs.

    Raises
    ------
    ConfigError
        If one is not in the library.
    """
    ordered: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above:
            return
        for needed in load_upgrade(name).needs:
            visit(needed, (*above, name))
        ordered.append(name)

    for name in names:
        visit(name, ())
    return ordered
