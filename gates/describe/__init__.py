"""A gate laid out for people: tables of stages, flows, paths and numbers. The caller draws them."""

from gates.describe.calendar import never_text, parts_text, uncalibrated_text
from gates.describe.gate import sheet
from gates.describe.readings import band_text
from gates.describe.tables import AreaRow, FlowRow, GateSheet, PathRow, PoolRow, ReadingRow, StageRow, TargetRow
from gates.describe.texts import distribution_text, hours_on_clocks, title_of

__all__ = [
    "AreaRow",
    "FlowRow",
    "GateSheet",
    "PathRow",
    "PoolRow",
    "ReadingRow",
    "StageRow",
    "TargetRow",
    "band_text",
    "distribution_text",
    "hours_on_clocks",
    "never_text",
    "parts_text",
    "sheet",
    "title_of",
    "uncalibrated_text",
]
