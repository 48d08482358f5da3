"""What options of a study bring in money and CO2: advice and tables.

A cell such as `2.1 ± 0.3 (−1 to 5)` is the value at base prices with its 95 % interval over replications, and the range
of the prices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from experiments.accounts.staff import DAYS_A_YEAR
from experiments.answers.labels import NOTHING, count, listed, with_interval
from experiments.answers.money.run import PURPOSES, party_text
from experiments.answers.numbers import GLUE, interval, money, plain, short
from experiments.answers.run_tables import Table
from experiments.answers.study_comparison import some
from experiments.answers.study_labels import StudyLabels
from experiments.runs.statistics import Estimate
from experiments.studies.model import BASE
from experiments.studies.money.tables import BREAK_EVEN, COST, FREED, NET
from gates.schema.prices.money import Money

Frame = pd.DataFrame
FRAMES = ("money", "appraisal", "energy", "uninspected")
"""Tables of a study's folder that this rests on."""
COSTS_AND_BENEFITS = "Costs and benefits"
ROWS = 40
MILLION = 1e6
MOST_ITEMS = 3
TONNES_A_YEAR = DAYS_A_YEAR / 1000
MOST_NEEDED = 4
_NOTE = (
    "± half the 95 % interval over replications, at base prices; in brackets the range of the prices: every price, "
    "cost and rate at the end that is worst for the option, and at the end that is best."
)


