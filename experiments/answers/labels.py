"""What plots and pages call things: titles, clocks, paths in order, and numbers with their interval."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from experiments.answers.numbers import GLUE, decimals_of, decimals_of_half
from experiments.runs.statistics import Estimate
from gates.countries import language_of, side_title
from gates.schema.base import UNLIMITED
from gates.schema.borders.names import parted
from gates.schema.paths import PlacedStep, Step, Visit, walk
from gates.schema.scenario import Scenario
from sim.clock import moment
from sim.plan.timetable import open_on

NOTHING = "–"
"""Shown for a number that is not defined."""
MOST_CHANGES = 3
"""Offsets of a clock in a period that are named with their days; of more, only the offsets are."""
Spell = tuple[dt.datetime, dt.datetime]


def in_its_languages(titles: Mapping[Any, str]) -> str:
    """Return a title in the languages that it has: `Friendship Pass · Hữu Nghị · 友谊关`."""
    tags = sorted(titles, key=lambda tag: (tag != "en", tag))
    return " · ".join(dict.fromkeys(titles[tag] for tag in tags))


class Labels:
    """The names of one result, read from its manifest."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        scenario = manifest["scenario"]
        self.scenario = Scenario.model_validate(scenario)
        self.gate = self.scenario.gate
        self.days: int = scenario["days"]
        self.warmup_days: int = scenario["warmup_days"]
        self.replications: int = manifest["replications"]
        self.seed: int = manifest["seed"]
        self.first = dt.date.fromisoformat(scenario["start"] or self.gate.start.isoformat())
        self.tick_zero = dt.datetime.fromisoformat(manifest["tick_zero"])

    @property
    def title(self) -> str:
        """The gate in its languages: `Friendship Pass · Hữu Nghị · 友谊关`."""
        return in_its_languages(self.gate.title) or _words(self.gate.name)

    @property
    def directions(self) -> list[str]:
        """The directions in which trucks flow."""
        return sorted({str(flow.direction) for flow in self.gate.flows.values()})

    def direction(self, name: str) -> str:
        """`Northbound (Vietnam to China)`."""
        origin = self.gate.origin.get(name)  # type: ignore[call-overload]
        others = [side for side in self.gate.sides if side != origin]
        if origin is None or len(others) != 1:
            return direction_word(name)
        return f"{direction_word(name)} ({side_title(origin)} to {side_title(others[0])})"

    def stage(self, name: str) -> str:
        """Return the title of a stage, or what stands in place of one."""
        if name in self.gate.pools and name not in self.gate.stages:
            return self.pool(name)
        if name not in self.gate.stages:
            return name.capitalize()  # `sim.metrics.resources.areas.OUTSIDE`
        return _titled(self.gate.stages[name].title, name)

    def pool(self, name: str) -> str:
        """Return the title of a pool."""
        return self.gate.pools[name].title.get("en") or _words(name)

    def users_of(self, pool: str) -> list[str]:
        """Return the stages that need units of a pool, or take some along, in the order of the file."""
        return [name for name, stage in self.gate.stages.items() if pool in {**stage.needs, **stage.takes}]

    def area(self, name: str) -> str:
        """Return the title of an area."""
        return self.gate.areas[name].title.get("en") or _words(name)

    def lane_group(self, name: str) -> str:
        """Return what people call a lane group: `fruit`."""
        return name.replace("-", " ")

    def area_of(self, stage: str) -> str | None:
        """Return the area in which a stage lies; None if it lies in none."""
        return next((name for name, area in self.gate.areas.items() if stage in area.stages), None)

    def areas_ahead(self, direction: str, stage: str) -> list[str]:
        """Return the areas, other than its own, that trucks of a direction may enter right after a stage."""
        steps = self.gate.paths[direction]  # type: ignore[index]
        visits = [placed for placed in walk(steps) if isinstance(placed.step, Visit)]
        names = [placed.step.stage for placed in visits if isinstance(placed.step, Visit)]
        after = visits[names.index(stage) + 1 :] if stage in names else visits
        return list(dict.fromkeys(self._next_areas(after, self.area_of(stage))))

    def _next_areas(self, visits: Sequence[PlacedStep], here: str | None) -> Iterator[str]:
        for placed in visits:
            visit = placed.step
            assert isinstance(visit, Visit)
            area = self.area_of(visit.stage)
            if area and area != here:
                yield area
            if not placed.inside and visit.share == 1 and not visit.when and visit.only is None:
                return  # nobody leaves it out

    def local_title(self, name: str) -> str:
        """Return the title of a stage in the language of its side, if the gate file has one."""
        stage = self.gate.stages[name]
        own = language_of(stage.side)
        return stage.title.get(own, "") if own != "en" else ""

    def vehicle_class(self, name: str) -> str:
        """Return the title of a vehicle class."""
        return _titled(self.gate.classes[name].title, name)

    def classes_of(self, direction: str) -> list[str]:
        """Return the vehicle classes that flow in a direction, in the order of the file."""
        flowing = {flow.vehicle_class for flow in self.gate.flows.values() if flow.direction == direction}
        return [name for name in self.gate.classes if name in flowing]

    @property
    def bulletin_side(self) -> str:
        """The side whose clock and days the results use."""
        return self.gate.end_of_day.side

    def zone(self, side: str) -> ZoneInfo:
        """Return the time zone of a side."""
        return ZoneInfo(self.gate.sides[side])

    def clock(self, side: str) -> str:
        """`Vietnam time (UTC+7)`; `PL time (UTC+1, UTC+2 from 29 March)` where clocks change in the measured period."""
        return f"{side_title(side)} time ({self.offset_text(side)})"

    def offset_text(self, side: str, first: dt.date | None = None, days: int | None = None) -> str:
        """`UTC+7`, or `UTC+1, UTC+2 from 29 March`, of some days, those of the measured period if none are named."""
        changes = self.offsets(side, first or self.first, self.days if days is None else days)
        first_text, *later = [f"{_utc_text(ahead)} from {day.day} {day:%B}" for day, ahead in changes]
        if len(changes) > MOST_CHANGES:
            return " or ".join(dict.fromkeys(_utc_text(ahead) for _, ahead in changes))
        return ", ".join([first_text.partition(" ")[0], *later])

    def offsets(self, side: str, first: dt.date, days: int) -> list[tuple[dt.date, dt.timedelta]]:
        """Return how far the clock of a side is ahead of UTC on the first of some days, and from each change on."""
        dates = [first + dt.timedelta(days=n) for n in range(days)]
        ahead = [(date, _ahead(date, self.zone(side))) for date in dates]
        return [ahead[0], *(after for before, after in itertools.pairwise(ahead) if before[1] != after[1])]

    def other_clocks(self) -> list[str]:
        """Return the sides whose clock shows another time than that of the bulletin, on some measured day."""
        here = self.offsets(self.bulletin_side, self.first, self.days)
        return [side for side in self.gate.sides if self.offsets(side, self.first, self.days) != here]

    def midnight(self, day: int) -> dt.datetime:
        """Return when a measured day begins on the bulletin's side, counted from 0, in UTC."""
        date = self.first + dt.timedelta(days=day)
        return moment(date, 0, self.zone(self.bulletin_side))

    def ticks(self, moment: dt.datetime) -> float:
        """Return a moment as milliseconds since the start of the run."""
        return (moment - self.tick_zero) / dt.timedelta(milliseconds=1)

    @property
    def bulletin(self) -> str:
        """When the waiting trucks are counted: `24:00 Vietnam time (UTC+7)`."""
        return f"{self.bulletin_time} {self.clock(self.bulletin_side)}"

    @property
    def in_stock(self) -> str:
        """Which trucks the bulletin counts: `not yet released`; beyond the border they may wait uncounted."""
        crossing = self.gate.end_of_day.counts == "until-crossing"
        return "not yet released or over the border" if crossing else "not yet released"

    @property
    def bulletin_time(self) -> str:
        """The same by the clock of the bulletin's side: `24:00`."""
        minutes = self.gate.end_of_day.at // 60
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    @property
    def period(self) -> str:
        """`30 days from 1 July 2025`."""
        return f"{count(self.days, 'day')} from {day_text(self.first)}"

    @property
    def basis(self) -> str:
        """Period, warm-up and replications in one line."""
        return (
            f"{self.period}, after {count(self.warmup_days, 'day')} of warm-up; "
            f"{count(self.replications, 'replication')}"
        )

    @cached_property
    def _paths(self) -> dict[str, tuple[list[str], list[str]]]:
        found = {}
        for direction, steps in self.gate.paths.items():
            loaded, empty = _stages_in_order(steps)
            if direction in self.gate.two_way:
                second, after = _stages_in_order(self.gate.two_way[direction].steps)
                empty = list(dict.fromkeys([*empty, *second, *after]))
            found[str(direction)] = loaded, empty
        return found

    def stages_of(self, direction: str) -> list[str]:
        """Return the stages of a direction in the order of its path, the empty return last."""
        loaded, empty = self._paths.get(direction, ([], []))
        return list(dict.fromkeys([*loaded, *empty]))

    def loaded_stages(self, direction: str) -> list[str]:
        """Return the stages that loaded trucks of a direction may visit, in order."""
        return list(self._paths.get(direction, ([], []))[0])

    def is_limited(self, stage: str) -> bool:
        """Tell whether a stage has a limited number of lanes."""
        return all(group.lanes != UNLIMITED for group in self.gate.stages[stage].lane_groups())

    @property
    def holds(self) -> list[str]:
        """The stages at which loads get ready, which no capacity shortens."""
        return [name for name, stage in self.gate.stages.items() if stage.hold]

    def closed(self, stage: str, begin: dt.datetime, end: dt.datetime) -> list[Spell]:
        """Return when all lanes of a stage are closed between two moments in UTC, closures of the calendar too."""
        spells, at = [], begin
        for opens, closes in self._open(stage, begin, end):
            if min(opens, end) > at:
                spells.append((at, min(opens, end)))
            at = max(at, closes)
        return [*spells, (at, end)] if at < end else spells

    def _open(self, stage: str, begin: dt.datetime, end: dt.datetime) -> list[Spell]:
        """Return when some lanes of a stage open and close on the days around two moments, in order of opening."""
        found, zone = self.gate.stages[stage], self.zone(self.gate.stages[stage].side)
        first, last = begin.astimezone(zone).date() - dt.timedelta(days=1), end.astimezone(zone).date()
        left_open = self.gate.left_open(stage, first, last)
        hours = {found.hours if group.hours is None else group.hours for group in found.lane_groups()}
        days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
        return sorted(
            (moment(day, opens, zone), moment(day, closes, zone))
            for day in days
            for each in hours
            for opens, closes in open_on(each, day, left_open)
        )


