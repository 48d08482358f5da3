"""What earlier versions wrote under another name: keys of files, and columns of tables.

A key that is gone or renamed gives one finding with the new spelling, and `bordergate migrate` rewrites it. A column
keeps its old name beside the new one for one release, so that programs which read it have time.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OldKey:
    """A key of a gate, upgrade or study file that an earlier version took."""

    model: str
    """Name of the model that stands there, such as `Study`."""
    old: str
    new: str | None
    """What it is called now; None if it is gone."""
    why: str
    """What changed, as a sentence."""

    @property
    def remedy(self) -> str:
        """What to do about it."""
        act = f"Write `{self.new}` instead" if self.new else "Remove it"
        return f"{act}, or run `bordergate migrate`: {self.why}"


@dataclass(frozen=True, kw_only=True)
class OldColumn:
    """A column of a table of results that has another name now; the old one is written beside it until `last`."""

    tables: tuple[str, ...]
    old: str
    new: str
    last: str
    """The release that is the last to write the old name."""


OLD_KEYS = (
    OldKey(
        model="Study",
        old="adjustment",
        new=None,
        why="Intervals, p-values and verdicts come from one procedure (Bonferroni).",
    ),
)
OLD_COLUMNS = (OldColumn(tables=("differences", "pairs", "bottleneck"), old="sure", new="clear", last="0.1.0"),)


def old_key(model: str, key: str) -> OldKey | None:
    """Return what became of a key that a model does not know; None if it never did."""
    return next((each for each in OLD_KEYS if (each.model, each.old) == (model, key)), None)
