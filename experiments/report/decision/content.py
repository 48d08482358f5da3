"""What the page for a decision says, from the tables of a study's folder.

The proposal is the best mix of the largest budget; in other studies the option with the best deciding number if it is
statistically clear, else the one with the largest net present value, if that is above zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from experiments.answers.labels import in_its_languages
from experiments.answers.money.study import single_upgrades
from experiments.answers.numbers import GLUE, amount, interval, short, within
from experiments.answers.study_comparison import contexts, knee_of
from experiments.answers.study_labels import StudyLabels
from experiments.report.decision.doubts import caveats, measures
from experiments.report.decision.words import Words
from experiments.studies.model import BASE, better_of, metric_key
from experiments.studies.money.tables import NET
from gates.schema.gate import Gate

Frame = pd.DataFrame
MILLION = 1e6
MOST_ROWS, MOST_BUDGETS, MOST_MEASURED = 6, 5, 3
CAVEATS = 3
FINEST = 0.0005
"""Half of the narrowest interval to whose digits numbers are written, as a share of the number."""
STATES = ("held", "closed", "queue", "blocked", "served", "road")
"""States of truck hours, in the order of the waterfall."""
UNITS = {"h": "h", "trucks": "", "trucks/day": "", "1": "%"}


@dataclass(frozen=True)
class Row:
    """A number before and with the proposal."""

    title: str
    before: str
    after: str
    change: str
    interval: str
    verdict: str


@dataclass(frozen=True)
class Step:
    """A bar of the waterfall."""

    title: str
    start: float
    end: float
    total: bool
    """Whether it is a sum, before or after."""


@dataclass(frozen=True)
class Point:
    """An option on the front of cost and benefit."""

    title: str
    capital: float
    """[USD million]"""
    net: float
    """[USD million]"""
    low: float
    high: float
    chosen: bool


@dataclass(frozen=True)
class Decision:
    """The page."""

    words: Words
    basis: str
    answer: tuple[str, ...]
    before: str
    """What the proposal is compared with: today, or a circumstance."""
    option: str
    rows: tuple[Row, ...]
    direction: str
    counts_hours: bool
    """Whether the hours of the waterfall are those of the whole stay; else to the release."""
    steps: tuple[Step, ...]
    points: tuple[Point, ...]
    caveats: tuple[str, ...]
    measures: tuple[str, ...]


def decision_of(frames: Mapping[str, Frame], labels: StudyLabels, words: Words) -> Decision:
    """Return the page of a study's tables."""
    page = _Page(frames, labels, words)
    chosen, against = page.proposal()
    direction = page.direction()
    return Decision(
        words=words,
        basis=page.basis(),
        answer=tuple(page.answer(chosen, against)),
        before=page.before(against),
        option=page.title(chosen) if chosen else "",
        rows=tuple(page.rows(chosen, against)) if chosen else (),
        counts_hours=page.counts_hours(direction),
        direction=words.say(direction) if words.has(direction) else labels.way(direction),
        steps=tuple(page.steps(chosen, against, direction)) if chosen else (),
        points=tuple(page.points(chosen, against)),
        caveats=tuple(caveats(frames, labels, words, chosen))[:CAVEATS],
        measures=tuple(measures(frames, labels, words, direction))[:MOST_MEASURED] or (words.say("nothing"),),
    )


