"""From a study to its cells: every scenario that it simulates, with what makes it differ from the base."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.studies.model import BASE, MAX_SCENARIOS, Factor, ScenarioEntry, Study, is_path
from gates import (
    Gate,
    Scenario,
    apply_upgrades,
    assumptions,
)
from gates.addresses import PlaceError, find, value_in_words
from gates.findings import ConfigError, Finding, suggestion
from gates.rivals import MOST_RIVALS, reading_of, rivals_of, with_reading
from gates.schema.quantities import number_text
from gates.upgrades import Change, Edit, Level, Upgrade, with_needs

VARIED = "assumption: varied by the study"


@dataclass(frozen=True)
class Setting:
    """What makes a cell differ from the study's base."""

    upgrades: tuple[str, ...] = ()
    levels: Mapping[str, Level] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    demand: float | None = None
    start: dt.date | None = None

    def __add__(self, other: Setting) -> Setting:
        return Setting(
            tuple(dict.fromkeys((*self.upgrades, *other.upgrades))),
            {**self.levels, **other.levels},
            (*self.edits, *other.edits),
            self.demand if other.demand is None else other.demand,
            self.start if other.start is None else other.start,
        )


@dataclass(frozen=True)
class Cell:
    """One scenario of a study."""

    name: str
    title: str
    scenario: Scenario
    changes: tuple[Change, ...] = ()
    factors: Mapping[str, str] = field(default_factory=dict)
    """Factor -> its value here, as text."""
    upgrades: tuple[Upgrade, ...] = ()
    """Those of the study included."""


class Bench:
    """The study's gate with all that its scenarios share; makes cells."""

    def __init__(self, study: Study, warmup_days: int, reading: str | None = None) -> None:
        self.study = study
        own = study.own_gate()
        self.gate: Gate = with_reading(own, reading or readings_of_study(study, own)[0])
        self.warmup_days = warmup_days
        self._upgrades: dict[str, Upgrade] = {}

    def cell(self, name: str, title: str, setting: Setting, factors: Mapping[str, str] | None = None) -> Cell:
        """Return the cell of a setting.

        Raises
        ------
        ConfigError
            If the gate refuses it.
        """
        study = self.study
        wanted = with_needs_of((*study.upgrades, *setting.upgrades))
        upgrades = tuple(self._upgrade(each) for each in wanted)
        levels: dict[str, Level] = {
            each.name: setting.levels.get(name_or_path, study.level)
            for name_or_path, each in zip(wanted, upgrades, strict=True)
        }
        about = "Values that the study sets; they come last and beat those of upgrades."
        try:
            gate, changes = apply_upgrades(self.gate, upgrades, levels)
            if setting.edits:
                last = Upgrade(name="study", about=about, gate=self.gate.name, changes=list(setting.edits))
                gate, more = apply_upgrades(gate, [last])
                changes += more
        except ConfigError as error:
            raise ConfigError([_in_scenario(found, name) for found in error.findings]) from None
        scenario = Scenario(
            gate=gate,
            days=study.days,
            warmup_days=self.warmup_days,
            start=setting.start or study.start,
            demand=study.demand if setting.demand is None else setting.demand,
        )
        return Cell(name, title or name, scenario, changes, factors or {}, upgrades)

    def base(self) -> Cell:
        """Return the cell of the study itself."""
        return self.cell(BASE, "Base", Setting())

    def _upgrade(self, name: str) -> Upgrade:
        if name not in self._upgrades:
            self._upgrades[name] = self.study.own_upgrade(name)
        return self._upgrades[name]


def with_needs_of(names: Sequence[str]) -> list[str]:
    """Names of the library with those that they need; paths of files as they are."""
    found: list[str] = []
    for name in names:
        found += [name] if is_path(name) else with_needs([name])
    return list(dict.fromkeys(found))


def _in_scenario(found: Finding, name: str) -> Finding:
    return dataclasses.replace(found, problem=f"{found.problem}, in scenario {name}")


