"""The scenarios of a search within budgets: upgrades, pairs of the strongest, proposed mixes; and the choice.

All of them meet the same trucks, so that effects and pairs are paired differences. The objective is the net present
value at base prices (`money` of the gate). A mix is named by its upgrades, those included that they need.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from experiments.studies.budget.propose import Knapsack, Pair, proposals
from experiments.studies.budget.selection import Floats, Selection, likely_share, select
from experiments.studies.designs import Bench, Cell, Setting, with_needs_of
from experiments.studies.model import BASE, BudgetChoice, Study
from experiments.studies.money.tables import net_present_values, outlays_of
from experiments.studies.replication import Replication
from experiments.studies.result import StudyResult
from gates.findings import ConfigError, Finding

Mix = frozenset[str]
More = Callable[[Sequence[str], range], list[tuple[Replication, ...]]]
"""Scenarios and numbers of replications -> the replications of each."""
STEP = 5
"""Replications between two looks of the selection."""


def refuse_without_prices(study: Study) -> None:
    """Raise if a study with budgets has no prices, or an upgrade without costs.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    if study.budget is None:
        return
    findings = []
    if study.own_gate().money is None:
        findings.append(Finding("gate", study.gate, "it has no prices", "Add `money` to the gate file."))
    for name, factor in study.factors.items():
        for each in with_needs_of([str(factor.upgrade)]):
            if study.own_upgrade(each).costs is None:
                findings.append(Finding(f"factors.{name}", each, "it has no costs", "Add `costs` to its file."))
    if findings:
        raise ConfigError(findings)


def most_mixes(study: Study) -> int:
    """Return how many scenarios a search makes at most, beside the base."""
    assert study.budget is not None
    strongest = min(study.budget.strongest, len(study.factors))
    return len(study.factors) + math.comb(strongest, 2) + study.budget.candidates


def mix_of(cell: Cell, result: StudyResult) -> Mix:
    """Return the upgrades of a scenario beyond those of the base."""
    return frozenset(upgrade.name for upgrade in cell.upgrades) - {u.name for u in result.cells[0].upgrades}


def price_of(cell: Cell, result: StudyResult) -> float:
    """Return the capital of a scenario beyond the base, at base prices [USD]."""
    outlays = outlays_of(result.cells[0], cell)
    assert outlays is not None  # `refuse_without_prices`
    return math.fsum(by_end["base"].capital for _, by_end in outlays)


def worth_of(result: StudyResult, cell: Cell, found: Sequence[Replication], base: Sequence[Replication]) -> Floats:
    """Return the net present value of a scenario in each replication [USD]; zero for the base."""
    if cell.name == BASE:
        return np.zeros(len(found))
    return net_present_values(result.cells[0], cell, base, found)


def known_worth(result: StudyResult) -> dict[str, Floats]:
    """Return the net present value of every scenario of a result, (replications,) each."""
    base = result.replications[0]
    return {c.name: worth_of(result, c, r, base) for c, r in zip(result.cells, result.replications, strict=True)}


def pair_cells(result: StudyResult) -> list[Cell]:
    """Return the pairs of the upgrades with the largest effects, as far as a budget allows them together."""
    choice = _choice(result)
    worth = known_worth(result)
    singles = [cell for cell in result.cells[1:] if price_of(cell, result) <= max(choice.usd)]
    singles.sort(key=lambda cell: -abs(float(worth[cell.name].mean())))
    mixes = (mix_of(a, result) | mix_of(b, result) for a, b in itertools.combinations(singles[: choice.strongest], 2))
    return _new_cells(result, mixes)


