"""Upgrades: named, costed changes of a gate, as data.

An upgrade says which fields of a gate change and to what; what that does to clearance comes out of the run
(decision 003). Numbers may have three values, `{low: .., base: .., high: ..}`; one level is used for all of them.
"""

from gates.edits import LEVELS, Change, Edit, Level
from gates.schema.prices.levels import Levels
from gates.upgrades.apply import apply_upgrades, check_upgrade
from gates.upgrades.library import load_upgrade, upgrade_from_text, upgrade_names, with_needs
from gates.upgrades.model import Adaptation, Slug, Upgrade
from gates.upgrades.roles import gates_of, why_not

__all__ = [
    "LEVELS",
    "Adaptation",
    "Change",
    "Edit",
    "Level",
    "Levels",
    "Slug",
    "Upgrade",
    "apply_upgrades",
    "check_upgrade",
    "gates_of",
    "load_upgrade",
    "upgrade_from_text",
    "upgrade_names",
    "why_not",
    "with_needs",
]