ALL, BASELINE = "all", "baseline"
UNDER_ONE = ("tornado", "screening", "bottleneck", "space-filling", "best-within-budget")
"""Designs that run under one reading."""


def readings_of_study(study: Study, gate: Gate) -> list[str | None]:
    """Return the readings under which a study runs, that of its tables first; None alone for a gate without readings.

    Raises
    ------
    ConfigError
        With a finding for each that the gate does not have.
    """
    wanted, known = list(study.readings), [*gate.readings]
    own = reading_of(gate)
    if gate.reading is not None or not known:
        wrong = [(n, name) for n, name in enumerate(wanted) if name not in (ALL, BASELINE, own)]
        problem = f"gate {gate.name} has no other readings"
        found = [Finding(f"readings[{n}]", name, problem, "Leave `readings` out.") for n, name in wrong]
        if found:
            raise ConfigError(found)
        return [own]
    remedy = [*known, ALL, BASELINE]
    unknown = [(n, name) for n, name in enumerate(wanted) if name not in remedy]
    if unknown:
        problem = "no such reading"
        raise ConfigError([Finding(f"readings[{n}]", name, problem, suggestion(remedy, name)) for n, name in unknown])
    others = rivals_of(gate)
    default = [] if study.design in UNDER_ONE else others[:MOST_RIVALS]
    chosen = [own, *default] if not wanted else []
    for name in wanted:
        chosen += [own, *others] if name == ALL else [own if name == BASELINE else name]
    chosen = list(dict.fromkeys(chosen))
    if len(chosen) > 1 and study.design in UNDER_ONE:
        problem = f"a {study.design} study runs under one reading"
        raise ConfigError([Finding("readings", ", ".join(map(str, chosen)), problem, "Name one of them.")])
    return chosen


def cells(study: Study, warmup_days: int, reading: str | None = None) -> list[Cell]:
    """Every cell of a study, the base first.

    Parameters
    ----------
    warmup_days
        What the study says, or what was found [d].
    reading
        Reading of the gate; none means the first of the study.

    Raises
    ------
    ConfigError
        With the findings of every cell at once.
    """
    bench = Bench(study, warmup_days, reading)
    wanted = list(itertools.islice(_wanted(study, bench.gate), MAX_SCENARIOS))
    if len(wanted) >= MAX_SCENARIOS:
        remedy = "Use fewer factors or values, or a space-filling design."
        raise ConfigError(
            [Finding("factors", "", f"more than {MAX_SCENARIOS - 1:,} scenarios beside the base", remedy)]
        )
    made, findings = [bench.base()], []
    for name, title, setting, factors in wanted:
        try:
            made.append(bench.cell(name, title, setting, factors))
        except ConfigError as error:
            findings += [found for found in error.findings if found not in findings]
    if findings:
        raise ConfigError(findings)
    return made


Wanted = tuple[str, str, Setting, dict[str, str]]


def _wanted(study: Study, gate: Gate) -> Iterator[Wanted]:
    for entry in study.scenarios:
        yield entry.name, entry.title or entry.name, of_entry(entry, study), {}
    if study.design in ("one-at-a-time", "best-within-budget"):
        yield from _one_at_a_time(study)
    elif study.design == "grid":
        yield from _grid(study)
    elif study.design == "space-filling":
        yield from _space_filling(study)
    elif study.design == "tornado":
        yield from _tornado(study, gate)


def of_entry(entry: ScenarioEntry, study: Study) -> Setting:
    """Return the setting of a scenario by name."""
    level = entry.level or study.level
    edits = [Edit(path=path, set=value, source=VARIED) for path, value in entry.set.items()]
    edits += [Edit(path=path, scale=value, source=VARIED) for path, value in entry.scale.items()]
    upgrades = tuple(with_needs_of(entry.upgrades))
    return Setting(upgrades, dict.fromkeys(upgrades, level), tuple(edits), entry.demand, entry.start)