def direction_word(name: str) -> str:
    """`Northbound`; at a border with the gate before it, `fp: northbound`."""
    gate, direction = parted(name)
    return direction.capitalize() if gate is None else f"{gate}: {direction}"


def _ahead(day: dt.date, zone: ZoneInfo) -> dt.timedelta:
    """Return how far a zone is ahead of UTC at noon of a day."""
    return dt.datetime.combine(day, dt.time(12), zone).utcoffset() or dt.timedelta()


def _utc_text(ahead: dt.timedelta) -> str:
    """`UTC+7`."""
    minutes = round(ahead.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def together(days: Sequence[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Return the first and last of each row of days that follow each other."""
    rows: list[tuple[dt.date, dt.date]] = []
    for day in sorted(set(days)):
        if rows and day - rows[-1][1] == dt.timedelta(days=1):
            rows[-1] = (rows[-1][0], day)
        else:
            rows.append((day, day))
    return rows


def _titled(titles: Mapping[Any, str], name: str) -> str:
    return titles.get("en") or next(iter(titles.values()), _words(name))


def _words(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _stages_in_order(steps: Sequence[Step]) -> tuple[list[str], list[str]]:
    """Return the stages visited loaded and those visited empty, each in order and once."""
    visits = [(placed.is_empty, placed.step.stage) for placed in walk(steps) if isinstance(placed.step, Visit)]
    loaded, empty = (dict.fromkeys(stage for is_empty, stage in visits if is_empty == which) for which in (False, True))
    return list(loaded), list(empty)


def day_text(day: dt.date) -> str:
    """`1 July 2025`."""
    return f"{day.day} {day:%B %Y}"


def count(number: int, noun: str) -> str:
    """`1 day`, `30 days`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str]) -> str:
    """`A, B and C`; `A, with more; B; and C` where a name has a comma of its own."""
    comma, last = ("; ", "; and ") if any(", " in name for name in names) else (", ", " and ")
    return last.join([comma.join(names[:-1]), names[-1]] if len(names) > 1 else names)


# Numbers. The interval decides how many digits a value has, so that both end at the same place.


def number_text(value: float, decimals: int) -> str:
    """Return a number with so many decimals; one that is too small to show is `< 0.01`, not zero."""
    if value == 0:
        return "0"
    grain = 10.0**-decimals
    if abs(value) < grain / 2:
        return f"<{GLUE}{grain:.{decimals}f}"
    return f"{value:,.{decimals}f}".replace("-", "−")


def with_interval(estimate: Estimate | None, most_decimals: int = 2, unit: str = "") -> str:
    """Return a mean with its interval: `262 ± 3`; alone where there is no interval.

    The half width keeps one significant digit, two if the first is 1, and never more than `most_decimals`.
    """
    if estimate is None or math.isnan(estimate.value):
        return NOTHING
    if math.isinf(estimate.value):
        return f"beyond the run in {estimate.unreached} of {estimate.n}"
    half = (estimate.high - estimate.low) / 2
    if not math.isfinite(half) or half == 0:
        return number_text(estimate.value, min(most_decimals, decimals_of(estimate.value, 3))) + unit
    decimals = min(most_decimals, decimals_of_half(half))
    if abs(estimate.value) < 10.0**-decimals / 2 and half < 10.0**-decimals / 2:
        return number_text(estimate.value, decimals) + unit
    value = f"{estimate.value + 0.0:,.{decimals}f}".replace("-", "−")
    return f"{value}{GLUE}±{GLUE}{number_text(half, decimals).removeprefix(f'<{GLUE}')}{unit}"


def percent_with_interval(estimate: Estimate | None) -> str:
    """Return a share with its interval in percent: `93 ± 1 %`."""
    if estimate is None:
        return NOTHING
    low, high = 100 * estimate.low, 100 * estimate.high
    return with_interval(estimate._replace(value=100 * estimate.value, low=low, high=high), 1, f"{GLUE}%")
