"""The calendar in words: which days each entry means, and which entries mean no day at all."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import get_args

from gates.checks.hours import all_hours
from gates.describe.texts import DAYS_AHEAD
from gates.schema.base import Month
from gates.schema.calendar import CalendarEntry, Closure, Holidays, Slowdown
from gates.schema.demand import CalibratedRange
from gates.schema.gate import Gate
from gates.schema.holidays import countries, public_holidays
from gates.schema.quantities import number_text
from gates.schema.scenario import Scenario

MONTHS: tuple[Month, ...] = get_args(Month)
PARTS_SHOWN = 4
"""Parts of a country that a sentence names at most."""
CYCLE = dt.timedelta(days=28 * 366)
"""After it, dates fall on the same weekdays again."""


def entry_words(gate: Gate, entry: CalendarEntry) -> str:
    """An entry of the calendar: `Tết 2026: 2026-02-15 to 2026-02-18`."""
    if isinstance(entry, Holidays):
        where = ", ".join(entry.stages or entry.sides or [entry.country])
        which = "" if entry.only is None else f" ({', '.join(entry.only)})"
        last = gate.start + dt.timedelta(days=DAYS_AHEAD - 1)
        days = ", ".join(day.isoformat() for day in entry.days(gate.start, last)) or "no day"
        words = f"{entry.name}: public holidays of {entry.holidays}{which} at {where}{_shorter(entry)}"
        more = _parts_of(gate, entry.holidays) if entry.only is None else ""
        return f"{words}; in the year from {gate.start.isoformat()}: {days}" + (f". Note: {more}" if more else "")
    if isinstance(entry, Closure):
        return f"{entry.name}: {_closure_days(entry)}{_shorter(entry)}"
    words = f"{entry.name}: {entry.first.isoformat()} to {entry.last.isoformat()}"
    if isinstance(entry, Slowdown):
        touched = [*(entry.sides or []), *(entry.stages or [])]
        times = f"{number_text(entry.service_times)} times the service times"
        return f"{words}, {times}" + (f" of {', '.join(touched)}" if touched else "")
    touched = [*(entry.flows or []), *(entry.classes or []), *(entry.directions or [])]
    return f"{words}, {number_text(entry.demand)} times the arrivals" + (f" of {', '.join(touched)}" if touched else "")


def _closure_days(entry: Closure) -> str:
    """The days of a closure: `sat, sun (1, last of the month) from 2026-02-01, every year`."""
    words = [", ".join(entry.weekdays)] if entry.weekdays else []
    words += [f"({', '.join(map(str, entry.weeks))} of the month)"] if entry.weeks else []
    if entry.first and entry.last:
        words.append(f"{entry.first.isoformat()} to {entry.last.isoformat()}")
    else:
        words += [f"from {entry.first.isoformat()}"] if entry.first else []
        words += [f"until {entry.last.isoformat()}"] if entry.last else []
    return " ".join(words) + (", every year" if entry.yearly else "")


def never_text(gate: Gate) -> str:
    """A sentence about the entries of the calendar that apply to no day of any run; empty if there are none.

    An entry whose days lie outside of one run is as it should be: a calendar serves many runs.
    """
    names = [entry.name for entry in gate.calendar if not _has_days(gate, entry)]
    if not names:
        return ""
    what = "entry of the calendar applies" if len(names) == 1 else "entries of the calendar apply"
    return f"{len(names)} {what} to no day, because no such weekday is within the dates: {', '.join(names)}."


def parts_text(gate: Gate) -> str:
    """A sentence about each country named without a part of it that has more public holidays; empty if none has."""
    entries = [entry.holidays for entry in gate.calendar if isinstance(entry, Holidays) and entry.only is None]
    hours = [place for _, hours in all_hours(gate) for place, _ in hours.holidays]
    return " ".join(filter(None, (_parts_of(gate, place) for place in dict.fromkeys([*entries, *hours]))))


def _parts_of(gate: Gate, country: str) -> str:
    last = gate.start + dt.timedelta(days=DAYS_AHEAD - 1)
    years, of_all = (gate.start.year, last.year), set[dt.date]()
    for year in years:
        of_all.update(public_holidays(country, year))
    more = dict[str, list[dt.date]]()
    for code in countries().get(country, ()):
        days = {day for year in years for day in public_holidays(f"{country}-{code}", year)} - of_all
        more[f"{country}-{code}"] = sorted(day for day in days if gate.start <= day <= last)
    named = [f"{part} ({', '.join(day.isoformat() for day in days)})" for part, days in more.items() if days]
    if not named:
        return ""
    shown = [*named[:PARTS_SHOWN], *([f"{len(named) - PARTS_SHOWN} more"] if len(named) > PARTS_SHOWN else [])]
    since = f"in the year from {gate.start.isoformat()}"
    whole = f"holidays {country} are those of the whole country; {since} parts of it have others"
    return f"{whole}: {_listed(shown)}. Name a part if you mean one."


def _has_days(gate: Gate, entry: CalendarEntry) -> bool:
    """Tell whether an entry means any day at all; that its holidays exist has been checked."""
    if not isinstance(entry, Closure):
        return True
    first = entry.first or (entry.last or gate.start) - CYCLE
    return bool(entry.days(first, entry.last if entry.last and not entry.yearly else first + CYCLE))


def uncalibrated_text(scenario: Scenario) -> str:
    """A sentence about what lies outside the range for which the gate was fitted; empty if nothing does."""
    fitted = scenario.gate.calibrated
    if fitted is None:
        return ""
    outside = [*_other_months(scenario, fitted), *_other_demand(scenario, fitted)]
    if not outside:
        return ""
    return f"Outside the calibrated range: {'; '.join(outside)}. Queues and times of this run are an extrapolation."


def _other_months(scenario: Scenario, fitted: CalibratedRange) -> list[str]:
    if fitted.months is None:
        return []
    days = [scenario.first_measured + dt.timedelta(days=n) for n in range(scenario.days)]
    measured = list(dict.fromkeys(day.month for day in days))
    other = [calendar.month_name[month] for month in measured if MONTHS[month - 1] not in fitted.months]
    known = [calendar.month_name[n + 1] for n, month in enumerate(MONTHS) if month in fitted.months]
    return [f"the gate was fitted to {_listed(known)}, and the run measures {_listed(other)}"] if other else []


def _other_demand(scenario: Scenario, fitted: CalibratedRange) -> list[str]:
    factor = number_text(scenario.demand)
    if fitted.least_demand is not None and scenario.demand < fitted.least_demand:
        return [f"demand is {factor} times the flows of the file, below {number_text(fitted.least_demand)}"]
    if fitted.most_demand is not None and scenario.demand > fitted.most_demand:
        return [f"demand is {factor} times the flows of the file, above {number_text(fitted.most_demand)}"]
    return []


def _shorter(entry: Closure | Holidays) -> str:
    return "" if entry.hours is None else f", open within {entry.hours}"


def _listed(names: list[str]) -> str:
    """`A, B and C`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