@dataclass(frozen=True)
class Value:
    """A value of a factor."""

    text: str
    """In words, for tables: `off`, `on`, `high`, `15`, `x 1.1`."""
    setting: Setting
    suffix: str
    """What it adds to the name of a cell; empty for the base."""


def values_of(name: str, factor: Factor) -> list[Value]:
    """The values that a factor takes in turn; an upgrade starts with being off."""
    if factor.upgrade is not None:
        levels = factor.levels or ["base"]
        chosen = tuple(with_needs_of([factor.upgrade]))
        on = [
            Value(
                "on" if factor.levels is None else level,
                Setting(chosen, dict.fromkeys(chosen, level)),
                name if factor.levels is None else f"{name} {level}",
            )
            for level in levels
        ]
        return [Value("off", Setting(), ""), *on]
    if factor.scale is not None:
        return [value_at(name, factor, float(factor_on)) for factor_on in factor.scale]
    return [_valued(name, factor, value) for value in factor.values or []]


def _valued(name: str, factor: Factor, value: Any) -> Value:
    if factor.demand:
        return Value(number_text(value), Setting(demand=float(value)), f"{name} {number_text(value)}")
    if factor.start:
        try:
            day = dt.date.fromisoformat(str(value))
        except ValueError:
            remedy = "Write year-month-day, such as 2025-09-01."
            raise ConfigError([Finding(f"factors.{name}.values", str(value), "not a date", remedy)]) from None
        return Value(day.isoformat(), Setting(start=day), f"{name} {day.isoformat()}")
    assert factor.path is not None
    edit = Edit(path=factor.path, set=value, source=VARIED)
    return Value(value_in_words(value), Setting(edits=(edit,)), f"{name} {value_in_words(value)}")


def value_at(name: str, factor: Factor, number: float) -> Value:
    """Return the value of a factor with a range at a number: its demand, or the factor on what stands at its path."""
    if factor.demand:
        return Value(f"{number:.4g}", Setting(demand=number), f"{name} {number:.4g}")
    assert factor.path is not None
    edit = Edit(path=factor.path, scale=number, source=VARIED)
    return Value(f"x {number:.4g}", Setting(edits=(edit,)), f"{name} x {number:.4g}")


def _one_at_a_time(study: Study) -> Iterator[Wanted]:
    for name, factor in study.factors.items():
        for value in values_of(name, factor):
            if value.suffix:
                title = _at_value(factor.title, value) if factor.upgrade is None else title_of(study, name, value)
                yield value.suffix, title, value.setting, {name: value.text}


def title_of(study: Study, name: str, value: Value) -> str:
    """Return the title of a scenario in which one factor differs; of an upgrade, with those that it needs."""
    factor = study.factors[name]
    if factor.upgrade is None:
        return _at_value(factor.title or name, value)
    upgrade = study.own_upgrade(factor.upgrade)
    needed = upgrade.needs
    title = factor.title or upgrade.title.get("en", name)
    level = "" if value.text == "on" else f", {value.text}"
    return f"{title}{level}" + (f" (with {', '.join(needed)})" if needed else "")


def _grid(study: Study) -> Iterator[Wanted]:
    """All combinations; where every factor has its first value, that is the base if all are upgrades."""
    names = list(study.factors)
    for combination in itertools.product(*(values_of(name, study.factors[name]) for name in names)):
        suffixes = [value.suffix for value in combination if value.suffix]
        if not suffixes:
            continue  # the base
        setting = sum((value.setting for value in combination), Setting())
        factors = {name: value.text for name, value in zip(names, combination, strict=True)}
        titles = [_short(study.factors[n], v) for n, v in zip(names, combination, strict=True) if v.suffix]
        yield " + ".join(suffixes), " + ".join(titles), setting, factors


def _short(factor: Factor, value: Value) -> str:
    if not factor.title:
        return value.suffix
    return factor.title if value.text == "on" else _at_value(factor.title, value)


