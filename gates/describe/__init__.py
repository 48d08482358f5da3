"""A gate laid out for people: tables of stages, flows, paths and numbers. Drawing them is the reader's."""

from gates.describe.gate import sheet
from gates.describe.tables import AreaRow, FlowRow, GateSheet, PathRow, PoolRow, StageRow
from gates.describe.texts import hours_on_clocks, law_text, title_of

__all__ = [
    "AreaRow",
    "FlowRow",
    "GateSheet",
    "PathRow",
    "PoolRow",
    "StageRow",
    "hours_on_clocks",
    "law_text",
    "sheet",
    "title_of",
]
