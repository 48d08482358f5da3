"""The gate: its model, files, checks, sources and upgrades."""

from gates.checks.check import check
from gates.files.load import gate_from_data, gate_from_text, library_gates, load_gate
from gates.findings import ConfigError, Finding
from gates.rivals import with_reading
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from gates.sources import Fact, SourcedNumber, assumptions, every_number
from gates.upgrades import (
    Change,
    Level,
    Upgrade,
    apply_upgrades,
    load_upgrade,
    upgrade_names,
)

__all__ = [
    "Change",
    "ConfigError",
    "Fact",
    "Finding",
    "Gate",
    "Level",
    "Scenario",
    "SourcedNumber",
    "Upgrade",
    "apply_upgrades",
    "assumptions",
    "check",
    "every_number",
    "gate_from_data",
    "gate_from_text",
    "library_gates",
    "load_gate",
    "load_upgrade",
    "upgrade_names",
    "with_reading",
]