def candidate_cells(result: StudyResult) -> list[Cell]:
    """Return the mixes that the model of effects and pairs proposes for each budget."""
    choice = _choice(result)
    problem = knapsack(result)
    each = max(1, choice.candidates // len(choice.usd))
    mixes = [mix for budget in choice.usd for mix in proposals(problem, budget, each)]
    return _new_cells(result, mixes)[: choice.candidates]


def _choice(result: StudyResult) -> BudgetChoice:
    assert result.study.budget is not None
    return result.study.budget


def _new_cells(result: StudyResult, mixes: Iterable[Mix]) -> list[Cell]:
    """Return cells of mixes that the result does not have; what upgrades exclude is left out."""
    bench = Bench(result.study, result.warmup_days, result.reading)
    seen = {mix_of(cell, result) for cell in result.cells}
    references = references_of(result.study)
    own = {str(factor.upgrade): name for name, factor in result.study.factors.items()}
    made = []
    for mix in mixes:
        if mix in seen:
            continue
        seen.add(mix)
        names = sorted(mix)
        title = " + ".join(_title(result, name) for name in names)
        wanted = tuple(references[name] for name in names)
        factors = {own[each]: "on" for each in wanted if each in own}
        try:
            made.append(bench.cell(" + ".join(names), title, Setting(wanted), factors))
        except ConfigError:  # two that exclude each other, or set the same
            continue
    return made


def references_of(study: Study) -> dict[str, str]:
    """Return the upgrades of the factors and those that they need: name -> how the study names it."""
    named = [str(factor.upgrade) for factor in study.factors.values()]
    return {study.own_upgrade(each).name: each for each in with_needs_of(named)}


def _title(result: StudyResult, name: str) -> str:
    reference = references_of(result.study)[name]
    factor = next((f for f in result.study.factors.values() if f.upgrade == reference), None)
    if factor is not None and factor.title:
        return factor.title
    return result.study.own_upgrade(reference).title.get("en", name)


def knapsack(result: StudyResult) -> Knapsack:
    """Return the model of effects and pairs that the scenarios of a result give.

    The effect of an upgrade is that of its scenario less what the upgrades are worth that it needs. The effect of a
    pair is what its scenario is worth beyond both, less what may be noise in it.
    """
    by_name = known_worth(result)
    worth = {mix_of(cell, result): by_name[cell.name] for cell in result.cells}
    base = {u.name for u in result.cells[0].upgrades}
    references = references_of(result.study)
    closures = {name: _closure(result.study, r) - base for name, r in references.items() if name not in base}
    order = sorted(closures, key=lambda name: len(closures[name]))
    effect: dict[str, float] = {}
    for name in order:
        mean = float(worth[closures[name]].mean()) if closures[name] in worth else 0.0
        effect[name] = mean - sum(effect[other] for other in closures[name] - {name})
    cost = {name: _capital(result.study, references[name]) for name in order}
    bench = Bench(result.study, result.warmup_days, result.reading)
    pairs: dict[Pair, float] = {}
    excludes: list[Pair] = []
    for a, b in itertools.combinations(sorted(closures), 2):
        both = closures[a] | closures[b]
        if both in (closures[a], closures[b]):
            continue
        if both in worth and closures[a] in worth and closures[b] in worth:
            gap = worth[both] - worth[closures[a]] - worth[closures[b]]
            error = float(gap.std(ddof=1)) / math.sqrt(gap.size)
            pairs[a, b] = likely_share(float(gap.mean()), error)
        elif _clash(bench, references, both):
            excludes.append((a, b))
    needs = tuple((name, other) for name in order for other in sorted(closures[name] - {name}))
    return Knapsack(cost, effect, pairs, needs, tuple(excludes))


def _closure(study: Study, reference: str) -> Mix:
    """Return an upgrade with those that it needs, by their names."""
    return frozenset(study.own_upgrade(each).name for each in with_needs_of([reference]))


def _capital(study: Study, reference: str) -> float:
    costs = study.own_upgrade(reference).costs
    assert costs is not None  # `refuse_without_prices`
    return float(costs.capital_usd.base)


def _clash(bench: Bench, references: Mapping[str, str], mix: Mix) -> bool:
    """Tell whether the gate refuses a mix."""
    setting = Setting(tuple(references[name] for name in sorted(mix)))
    try:
        bench.cell("mix", "", setting)
    except ConfigError:
        return True
    return False


def selections(result: StudyResult, more: More) -> tuple[Selection, ...]:
    """Return, for each budget, the best of the most promising mixes within it; the base is always among them."""
    choice = _choice(result)
    first = len(result.replications[0])
    worth = known_worth(result)
    cells = {cell.name: cell for cell in result.cells}
    prices = {cell.name: price_of(cell, result) for cell in result.cells}
    base = list(result.replications[0])

    def sample(names: Sequence[str], numbers: range) -> dict[str, Floats]:
        if numbers.stop <= first:
            return {name: worth[name][numbers.start : numbers.stop] for name in names}
        if len(base) < numbers.stop:
            base.extend(more([BASE], range(len(base), numbers.stop))[0])
        others = [name for name in names if name != BASE]
        against = tuple(base[numbers.start : numbers.stop])
        found = {BASE: against, **dict(zip(others, more(others, numbers), strict=True))}
        return {name: worth_of(result, cells[name], found[name], against) for name in names}

    chosen = []
    for budget in choice.usd:
        within = [name for name, price in prices.items() if price <= budget * (1 + 1e-12)]
        within.sort(key=lambda name: -float(worth[name].mean()))
        names = list(dict.fromkeys([*within[: choice.contenders - 1], BASE]))
        margin, most = float(choice.margin_usd), choice.at_most
        chosen.append(select(names, sample, margin=margin, first=first, at_most=most, step=STEP))
    return tuple(chosen)
