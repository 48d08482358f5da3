"""What a study gives back: its cells with all their replications, and the circumstances that they stand for.

A context is a circumstance that nobody chooses: a demand, a month, a shock. Options are compared with the scenario that
stands for the same context without any option (its reference), never with a quieter one; references are compared with
the base, which says what the circumstance costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.studies.budget.selection import Selection
from experiments.studies.designs import Cell, values_of
from experiments.studies.model import BASE, DEFAULT_METRICS, Factor, Study, metric_key
from experiments.studies.replication import Floats, Replication
from experiments.studies.warm_up import Warmup
from experiments.studies.worlds.found import Worlds
from gates.schema.scenario import Scenario
from sim.metrics.meter import Key


@dataclass(frozen=True, eq=False)
class StudyResult:
    """All replications of a study."""

    study: Study
    cells: tuple[Cell, ...]
    """The base first."""
    replications: tuple[tuple[Replication, ...], ...]
    """For each cell, in order; all cells have the same number."""
    warmup_days: int
    warmups: tuple[Warmup, ...] = ()
    """What was found about the warm-up, if it was sought."""
    unmet: tuple[str, ...] = ()
    """Targets of precision that were not met at the cap."""
    simulated: int = 0
    """Replications made in this run; the others were in the store."""
    reading: str | None = None
    """Reading of the gate; None where it has none."""
    selections: tuple[Selection, ...] = ()
    """For each budget, what was selected by net present value."""
    worlds: Worlds | None = None
    """What its scenarios are in plausible worlds, if it ran there."""
    rivals: tuple[StudyResult, ...] = ()
    """The same scenarios under other readings of the gate, on the same draws."""

    def values(self, key: Key) -> dict[str, Floats]:
        """Return one metric: scenario -> (replications,), NaN where the scenario does not have it."""
        return {
            cell.name: np.array([each.by_key.get(key, np.nan) for each in found])
            for cell, found in zip(self.cells, self.replications, strict=True)
        }

    @property
    def metrics(self) -> tuple[Key, ...]:
        """The metrics compared; the first decides."""
        return metrics_of(self.study, self.cells[0].scenario)


def metrics_of(study: Study, scenario: Scenario) -> tuple[Key, ...]:
    """Return the metrics that a study compares; those by default in each direction with trucks."""
    if study.metrics:
        return tuple(metric_key(text) for text in study.metrics)
    directions = sorted({str(flow.direction) for flow in scenario.gate.flows.values()})
    return tuple(metric_key(f"{text}.{direction}") for direction in directions for text in DEFAULT_METRICS)


@dataclass(frozen=True)
class Context:
    """A circumstance, and the scenarios in it."""

    reference: str
    """The scenario without any option."""
    title: str
    """In words; empty for the circumstances of the study itself."""
    options: tuple[str, ...]


def contexts_of(study: Study, cells: Sequence[Cell]) -> list[Context]:
    """Return the contexts of a study in the order of its scenarios; points of its special designs are left out."""
    cells = [cell for cell in cells if not {"stage", "round", "which"} & cell.factors.keys()]
    chosen = {name: factor for name, factor in study.factors.items() if is_context(factor)}
    if study.design == "grid" and chosen:
        return _of_grid(study, cells, chosen)
    against = {entry.name: entry.against or BASE for entry in study.scenarios}
    circumstances = {entry.name for entry in study.scenarios if entry.is_context} | {BASE, *against.values()}
    if study.design == "one-at-a-time":
        circumstances |= {cell.name for cell in cells if chosen.keys() & cell.factors.keys()}
    options: dict[str, list[str]] = {BASE: []}
    titles = {BASE: ""}
    for cell in cells:
        if cell.name in circumstances:
            options.setdefault(cell.name, [])
            titles[cell.name] = "" if cell.name == BASE else cell.title
        else:
            options.setdefault(against.get(cell.name, BASE), []).append(cell.name)
    return [Context(name, titles[name], tuple(names)) for name, names in options.items()]


def is_context(factor: Factor) -> bool:
    """Tell whether a factor is a circumstance; with a range it is one more number to vary."""
    return factor.context or ((factor.demand or factor.start) and factor.low is None)


def _of_grid(study: Study, cells: Sequence[Cell], chosen: dict[str, Factor]) -> list[Context]:
    """Return a context for each combination of the circumstances; its reference has every option at its first value."""
    first = {name: values_of(name, factor)[0].text for name, factor in study.factors.items() if name not in chosen}
    references: dict[tuple[str, ...], Cell] = {}
    options: dict[tuple[str, ...], list[str]] = {}
    for cell in cells:
        if not cell.factors:
            continue
        context = tuple(cell.factors[name] for name in chosen)
        if all(cell.factors[name] == text for name, text in first.items()):
            references[context] = cell
        else:
            options.setdefault(context, []).append(cell.name)
    named = tuple(cell.name for cell in cells if not cell.factors and cell.name != BASE)
    return [
        *([Context(BASE, "", named)] if named else []),
        *(Context(r.name, _title(study, chosen, c), tuple(options.get(c, ()))) for c, r in references.items()),
    ]


def _title(study: Study, chosen: dict[str, Factor], values: tuple[str, ...]) -> str:
    return ", ".join(f"{study.factors[n].title or n} {text}" for n, text in zip(chosen, values, strict=True))


def counted(study: Study, cells: Sequence[Cell]) -> dict[str, float]:
    """Return the number that each scenario has of what a study counts up, such as units of a fleet; empty for others.

    The base has the number of the gate.
    """
    options = [(name, factor) for name, factor in study.factors.items() if not is_context(factor)]
    if len(options) != 1 or study.scenarios or not _is_count(options[0][1]):
        return {}
    (name, factor) = options[0]
    numbers = {cell.name: float(cell.factors[name]) for cell in cells if name in cell.factors}
    before = [change.before for cell in cells for change in cell.changes if change.path == factor.path]
    return numbers | {BASE: float(before[0])} if before and before[0].isdigit() else numbers


def _is_count(factor: Factor) -> bool:
    return factor.path is not None and all(type(value) is int for value in factor.values or ["none"])