class _Page:
    def __init__(self, frames: Mapping[str, Frame], labels: StudyLabels, words: Words) -> None:
        self.frames, self.labels, self.words = frames, labels, words
        self.gate: Gate = labels.gate.gate
        self.metric = labels.metrics[0]

    def title(self, name: str) -> str:
        return self.labels.titles[name]

    def basis(self) -> str:
        manifest = self.labels.manifest
        return self.words.say(
            "basis",
            days=self.labels.days,
            date=(self.labels.only_start or self.gate.start).isoformat(),
            warmup=manifest["warmup_days"],
            replications=manifest["replications"],
        )

    def direction(self) -> str:
        return self.labels.direction_of(self.metric) or next(iter(self.gate.paths))

    # The answer

    def proposal(self) -> tuple[str, str]:
        """Return the scenario that is proposed, and what it is compared with; nothing if none is."""
        budgets = self.frames["budget"]
        if len(budgets):
            name = str(budgets.iloc[-1]["scenario"])
            return (name, BASE) if name != BASE else ("", BASE)
        better = self._improving()
        if len(better):
            return str(better.iloc[0]["scenario"]), str(better.iloc[0]["against"])
        nets = self._nets()
        worth = nets[(nets["value"] > 0) & (nets["low"] > 0)] if len(nets) else nets
        return (str(worth.iloc[0]["scenario"]), str(worth.iloc[0]["against"])) if len(worth) else ("", BASE)

    def _improving(self) -> Frame:
        """Return the options that improve the deciding number by more than the margin, the best first."""
        rows = self.frames["differences"]
        if not len(rows):
            return rows
        rows = rows[(rows["metric_name"] == self.metric) & (rows["kind"] == "option") & (rows["verdict"] == "better")]
        return rows.sort_values("value", ascending=better_of(metric_key(self.metric)) != "more", kind="stable")

    def _nets(self) -> Frame:
        rows = self.frames["appraisal"]
        if not len(rows):
            return rows
        return rows[rows["measure"] == NET].sort_values("value", ascending=False, kind="stable")

    def answer(self, chosen: str, against: str) -> Iterator[str]:
        budgets = self.frames["budget"]
        if len(budgets):
            yield from self._budgets(budgets)
            return
        nets = self._nets()
        mine = nets[nets["scenario"] == chosen] if len(nets) else nets
        worth = [self._worth(mine.iloc[0])] if len(mine) else [self.words.say("not-worth")] if len(nets) else []
        row = self._difference(chosen, against, self.metric)
        if row is None or row["verdict"] != "better":
            if not chosen and (enough := self._enough()):
                yield enough
                return
            before = self.words.number(
                amount(self._estimate(against, self.metric) or 0.0, self.labels.unit(self.metric))
            )
            none = self.words.say("none", metric=self.metric_title(self.metric), before=before)
            yield from (*worth, none) if chosen else (none, *worth)
            return
        yield self.words.say(
            "best",
            option=self.title(chosen),
            metric=self.metric_title(self.metric),
            before=self.value(against, self.metric, row),
            after=self.value(chosen, self.metric, row),
            change=self.written(row["value"], row["unit"], row, sign=True),
            **self.ends(row, row["unit"]),
        )
        yield from worth

    def _enough(self) -> str:
        """Which number of a numbered factor is enough; empty for other studies, and where more would be better."""
        compares = len(self.frames["differences"])
        for context in contexts(self.frames, self.metric, self.labels) if compares else ():
            knee = knee_of(context)
            if knee is not None and not knee.is_largest:
                margin = self.words.number(context.margin)
                return self.words.say("knee", option=knee.title, metric=self.metric_title(self.metric), margin=margin)
        return ""

    def before(self, against: str) -> str:
        """What stands for the situation without the proposal: today, or the title of a circumstance."""
        return self.words.say("today") if against == BASE else self.title(against)

    def _budgets(self, rows: Frame) -> Iterator[str]:
        before = ""
        for _, row in rows.head(MOST_BUDGETS).iterrows():
            budget = self.words.usd(row["budget_usd"])
            if row["scenario"] == BASE:
                yield self.words.say("budget-none", budget=budget)
                continue
            if row["scenario"] == before:
                yield self.words.say("budget-same", budget=budget)
                continue
            before = row["scenario"]
            text = self.words.say(
                "budget",
                budget=budget,
                option=self.title(row["scenario"]),
                capital=self.words.usd(row["capital_usd"]),
                net=self.words.usd(row["value"]),
                **self.millions(row, "low", "high"),
            )
            others = ", ".join(self.title(name) for name in str(row["as_good"]).split("; ") if name)
            yield f"{text} {self.words.say('undecided' if others else 'decided', others=others)}"
        taken = {part for name in rows["scenario"] for part in str(name).split(" + ")}
        left = [self.title(name) for name in sorted(single_upgrades(self.labels) - taken, key=self.title)]
        if left:
            yield self.words.say("left-out", others=", ".join(left))

    def _worth(self, row: Any) -> str:
        prices = self.gate.money
        assert prices is not None  # it has a net present value
        rate = f"{100 * prices.discount_rate.base:g}{GLUE}%"
        ends = self.millions(row, "low", "high") | self.millions(row, "price_low", "price_high")
        net, years = self.words.usd(row["value"]), prices.horizon_years
        option = self.title(str(row["scenario"]))
        return self.words.say("worth", option=option, net=net, years=years, rate=self.words.number(rate), **ends)

    # Numbers

    def millions(self, row: Any, low: str, high: str) -> dict[str, str]:
        ends = interval(row[low] / MILLION, row[high] / MILLION, sign=True).split(" to ")
        return {low: self.words.number(ends[0]), high: self.words.number(ends[-1])}

    def metric_title(self, metric: str) -> str:
        key = metric_key(metric)
        name = f"{key.metric}.{key.statistic}"
        if self.words.has(name) and key.vehicle_class is None and key.stage is None:
            direction = self.words.say(key.direction) if key.direction and self.words.has(key.direction) else ""
            return f"{self.words.say(name)}, {direction}" if direction else self.words.say(name)
        return self.labels.metric(metric)

    def _estimate(self, scenario: str, metric: str) -> float | None:
        rows = self.labels.rows_of(self.frames["estimates"], metric)
        rows = rows[rows["scenario"] == scenario]
        return float(rows.iloc[0]["value"]) if len(rows) else None

    def value(self, scenario: str, metric: str, difference: Any = None) -> str:
        found = self._estimate(scenario, metric)
        return "–" if found is None else self.written(found, self.labels.unit(metric), difference)

    def written(self, value: float, unit: str, difference: Any = None, *, sign: bool = False) -> str:
        """Return a value with its unit, to the digits of the interval of a difference if there is one; times below an
        hour stay in hours, so that rows can be compared.
        """
        scale = 100 if unit == "1" else 1
        if difference is None or not math.isfinite(difference["high"] - difference["low"]):
            text = short(scale * value, sign=sign)
        else:
            text = within(scale * value, *self._around(scale * value, difference, scale), sign=sign)
        return self.words.number(f"{text}{GLUE}{UNITS.get(unit, unit)}".rstrip(GLUE))

    @staticmethod
    def _around(value: float, difference: Any, scale: float) -> tuple[float, float]:
        """Return an interval about a value as wide as that of a difference, but no finer than the share `FINEST`."""
        half = max(scale * float(difference["high"] - difference["low"]) / 2, FINEST * abs(value))
        return value - half, value + half

    def ends(self, row: Any, unit: str) -> dict[str, str]:
        scale = 100 if unit == "1" else 1
        ends = interval(scale * row["low"], scale * row["high"], sign=True).split(" to ")
        return {"low": self.words.number(ends[0]), "high": self.words.number(ends[-1])}

    def _difference(self, scenario: str, against: str, metric: str) -> Any:
        rows = self.frames["differences"]
        if not len(rows):
            return None
        rows = rows[(rows["metric_name"] == metric) & (rows["scenario"] == scenario) & (rows["against"] == against)]
        return rows.iloc[0] if len(rows) else None

    def rows(self, chosen: str, against: str) -> Iterator[Row]:
        for metric in self.labels.metrics[:MOST_ROWS]:
            row = self._difference(chosen, against, metric)
            if row is None or pd.isna(row["value"]):
                continue
            ends = self.ends(row, row["unit"])
            yield Row(
                self.metric_title(metric),
                self.value(against, metric, row),
                self.value(chosen, metric, row),
                self.written(row["value"], row["unit"], row, sign=True),
                f"{ends['low']} … {ends['high']}",
                self.words.say("clear" if row["clear"] else "unclear"),
            )

    # Pictures

    def steps(self, chosen: str, against: str, direction: str) -> Iterator[Step]:
        """Yield the waterfall of a truck's hours: before, what each state adds or takes off, and after."""
        before, after = (self._hours(name, direction) for name in (against, chosen))
        if not before or before.keys() != after.keys():
            return
        level = sum(before.values())
        yield Step(self.before(against), 0.0, level, total=True)
        for name in before:
            change = after[name] - before[name]
            if abs(change) >= 0.005 * max(level, 1e-9):
                yield Step(self.words.say(name), level, level + change, total=False)
                level += change
        yield Step(self.words.say("after"), 0.0, sum(after.values()), total=True)

    def counts_hours(self, direction: str) -> bool:
        return self._estimate(BASE, f"queue_truck_hours_per_day.mean.{direction}") is not None

    def _hours(self, scenario: str, direction: str) -> dict[str, float]:
        """Return the hours of a truck by state; at gates that do not count them, without queues and in queues."""
        arrived = self._estimate(scenario, f"throughput_per_day.mean.{direction}")
        hours = {s: self._estimate(scenario, f"{s}_truck_hours_per_day.mean.{direction}") for s in STATES}
        known = {name: value for name, value in hours.items() if value is not None}
        if known and arrived:
            return {name: value / arrived for name, value in known.items()}
        whole = self._estimate(scenario, f"clearance_h.mean.{direction}")
        bare = self._estimate(scenario, f"no_queue_clearance_h.mean.{direction}")
        return {"no-queues": bare, "queue": whole - bare} if whole is not None and bare is not None else {}

    def points(self, chosen: str, against: str) -> Iterator[Point]:
        """Yield the options that are compared with the same scenario as the proposal."""
        rows = self._nets()
        if not len(rows):
            return
        rows = rows[rows["against"] == against]
        capital = self.frames["scenarios"].set_index("scenario")["capital_usd_base"]
        for _, row in rows.iterrows():
            name = str(row["scenario"])
            net, low, high = (float(row[key]) / MILLION for key in ("value", "low", "high"))
            yield Point(self.title(name), float(capital[name]) / MILLION, net, low, high, name == chosen)


def title_of(labels: StudyLabels, words: Words) -> str:
    """Return the title of a study in the language of the page."""
    titles = labels.manifest["study"]["title"]
    return (
        f"{titles.get(words.language) or titles.get('en') or labels.name} · {in_its_languages(labels.gate.gate.title)}"
    )
