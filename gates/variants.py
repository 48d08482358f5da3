"""Variants: a gate with some values changed from Python, checked as a file is."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from gates.edits import Change, Edit
from gates.findings import ConfigError, Finding
from gates.schema.gate import Gate
from gates.upgrades.apply import apply_upgrades
from gates.upgrades.model import Upgrade

CHANGED = "assumption: changed in Python"
"""What the sources of a variant say of the values that it sets."""
_CHANGE = re.compile(r"changes\[(\d+)\](\.path)?")


def variant(gate: Gate, changes: Mapping[str, Any]) -> Gate:
    """Return `gate` with some values changed; see `changed`."""
    return changed(gate, changes)[0]


def changed(
    gate: Gate, changes: Mapping[str, Any], name: str = "variant", source: str = CHANGED
) -> tuple[Gate, tuple[Change, ...]]:
    """Return `gate` with some values changed, and the changes; `gate` itself stays as it is.

    Parameters
    ----------
    changes
        Place in the gate -> new value, both as in a gate file: `{"stages.bay-cn.lanes": 15}`,
        `{"stages.bay-cn.hours.sat": "08:00-12:00"}`. Places are those of upgrades (`gates.addresses`).
    name
        What stands in place of the name of an upgrade in the changes.
    source
        What the sources of the values say.

    Raises
    ------
    ConfigError
        With every finding at once, each at its place: a place that is not there, a value that a gate file could not
        have.
    """
    if not changes:
        return gate, ()
    paths = [str(path) for path in changes]
    try:
        edits = [Edit(path=str(path), set=value, source=source) for path, value in changes.items()]
        upgrade = Upgrade(name=name, about="Changed by hand.", gate=gate.name, changes=edits)
        return apply_upgrades(gate, [upgrade])
    except ValidationError:
        remedy = "Write names with dots between, such as stages.bay-cn.lanes."
        wrong = [path for path in paths if not 1 <= len(path) <= 200] or [f"{len(paths)} changes"]
        raise ConfigError([Finding(path[:60] or '""', "", "not a path", remedy) for path in wrong]) from None
    except ConfigError as error:
        raise ConfigError([_at_its_place(finding, paths) for finding in error.findings]) from None


def _at_its_place(finding: Finding, paths: Sequence[str]) -> Finding:
    """Return a finding about a change of the upgrade that stands for a variant as one about the gate."""
    change = _CHANGE.fullmatch(finding.path)
    if change is None:
        return dataclasses.replace(finding, file="")
    path = paths[int(change[1])]
    value = "" if finding.value == path else finding.value
    problem, _, place = finding.problem.removesuffix(")").partition(" (at ")
    return Finding(place or path, value, problem if place else finding.problem, finding.remedy)
