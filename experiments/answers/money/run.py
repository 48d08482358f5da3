"""What a day at the gate costs and uses, for a run of a gate with prices or factors of energy."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from experiments.accounts.costs import cost_lines
from experiments.accounts.energy import Use, Values, energy_uses
from experiments.answers.labels import NOTHING, Labels
from experiments.answers.numbers import short
from experiments.answers.run_numbers import Metrics
from experiments.answers.run_tables import Table
from gates.countries import side_title
from gates.schema.prices.levels import ENDS, End

PURPOSES = {
    "queues": "In queues",
    "opening": "Before opening, and holds",
    "service": "In service",
    "driving": "Driving",
    "refrigeration": "Refrigeration",
    "fleet": "Fleets",
}
_NOTE = "Mean of the replications; in brackets with every {} low, and high. "


def day_account_tables(metrics: Metrics, labels: Labels) -> list[Table]:
    """Return what a day costs by item and party, and what it uses and gives off; nothing for a gate without either."""
    values: Values = {key: np.array([mean]) for key, mean in metrics.means().items()}
    return [*_cost_table(values, labels), *_energy_table(values, labels)]


def party_text(party: str) -> str:
    """Return who gains or pays: `Carriers`, `State of Vietnam`."""
    side = party.removeprefix("state ")
    return f"State of {side_title(side)}" if side != party else f"{party[0].upper()}{party[1:]}"


def _cost_table(values: Values, labels: Labels) -> Iterable[Table]:
    by_end = {
        end: {(x.item, x.party): float(x.usd_per_day[0]) for x in cost_lines(labels.gate, values, end)} for end in ENDS
    }
    parties = list(dict.fromkeys(party for _, party in by_end["base"]))
    items = list(dict.fromkeys(item for item, _ in by_end["base"]))
    rows = [
        (item[0].upper() + item[1:], *(_ranged({e: by_end[e].get((item, p), 0.0) for e in ENDS}) for p in parties))
        for item in items
    ]
    if rows:
        note = (
            _NOTE.format("price") + "Officers, lanes and machines: the posts that the gate file prices. Time at stages "
            "where goods are not ready costs nothing here. Below zero: received."
        )
        yield Table("What a day costs", ("USD a day", *map(party_text, parties)), tuple(rows), note)


def _energy_table(values: Values, labels: Labels) -> Iterable[Table]:
    uses = {end: energy_uses(labels.gate, values, end) for end in ENDS}
    kinds = list(dict.fromkeys((use.energy, use.unit) for use in uses["base"]))
    rows = [(title, *_used(uses, kinds, [purpose])) for purpose, title in PURPOSES.items()]
    rows = [row for row in rows if any(cell != NOTHING for cell in row[1:])]
    if rows:
        heads = (*(f"{kind.capitalize()}, {unit}" for kind, unit in kinds), "CO2, kg")
        total = ("All", *_used(uses, kinds, list(PURPOSES)))
        yield Table("Energy of a day", ("", *heads), (*rows, total), _NOTE.format("factor"))


def _used(uses: dict[End, list[Use]], kinds: list[tuple[str, str]], purposes: list[str]) -> list[str]:
    def total(of: str, kind: str | None) -> dict[End, float]:
        chosen = {end: [u for u in uses[end] if u.purpose in purposes and kind in (None, u.energy)] for end in ENDS}
        return {end: sum(float(getattr(use, of)[0]) for use in chosen[end]) for end in ENDS}

    return [*(_ranged(total("amount", kind)) for kind, _ in kinds), _ranged(total("co2_kg", None))]


def _ranged(by_end: dict[End, float]) -> str:
    """`120 (80 to 200)`."""
    low, base, high = (by_end[end] for end in ENDS)
    if not any((low, base, high)):
        return NOTHING
    return short(base) if low == high else f"{short(base)} ({short(min(low, high))} to {short(max(low, high))})"
