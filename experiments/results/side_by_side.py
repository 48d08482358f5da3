"""Two results of runs compared, as a table: the difference with its interval, and the one word that it allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.answers.numbers import BEYOND, GLUE, amount, interval, scale_of, within
from experiments.answers.run_tables import Table
from experiments.studies.compare import Difference
from experiments.studies.model import better_of, main_names, metric_key
from experiments.studies.select import margin_of, verdict

if TYPE_CHECKING:
    from experiments.results.comparison import Comparison

COLUMNS = ("Number", "A", "B", f"B less A (95{GLUE}% interval)", "In words")


def comparison_table(compared: Comparison, names: Sequence[str], *, full: bool = False) -> Table:
    """Return the rows of some numbers; of the main ones if none is named, of all if `full`.

    Raises
    ------
    ConfigError
        If one is not in both results, or a result does not hold its replications.
    """
    known = compared.names
    chosen = list(known) if full else list(names) or main_names(known)
    rows = [_row(compared, name) for name in chosen]
    method = compared.method[:1].upper() + compared.method[1:]
    least = f"1{GLUE}%; for times at least one minute, for shares one percentage point"
    note = f"{method}; each interval holds by itself. Margin, the smallest difference that matters: {least}."
    return Table("", COLUMNS, tuple(rows), note)


def _row(compared: Comparison, name: str) -> tuple[str, ...]:
    each, unit, key = compared.metric(name), compared.first.unit(name), metric_key(name)
    first, second = (result.metric(name).value for result in (compared.first, compared.second))
    said = verdict(each, margin_of(key, first, None), better_of(key))
    words = f"{said} (n = {each.n})"
    return name, amount(first, unit), amount(second, unit), difference_text(each, unit), words


def difference_text(each: Difference, unit: str) -> str:
    """Return the difference and its interval in one unit."""
    if each.unreached or each.against_unreached:
        return f"{BEYOND}: B in {each.unreached}, A in {each.against_unreached} of {each.n}"
    scale = scale_of(unit, each.value, each.low, each.high, change=True)
    value, low, high = (scale.factor * number for number in (each.value, each.low, each.high))
    if math.isnan(value):
        return "–"
    doubt = "" if math.isnan(low) else f" ({interval(low, high, sign=True)})"
    return f"{within(value, low, high, sign=True)}{GLUE}{scale.unit}{doubt}"
