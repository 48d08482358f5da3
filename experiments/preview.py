"""What a run would be, before it runs: the gate with its upgrades, what they change and cost, its map.

Light enough for each change of a form: nothing is simulated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from experiments.map import lay_out
from experiments.runs.request import resolve
from gates.describe.calendar import uncalibrated_text
from gates.schema.base import LanguageTag
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from gates.sources import footing_text
from gates.upgrades import LEVELS, Upgrade, load_upgrade

MONEY = ("capital_usd", "running_usd_per_year")


def preview(request: Mapping[str, Any], language: LanguageTag = "en") -> dict[str, Any]:
    """Return what a request for a run stands for.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    resolved = resolve(request)
    scenario = resolved.scenario
    upgrades = [load_upgrade(name) for name in request.get("upgrades", ())]
    return {
        "gate": _summary(scenario),
        "changes": [dataclasses.asdict(change) for change in resolved.changes],
        "costs": costs_together(upgrades),
        "map": lay_out(scenario.gate, language).document(),
        "warnings": [text for text in (uncalibrated_text(scenario),) if text],
    }


def costs_together(upgrades: Iterable[Upgrade]) -> dict[str, Any]:
    """Return the costs of upgrades added up level by level, and which of them have no known costs."""
    chosen = list(upgrades)
    known = [upgrade.costs for upgrade in chosen if upgrade.costs is not None]
    sums: dict[str, Any] = {
        name: {level: sum(getattr(getattr(costs, name), level) for costs in known) for level in LEVELS}
        for name in MONEY
    }
    return {
        **sums,
        "lead_time_months": max((costs.lead_time_months for costs in known), default=0),
        "unknown": [upgrade.name for upgrade in chosen if upgrade.costs is None],
    }


def _summary(scenario: Scenario) -> dict[str, Any]:
    """Return what a reader wants to know of a gate at a glance."""
    gate = scenario.gate
    return {
        "name": gate.name,
        "title": gate.title,
        "about": " ".join(gate.about.split()),
        "sides": gate.sides,
        "start": scenario.first_measured.isoformat(),
        "trucks_per_day": {direction: _per_day(gate, direction, scenario.demand) for direction in gate.paths},
        "classes": {
            name: {"title": one.title, "direction": _directions(gate, name)} for name, one in gate.classes.items()
        },
        "footing": footing_text(gate),
    }


def _per_day(gate: Gate, direction: str, demand: float) -> float:
    return round(demand * sum(flow.per_day for flow in gate.flows.values() if flow.direction == direction), 1)


def _directions(gate: Gate, vehicle_class: str) -> Sequence[str]:
    return sorted({flow.direction for flow in gate.flows.values() if flow.vehicle_class == vehicle_class})