def _at_value(title: str | None, value: Value) -> str:
    """`Booths 3`, `Inspection × 0.8`, whether or not the title ends with the sign."""
    times, number = value.text.startswith("x "), value.text.removeprefix("x ")
    return f"{(title or '').removesuffix(' ×')} × {number}".strip() if times else f"{title or ''} {number}".strip()


def _space_filling(study: Study) -> Iterator[Wanted]:
    """Latin hypercube with low centred discrepancy (McKay, Beckman and Conover 1979)."""
    from scipy.stats import qmc

    names = list(study.factors)
    sampler = qmc.LatinHypercube(d=len(names), optimization="random-cd", rng=np.random.default_rng(study.seed))
    yield from at_points(study, sampler.random(study.points), "point")


def at_points(study: Study, points: Any, word: str) -> Iterator[Wanted]:
    """Yield a cell for each point of the unit cube, (points, factors)."""
    for number, point in enumerate(np.asarray(points)):
        chosen = [_at(name, factor, u) for (name, factor), u in zip(study.factors.items(), point, strict=True)]
        factors = {name: value.text for name, value in zip(study.factors, chosen, strict=True)}
        name = f"{word} {number + 1}"
        title = ", ".join(f"{study.factors[n].title or n} {text}" for n, text in factors.items())
        yield name, title, sum((value.setting for value in chosen), Setting()), factors


def _at(name: str, factor: Factor, u: float) -> Value:
    if factor.upgrade is not None:
        choices = values_of(name, factor)
        return choices[min(int(u * len(choices)), len(choices) - 1)]
    return value_at(name, factor, float(factor.low + u * (factor.high - factor.low)))


# Tornado: the numbers that are guesses.

_SERVICE = re.compile(r"(stages\.[^.]+\.(?:service|service_for\.[^.]+|move_up))(?:\.|$).*")
_VARIABLE = re.compile(
    r"stages\.[^.]+\.lanes(\[\d+\]\.lanes)?|flows\.[^.]+\.per_day|pools\..*\.units|paths\..*\.share(_for\.[^.]+)?"
)
AT_BASE, AT_CHOICE = "base", "choice"


def varied_places(gate: Gate) -> list[str]:
    """The places of lane counts, service times, shares of visits, flows and pools that are assumptions."""
    data = gate.model_dump(mode="json", by_alias=True)
    found: list[str] = []
    for number in assumptions(gate):
        law = _SERVICE.fullmatch(number.path)
        if law and number.path.endswith((".cv", ".shape")):
            continue
        place = law[1] if law else number.path
        if (
            (law or _VARIABLE.fullmatch(place))
            and place not in found
            and find(data, place).value not in ("unlimited", "0 %", "0 s")
        ):
            found.append(place)
    return found


def _tornado(study: Study, gate: Gate) -> Iterator[Wanted]:
    (entry,) = study.scenarios
    choice = of_entry(entry, study)
    varied = study.assumptions
    for place in varied.paths if varied.paths is not None else varied_places(gate):
        for end, number in (("low", varied.low), ("high", varied.high)):
            edit = Edit(path=place, scale=_bounded(gate, place, number), source=VARIED)
            for which, setting in ((AT_BASE, Setting()), (AT_CHOICE, choice)):
                name = f"{which}: {place} {end}"
                yield name, name, setting + Setting(edits=(edit,)), {"place": place, "end": end, "which": which}


def _bounded(gate: Gate, place: str, number: float) -> float:
    """Return the factor, or the largest that keeps a share at 100 %."""
    try:
        value = find(gate.model_dump(mode="json", by_alias=True), place).value
    except PlaceError as error:
        raise ConfigError([Finding("assumptions.paths", place, error.problem, error.remedy)]) from None
    if isinstance(value, str) and value.endswith("%"):
        share = float(value.removesuffix("%")) / 100
        return min(number, 1 / share) if share else 1.0
    return number