def money_advice(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[str]:
    """Yield what is worth its money, what is not, and what changes who is inspected; nothing without prices."""
    rows = frames["appraisal"]
    prices = labels.gate.gate.money
    if len(rows) and prices is not None:
        nets = rows[rows["measure"] == NET].sort_values("value", ascending=False, kind="stable")
        if len(nets):
            yield from _worth(nets, rows, frames["money"], prices, labels)
            yield from _needed(rows, prices, labels)
        yield from _not_costed(rows, labels)
    if len(rows):
        yield from _posts(rows, labels)
        yield from _carbon(rows, frames["energy"], labels)
    unseen = frames["uninspected"]
    if len(unseen):
        yield _unseen(unseen, labels)


def _worth(nets: Frame, rows: Frame, items: Frame, prices: Money, labels: StudyLabels) -> Iterator[str]:
    best = nets.iloc[0]
    terms = (
        f"over {count(prices.horizon_years, 'year')}, discounted by {100 * prices.discount_rate.base:g}{GLUE}% a year, "
        f"in US dollars of {prices.date.isoformat()}"
    )
    if best["value"] <= 0:
        yield f"Money: no option is worth its cost at base prices, {terms}."
    else:
        ratio = _measure(rows, str(best["scenario"]), "benefit-cost ratio")
        payback = _measure(rows, str(best["scenario"]), "payback")
        more = "" if ratio is None else f"; benefit-cost ratio {_cell(ratio)}"
        more += "" if payback is None else f"; payback {_cell(payback)} years"
        yield (
            f"Money: the largest net present value is that of {labels.titles[best['scenario']]}, "
            f"{_signed(best['value'])} (95 % interval {_millions(best['low'], best['high'])}; range of prices "
            f"{_millions(best['price_low'], best['price_high'])}) {terms}{more}."
            f"{_carried(items, str(best['scenario']))}"
        )
    for heading, chosen in (
        ("Worth its cost at any price of the ranges", nets[(nets["price_low"] > 0) & (nets["low"] > 0)]),
        (
            "Worth its cost at base prices, but not at every price of the ranges",
            nets[(nets["price_low"] <= 0) & (nets["low"] > 0)],
        ),
        ("Not worth its cost at base prices", nets[nets["high"] < 0]),
    ):
        if len(chosen):
            yield f"{heading}: {some([_named(row, labels) for _, row in chosen.iterrows()])}."
    open_cases = nets[(nets["low"] <= 0) & (nets["high"] >= 0)]
    if len(open_cases):
        named = [_with_range(row, labels) for _, row in open_cases.iterrows()]
        yield f"With these replications neither worth its cost nor not: {some(named)}."


def _carried(rows: Frame, scenario: str) -> str:
    """Return which items bring the most of what an option saves: ` Of the benefit, 70 % is waiting for opening.`."""
    mine = rows[(rows["scenario"] == scenario) & (rows["item"] != COST) & (rows["item"] != "fees")]
    items = mine.groupby("item")["value"].sum().sort_values(ascending=False)
    gained = items[items > 0]
    if not len(gained):
        return ""
    shares = [f"{100 * value / gained.sum():.0f}{GLUE}% {item}" for item, value in gained.head(MOST_ITEMS).items()]
    return f" Its benefit is {listed(shares)}."


def _needed(rows: Frame, prices: Money, labels: StudyLabels) -> Iterator[str]:
    """Yield what single upgrades that are not shown to pay would have to bring, the cheapest of them first."""
    nets = rows[rows["measure"] == NET]
    poor = set(nets[nets["low"] <= 0]["scenario"]) & single_upgrades(labels)
    wanted = rows[(rows["measure"] == BREAK_EVEN) & rows["scenario"].isin(poor)]
    hour = prices.truck_hour.vehicle_usd.base + prices.truck_hour.driver_usd.base
    for _, row in wanted.sort_values("value", kind="stable").head(MOST_NEEDED).iterrows():
        brings = _measure(rows, str(row["scenario"]), "benefit a year")
        yield (
            f"{labels.titles[row['scenario']]} pays for itself from {money(row['value'])} of benefit a year on, as "
            f"much as {short(row['value'] / DAYS_A_YEAR / hour)} truck hours a day at USD{GLUE}{hour:g}; it brings "
            f"{_signed(brings['value'])} a year (95 % interval {_millions(brings['low'], brings['high'])})."
        )


def single_upgrades(labels: StudyLabels) -> set[str]:
    """Return the scenarios that make one upgrade alone, and nothing else."""
    made = {each["name"]: {change["upgrade"] for change in each["changes"]} for each in labels.manifest["scenarios"]}
    return {name for name, upgrades in made.items() if len(upgrades - made[BASE]) == 1 and "study" not in upgrades}


def _posts(rows: Frame, labels: StudyLabels) -> Iterator[str]:
    """Yield which options leave fewer posts to fill."""
    freed = rows[(rows["measure"] == FREED) & (rows["value"] > 0)].sort_values("value", ascending=False, kind="stable")
    if len(freed):
        named = [f"{labels.titles[row['scenario']]} ({short(row['value'])})" for _, row in freed.iterrows()]
        yield f"Posts freed, leave and training included, those that the upgrade needs not taken off: {some(named)}."


def _carbon(rows: Frame, uses: Frame, labels: StudyLabels) -> Iterator[str]:
    """Yield what the gate gives off, and what saves or adds CO2."""
    saved = rows[rows["measure"] == "CO2 saved"].sort_values("value", ascending=False, kind="stable")
    if not len(saved) or not len(uses):
        return
    base = uses[uses["scenario"] == BASE]
    today, low, high = (TONNES_A_YEAR * base[name].sum() for name in ("value", "price_low", "price_high"))
    text = f"CO2: the gate gives off {short(today)} t a year (range of factors {short(low)} to {short(high)})."
    for heading, chosen in (
        ("Least with", saved[saved["low"] > 0]),
        ("More than today with", saved[saved["high"] < 0][::-1]),
    ):
        named = [
            f"{labels.titles[row['scenario']]} ({short(-row['value'], sign=True)} t)" for _, row in chosen.iterrows()
        ]
        text += f" {heading} {some(named)}." if named else ""
    yield text


def _with_range(row: Any, labels: StudyLabels) -> str:
    return f"{labels.titles[row['scenario']]} ({_millions(row['low'], row['high'])})"


def _named(row: Any, labels: StudyLabels) -> str:
    return f"{labels.titles[row['scenario']]} ({_signed(row['value'])})"


def _not_costed(rows: Frame, labels: StudyLabels) -> Iterator[str]:
    costed = set(rows[rows["measure"] == NET]["scenario"])
    missing = [labels.titles[name] for name in dict.fromkeys(rows["scenario"]) if name not in costed]
    if missing:
        yield f"Not costed, so without net present value: {some(missing)}."


def _unseen(rows: Frame, labels: StudyLabels) -> str:
    changes = rows.groupby("scenario", sort=False)["change"].sum()
    named = [
        f"{labels.titles[name]} ({plain(value, 1, sign=True)} a day)"
        for name, value in zip(changes.index.astype(str), changes, strict=True)
    ]
    return (
        f"Trucks that no inspection sees change with {some(named)}. Detection is not modelled: what these inspections "
        "would have found is not in any benefit."
    )


def _measure(rows: Frame, scenario: str, measure: str) -> Any:
    found = rows[(rows["scenario"] == scenario) & (rows["measure"] == measure)]
    return found.iloc[0] if len(found) else None


def _signed(usd: float) -> str:
    return f"{'−' if usd < 0 else '+'}{money(abs(usd))}"


def _millions(low: float, high: float) -> str:
    return f"{interval(low / MILLION, high / MILLION, sign=True)}{GLUE}million"


def _cell(row: Any, factor: float = 1.0) -> str:
    """`2.1 ± 0.3 (−1 to 5)`; the brackets are left out where prices do not matter."""
    if pd.isna(row["value"]):
        return NOTHING
    if math.isinf(row["value"]):
        return "never"
    value = Estimate(*(factor * row[name] for name in ("value", "low", "high")))
    text = with_interval(value) if row["high"] > row["low"] and math.isfinite(row["high"]) else short(value.value)
    ends = [factor * row[name] for name in ("price_low", "price_high")]
    if math.isclose(*ends, rel_tol=1e-9):
        return text
    low, high = ("never" if math.isinf(end) else short(end) for end in ends)
    return f"{text} ({low} to {high})"


def money_tables(frames: Mapping[str, Frame], labels: StudyLabels) -> Iterator[Table]:
    """Yield the tables of money and energy that have rows."""
    if len(frames["appraisal"]):
        yield _appraisal_table(frames["appraisal"], labels)
        yield _item_table(frames["money"], labels)
        yield _party_table(frames["money"], labels)
    if len(frames["energy"]):
        yield _energy_table(frames["energy"], labels)
    if len(frames["uninspected"]):
        yield _unseen_table(frames["uninspected"], labels)


_MEASURES = (
    ("benefit a year", "Benefit, USD m a year", 1 / MILLION),
    ("cost a year", "Cost, USD m a year", 1 / MILLION),
    (BREAK_EVEN, "Benefit that pays for it, USD m a year", 1 / MILLION),
    (NET, "Net present value, USD m", 1 / MILLION),
    ("benefit-cost ratio", "Benefit-cost ratio", 1.0),
    ("payback", "Payback, years", 1.0),
    ("cost per truck hour saved", "USD per truck hour saved", 1.0),
    (FREED, "Posts freed", 1.0),
    ("CO2 saved", "CO2 saved, t a year", 1.0),
)


def _appraisal_table(rows: Frame, labels: StudyLabels) -> Table:
    shown = [m for m in _MEASURES if (rows["measure"] == m[0]).any()]
    order = rows[rows["measure"] == NET].sort_values("value", ascending=False, kind="stable")
    names = list(dict.fromkeys([*order["scenario"], *rows["scenario"]]))
    cells = [
        (labels.titles[name], *(_found(_measure(rows, name, measure), factor) for measure, _, factor in shown))
        for name in names[:ROWS]
    ]
    prices = labels.gate.gate.money
    assert prices is not None
    growth = f"grow by {_range(prices.growth_per_year)} a year for {count(prices.growth_years, 'year')}"
    note = (
        f"US dollars of {prices.date.isoformat()}, without inflation; {prices.horizon_years} years from the decision; "
        f"discounted by {_range(prices.discount_rate)} a year; benefits "
        f"{growth if prices.growth_years else 'of all years alike'}. A year is 365 days like those simulated. {_NOTE}"
    )
    return Table(COSTS_AND_BENEFITS, ("Scenario", *(title for _, title, _ in shown)), tuple(cells), note)


def _range(levels: Any) -> str:
    low, base, high = (f"{100 * levels.at(end):g}" for end in ("low", "base", "high"))
    return f"{base}{GLUE}%" if low == high else f"{base}{GLUE}% ({low} to {high})"


def _found(row: Any, factor: float) -> str:
    return NOTHING if row is None else _cell(row, factor)


def _matrix(rows: Frame, by: str, names: Iterable[str], labels: StudyLabels, title: str, note: str) -> Table:
    columns = list(dict.fromkeys(names))
    cells = []
    for scenario in list(dict.fromkeys(rows["scenario"]))[:ROWS]:
        mine = rows[rows["scenario"] == scenario]
        row = []
        for column in columns:
            part = mine[mine[by] == column]
            sums = {n: part[n].sum() for n in ("value", "low", "high", "price_low", "price_high")}
            row.append(_cell(sums, 1 / MILLION) if len(part) and any(sums.values()) else NOTHING)
        cells.append((labels.titles[scenario], *row))
    heads = tuple(f"{column[0].upper()}{column[1:]}" for column in columns)
    return Table(title, ("USD m a year", *heads), tuple(cells), note)


def _item_table(rows: Frame, labels: StudyLabels) -> Table:
    rows = rows[rows["item"] != "fees"]
    note = "Savings against what the option is compared with; the intervals of parties are added, so they are wide. "
    return _matrix(rows, "item", rows["item"], labels, "What is saved, and what it costs", note + _NOTE)


def _party_table(rows: Frame, labels: StudyLabels) -> Table:
    note = (
        "Savings less costs; fees move money from traders to states. Costs are the same sum in each year of the "
        "horizon; an upgrade whose file does not say who pays it (`paid_by`) has a payer that is not stated. "
    )
    rows = rows.assign(party=[party_text(party) for party in rows["party"]])
    return _matrix(rows, "party", rows["party"], labels, "Who gains and who pays", note + _NOTE)


def _energy_table(rows: Frame, labels: StudyLabels) -> Table:
    purposes = [name for name in PURPOSES if (rows["purpose"] == name).any()]
    kinds = list(dict.fromkeys(zip(rows["energy"], rows["unit"], strict=True)))
    cells = []
    for scenario in list(dict.fromkeys(rows["scenario"]))[:ROWS]:
        mine = rows[rows["scenario"] == scenario]
        by_purpose = [mine[mine["purpose"] == name] for name in purposes]
        used = [short(mine[mine["energy"] == kind]["amount_per_day"].sum()) for kind, _ in kinds]
        total = {name: mine[name].sum() for name in ("value", "low", "high", "price_low", "price_high")}
        parts = [short(part["value"].sum()) for part in by_purpose]
        nox = mine[mine["energy"] != "electricity"]["nox_kg_per_day"].sum(min_count=1)
        cells.append((labels.titles[scenario], *used, _cell(total), *parts, NOTHING if pd.isna(nox) else short(nox)))
    heads = (*(f"{kind.capitalize()}, {unit}" for kind, unit in kinds), "CO2, kg")
    return Table(
        "Energy and emissions of a day",
        ("Scenario", *heads, *(PURPOSES[name] for name in purposes), "NOx, kg"),
        tuple(cells),
        "Columns after CO2: its kilograms by purpose. NOx of truck engines at a stand alone. Intervals of classes are "
        "added, so that they are wide; in brackets the range of the factors.",
    )


def _unseen_table(rows: Frame, labels: StudyLabels) -> Table:
    cells = [
        (
            labels.titles[row["scenario"]],
            labels.direction(row["direction"]),
            labels.gate.vehicle_class(row["vehicle_class"]),
            row["channel"],
            plain(row["before"], 1),
            plain(row["per_day"], 1),
            plain(row["change"], 1, sign=True),
        )
        for _, row in rows.head(ROWS).iterrows()
    ]
    return Table(
        "Trucks that no inspection sees, a day",
        ("Scenario", "Direction", "Class", "Channel", "Before", "After", "Change"),
        tuple(cells),
        "Expected from the shares of the paths, before profile and calendar. Detection is not modelled.",
    )
