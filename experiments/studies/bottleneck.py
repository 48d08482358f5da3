"""What binds: what a tenth more capacity of each stage brings, and what it brings once the first one is relieved.

A stage gets a tenth more lanes where that is a whole number of them within two per cent, and else services that are
shorter by 1/1.1, which passes as many more trucks; a pool gets more units or none. Stages that open only part of the
day get another row: a tenth more hours at the end of the day. All on common random numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from experiments.studies.compare import against_base
from experiments.studies.designs import VARIED, Bench, Cell, Setting
from experiments.studies.model import BASE, Study
from experiments.studies.replication import Floats
from experiments.studies.result import StudyResult
from gates.schema.base import UNLIMITED
from gates.schema.gate import Gate
from gates.schema.hours import OpeningHours
from gates.schema.quantities import DAY_S
from gates.schema.stages import Stage
from gates.upgrades import Edit, Upgrade, apply_upgrades
from sim.metrics.meter import Key

GROWTH = 1.1
CLOSE_ENOUGH = 0.02
"""A count of lanes counts as a tenth more if its capacity is within this of 1.1 times the old."""
RELIEF = 2.0
"""A relieved stage has this times its lanes; a relieved closing time is gone."""
RELIEVED = "relieved"


@dataclass(frozen=True)
class Growth:
    """A way to give a stage or a pool a tenth more."""

    place: str
    """Stage or pool."""
    what: str
    """`capacity` or `hours`."""
    how: str
    """In words: `15 lanes instead of 13`."""
    edits: tuple[Edit, ...]
    relief: tuple[Edit, ...]

    @property
    def name(self) -> str:
        """Name of its cell."""
        return f"{self.place} {self.what}"


def bottleneck_study(gate: str) -> Study:
    """The study that finds the bottleneck of a gate of the library or a file."""
    return Study(
        name="bottleneck",
        title={"en": "Bottleneck"},
        question="Which stage is the bottleneck, and which one next?",
        gate=gate,
        design="bottleneck",
        warmup_days=14,
    )


def growths(gate: Gate) -> list[Growth]:
    """Every stage and pool of a gate that could bind, with a tenth more."""
    found = []
    for name, stage in gate.stages.items():
        if any(group.lanes != UNLIMITED for group in stage.lane_groups()):
            found.append(_more_capacity(name, stage))
        if any(0 < open_s < DAY_S for open_s in _open_s(stage.hours)):
            found.append(_more_hours(name, stage))
    for name, pool in gate.pools.items():
        units = sum(shift.units for shift in pool.shifts)
        if all(_grown(shift.units) is not None for shift in pool.shifts):
            place = f"pools.{name}.shifts"
            edits = tuple(_scale(f"{place}[{n}].units", GROWTH) for n in range(len(pool.shifts)))
            relief = tuple(_scale(f"{place}[{n}].units", RELIEF) for n in range(len(pool.shifts)))
            found.append(Growth(name, "capacity", f"{units * GROWTH:.0f} units instead of {units}", edits, relief))
    return found


def _grown(count: int) -> int | None:
    """A tenth more of a count, or None if no whole number is close enough."""
    more = math.floor(count * GROWTH + 0.5)
    return more if abs(more / (count * GROWTH) - 1) <= CLOSE_ENOUGH else None


def _scale(path: str, factor: float) -> Edit:
    return Edit(path=path, scale=factor, source=VARIED)


def _more_capacity(name: str, stage: Stage) -> Growth:
    places = (
        [f"stages.{name}.lanes[{n}].lanes" for n, g in enumerate(stage.lanes) if g.lanes != UNLIMITED]
        if isinstance(stage.lanes, list)
        else [f"stages.{name}.lanes"]
    )
    counts = [group.lanes for group in stage.lane_groups() if isinstance(group.lanes, int)]
    relief = tuple(_scale(place, RELIEF) for place in places)
    if all(_grown(count) is not None for count in counts):
        more, now = sum(_grown(count) or 0 for count in counts), sum(counts)
        edits = tuple(_scale(place, GROWTH) for place in places)
        return Growth(name, "capacity", f"{more} lanes instead of {now}", edits, relief)
    laws = [f"stages.{name}.service", *(f"stages.{name}.service_for.{key}" for key in stage.service_for)]
    laws += [f"stages.{name}.move_up"] if stage.move_up else []
    edits = tuple(_scale(law, 1 / GROWTH) for law in laws)
    return Growth(name, "capacity", "services shorter by 1/11", edits, relief)


def _more_hours(name: str, stage: Stage) -> Growth:
    longer = stage.hours.longer(GROWTH - 1)
    path = f"stages.{name}.hours"
    edits = (Edit(path=path, set=longer.written(), source=VARIED),)
    extra = {(after - before) // 60 for before, after in zip(_open_s(stage.hours), _open_s(longer), strict=True)}
    least, most = min(extra - {0}, default=0), max(extra)
    times = f"{least}" if least == most else f"{least} to {most}"
    how = f"open {times} {'minute' if most == 1 else 'minutes'} longer"
    return Growth(name, "hours", how, edits, (Edit(path=path, set="24 h", source=VARIED),))


def _open_s(hours: OpeningHours) -> list[int]:
    """Seconds that a stage is open on each kind of day."""
    return [sum(end - start for start, end in windows) for _, windows in hours.openings]


def tenth_more(result: StudyResult) -> list[Cell]:
    """The cells of the first round."""
    bench = Bench(result.study, result.warmup_days)
    return [
        bench.cell(each.name, each.how, Setting(edits=each.edits), _factors("1", each.place, each.what))
        for each in growths(result.cells[0].scenario.gate)
    ]


def _factors(number: str, place: str, what: str) -> dict[str, str]:
    return {"round": number, "place": place, "what": what}


def after_relief(result: StudyResult) -> list[Cell]:
    """The cells of the second round: the first of the ranking relieved, and all others with a tenth more beside it."""
    bench = Bench(result.study, result.warmup_days)
    all_of_them = {each.name: each for each in growths(result.cells[0].scenario.gate)}
    binding = first_of(result)
    if binding is None:
        return []
    relief = Setting(edits=all_of_them[binding].relief)
    made = [bench.cell(RELIEVED, f"{binding} relieved", relief, _factors("2", all_of_them[binding].place, "relief"))]
    for each in all_of_them.values():
        if each.name != binding and not {e.path for e in each.edits} & {e.path for e in relief.edits}:
            setting = relief + Setting(edits=each.edits)
            made.append(bench.cell(f"{RELIEVED}, {each.name}", each.how, setting, _factors("2", each.place, each.what)))
    return made


def truck_hours(result: StudyResult) -> dict[str, Floats]:
    """Scenario -> (replications,) hours that all trucks of a day spend until release; rounds are ranked by it."""
    directions = result.replications[0][0].directions
    total: dict[str, Floats] = {}
    for direction in directions:
        mean = result.values(Key("clearance_h", "mean", direction))
        arrivals = result.values(Key("arrivals_per_day", "mean", direction))
        for name in mean:
            total[name] = total.get(name, 0.0) + mean[name] * arrivals[name]
    return total


def first_of(result: StudyResult) -> str | None:
    """The cell of the first round whose capacity saves most truck hours for sure; None if none does.

    Hours are left out: opening hours are a rule, not capacity, and would hide every stage behind it.
    """
    hours = truck_hours(result)
    tried = [c for c in result.cells if c.name == BASE or (c.factors["round"], c.factors["what"]) == ("1", "capacity")]
    first = {cell.name: hours[cell.name] for cell in tried}
    saving = [found for found in against_base(first, BASE) if found.high < 0]
    return min(saving, key=lambda found: found.value).scenario if saving else None


# Relief of one place, for a single run


@dataclass(frozen=True)
class Relief:
    """What relieves a place, to see whether trucks are quicker then."""

    how: str
    """In words: `twice the lanes of`; what is relieved comes after."""
    edits: tuple[Edit, ...]

    def gate(self, gate: Gate) -> Gate:
        """Return the gate with it."""
        upgrade = Upgrade(name="relief", about="Twice the capacity.", gate=gate.name, changes=list(self.edits))
        return apply_upgrades(gate, [upgrade])[0]


def relief(gate: Gate, kind: str, place: str) -> Relief | None:
    """Return what relieves a cause of waiting, `opening`, `stage`, `group`, `pool` or `area`; None if nothing can.

    Nothing does a `hold`, whose lanes are unlimited.
    """
    if kind == "pool":
        shifts = range(len(gate.pools[place].shifts)) if place in gate.pools else ()
        edits = tuple(_scale(f"pools.{place}.shifts[{n}].units", RELIEF) for n in shifts)
        return Relief("twice the units of", edits) if edits else None
    if kind == "area" and place in gate.areas:
        return Relief("twice the spaces of", (_scale(f"areas.{place}.spaces", RELIEF),))
    name, _, group = place.partition("/")
    stage = gate.stages.get(name)
    if stage is None:
        return None
    if kind == "opening":
        return Relief("round-the-clock opening of", _open_always(name, stage))
    edits = tuple(_scale(path, RELIEF) for path in _lanes(name, stage, group))
    return Relief("twice the lanes of", edits) if edits else None


def _open_always(name: str, stage: Stage) -> tuple[Edit, ...]:
    own = [n for n, group in enumerate(stage.lane_groups()) if group.hours is not None]
    paths = [f"stages.{name}.hours", *(f"stages.{name}.lanes[{n}].hours" for n in own)]
    return tuple(Edit(path=path, set="24 h", source=VARIED) for path in paths)


def _lanes(name: str, stage: Stage, group: str) -> list[str]:
    """Return the places of the limited lanes of a stage, or of one of its lane groups."""
    if not isinstance(stage.lanes, list):
        return [] if stage.lanes == UNLIMITED else [f"stages.{name}.lanes"]
    limited = [(n, each) for n, each in enumerate(stage.lanes) if each.lanes != UNLIMITED]
    return [f"stages.{name}.lanes[{n}].lanes" for n, each in limited if group in ("", each.name)]
