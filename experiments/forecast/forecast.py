"""A forecast: what is asked, the replications of the gate as it is and of each change, and the numbers of both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from experiments.answers.labels import Labels
from experiments.forecast.from_now import Course, NowPlan, courses, now_plan
from experiments.forecast.request import ForecastRequest, WhatIf
from experiments.forecast.state import State, read_state
from experiments.inputs.table import Table
from experiments.runs import executors
from experiments.runs.request import RunRequest, resolve
from experiments.runs.statistics import mean_interval
from gates.borders.alone import refuse_border
from gates.files.explain import model_findings
from gates.files.load import refuse_unsound
from gates.findings import ConfigError, Finding, suggestion
from gates.schema.calendar import Closure
from gates.schema.gate import Gate

LOW, HIGH = 5, 95
"""Percentiles between which nine replications in ten lie."""
MOST_VISITS = 400_000_000
"""Most expected stage visits of all replications."""
NIGHTS = ("tonight", "tomorrow")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Forecast:
    """A forecast, made."""

    labels: Labels
    request: ForecastRequest
    made: NowPlan
    state: State
    base: list[Course]
    """(replications,) courses of the gate as it is."""
    changed: dict[str, list[Course]]
    """Name of a change -> its courses, with the same random numbers."""

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions, in the order of the arrays."""
        return self.made.directions

    def moment(self, tick: float) -> dt.datetime | None:
        """Return a tick on the clock of the bulletin's side, to the second; None if it is not reached."""
        if not np.isfinite(tick):
            return None
        days = self.made.plan.days
        at = days.origin.astimezone(dt.UTC) + dt.timedelta(milliseconds=round(float(tick)))
        return at.astimezone(days.zone).replace(microsecond=0)

    def document(self) -> dict[str, Any]:
        """Return all numbers as plain data, for JSON; null where a time is not reached before the end of tomorrow."""
        plan = self.made.plan
        return {
            "gate": self.labels.gate.name,
            "at": self.moment(self.made.now).isoformat(),  # type: ignore[union-attr]
            "end": self.moment(plan.end).isoformat(),  # type: ignore[union-attr]
            "nights": {name: self._iso(float(tick)) for name, tick in zip(NIGHTS, self.made.nights, strict=True)},
            "trucks_there": self.state.trucks,
            "trucks_announced": sum(map(len, self.state.announced.values())),
            "replications": self.request.replications,
            "seed": self.request.seed,
            "band": [LOW, HIGH],
            "marks": [self._iso(float(tick)) for tick in self.made.marks],
            "directions": {way: self._direction(n) for n, way in enumerate(self.directions)},
            "what_ifs": [self._what_if(name, found) for name, found in self.changed.items()],
        }

    def stock(self, found: Sequence[Course], direction: int) -> npt.NDArray[np.int64]:
        """Return (replications, marks) the stock of a direction."""
        return np.stack([one.stock[direction] for one in found])

    def at_nights(self, found: Sequence[Course], direction: int) -> npt.NDArray[np.int64]:
        """Return (replications, nights) the stock of a direction at the end of today and of tomorrow."""
        return self.stock(found, direction)[:, np.searchsorted(self.made.marks, self.made.nights)]

    def gone(self, found: Sequence[Course], direction: int) -> Floats:
        """Return (replications, 2) when 90 % and all of the trucks that are there now are gone [tick]."""
        return np.stack([one.gone[direction] for one in found])

    def spaces(self, direction: int) -> int | None:
        """Return the spaces of the areas on the way to the release of a direction; None if there is no area."""
        stages = self.labels.loaded_stages(self.directions[direction])
        areas = dict.fromkeys(filter(None, map(self.labels.area_of, stages)))
        return sum(self.labels.gate.areas[name].spaces for name in areas) if areas else None

    def exceeds(self, found: Sequence[Course], direction: int) -> list[float] | None:
        """Return (nights,) the share of replications in which the stock exceeds these spaces until each night."""
        spaces = self.spaces(direction)
        if spaces is None:
            return None
        most = np.stack([one.most[direction] for one in found])
        now = self.stock(found, direction)[:, :1]
        return [float(share) for share in (np.maximum(most, now) > spaces).mean(axis=0)]

    def _iso(self, tick: float) -> str | None:
        at = self.moment(tick)
        return None if at is None else at.isoformat()

    def _direction(self, n: int) -> dict[str, Any]:
        stock = self.stock(self.base, n)
        shares = self.exceeds(self.base, n)
        return {
            "now": int(stock[0, 0]),
            "stock": {
                "mean": stock.mean(axis=0).tolist(),
                **{f"p{p}": np.percentile(stock, p, axis=0).tolist() for p in (LOW, 50, HIGH)},
            },
            "spaces": self.spaces(n),
            "exceeds_spaces": None if shares is None else dict(zip(NIGHTS, shares, strict=True)),
            "backlog_gone": self._gone(self.base, n),
            "clearance": self._clearance(n),
        }

    def _gone(self, found: Sequence[Course], n: int) -> dict[str, Any] | None:
        gone = self.gone(found, n)
        if np.isnan(gone).any():
            return None
        parts = {}
        for name, ticks in zip(("most", "all"), gone.T, strict=True):
            by = {night: float((ticks <= tick).mean()) for night, tick in zip(NIGHTS, self.made.nights, strict=True)}
            parts[name] = {**{f"p{p}": self._iso(quantile(ticks, p)) for p in (10, 50, 90)}, "by": by}
        return parts

    def _clearance(self, n: int) -> dict[str, Any]:
        hours = np.stack([one.clearance[n] for one in self.base])
        begins = self.made.now + 3_600_000 * np.arange(hours.shape[1])
        bands = {f"p{p}": [_finite(quantile(column, p)) for column in hours.T] for p in (LOW, 50, HIGH)}
        return {"arrival_from": [self._iso(float(tick)) for tick in begins], **bands}

    def _what_if(self, name: str, found: Sequence[Course]) -> dict[str, Any]:
        ways = {}
        for n, way in enumerate(self.directions):
            less = self.at_nights(found, n) - self.at_nights(self.base, n)
            stock = {night: mean_interval(less[:, m].tolist()).document() for m, night in enumerate(NIGHTS)}
            ways[way] = {"stock_change": stock, "backlog_gone": self._gone(found, n)}
        return {"name": name, "directions": ways}


def quantile(values: Floats, percent: float) -> float:
    """Return a percentile of values of which some are infinite, without mixing them; NaN if none is a number."""
    known = values[~np.isnan(values)]
    return float(np.quantile(known, percent / 100, method="inverted_cdf")) if known.size else np.nan


def forecast(
    request: ForecastRequest | Mapping[str, Any],
    state: Table,
    *,
    files: bool = False,
    executor: Executor | None = None,
    most_visits: float = MOST_VISITS,
) -> Forecast:
    """Make a forecast from the trucks that are at a gate now to the end of tomorrow.

    Parameters
    ----------
    request
        What to forecast, or plain data to be read as that.
    state
        The trucks that are there and announced; see `experiments.forecast.state.read_state`.
    files
        Whether gate and upgrades may be paths of files: only for who sits at the machine.
    executor
        Where replications run; none means threads of this process.
    most_visits
        Most expected stage visits of all replications together.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    if not isinstance(request, ForecastRequest):
        try:
            request = ForecastRequest.model_validate(request)
        except ValidationError as error:
            raise ConfigError(model_findings(error, ForecastRequest)) from None
    now = _moment(request.at)
    gate = _gate(request, None, now, files)
    variants = {each.name: _gate(request, each, now, files) for each in request.what_ifs}
    if len(variants) < len(request.what_ifs):
        raise ConfigError([Finding("what_ifs", "", "two changes have one name", "Rename one of them.")])
    known = read_state(state, gate, now)
    made = now_plan(gate, known, now, request.demand)
    _refuse_too_long(made, request, most_visits)
    with nullcontext(executor) if executor else executors.threads() as chosen:
        base = courses(made, request.seed, request.replications, chosen)
        changed = {
            name: courses(now_plan(other, known, now, request.demand), request.seed, request.replications, chosen)
            for name, other in variants.items()
        }
    return Forecast(_labels(gate, request, made), request, made, known, base, changed)


def _moment(text: str) -> dt.datetime:
    remedy = "Write it with its distance to UTC, such as 2026-11-27T10:00+07:00."
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError([Finding("at", text[:60], "is not a time", remedy)]) from None
    if at.tzinfo is None:
        raise ConfigError([Finding("at", text[:60], "does not say on whose clock", remedy)])
    if not 1971 <= at.year <= 2199:
        raise ConfigError([Finding("at", text[:60], "lies outside the years 1971 to 2199", remedy)])
    return at


def _gate(request: ForecastRequest, change: WhatIf | None, now: dt.datetime, files: bool) -> Gate:
    """Return the gate as it is, or with one of the changes."""
    sets = {**request.set, **(change.set if change else {})}
    asked = RunRequest(gate=request.gate, reading=request.reading, set=sets, upgrades=change.upgrades if change else ())
    gate = resolve(asked, files=files).scenario.gate
    refuse_border(gate, "gate", "a forecast is for one gate, and this is a border")
    if not request.closed:
        return gate
    today = now.astimezone(ZoneInfo(gate.sides[gate.end_of_day.side])).date()
    findings, entries = [], []
    for stage, hours in request.closed.items():
        if stage not in gate.stages:
            findings.append(Finding("closed", stage[:60], "the gate has no such stage", suggestion(gate.stages, stage)))
            continue
        written = {"name": "Closed today", "first": today, "last": today, "stages": [stage]}
        try:
            entries.append(Closure.model_validate({**written, **({"hours": hours} if hours else {})}))
        except ValidationError:
            remedy = "Write 08:00-12:00, or nothing if it stays closed."
            findings.append(Finding(f"closed.{stage}", hours[:60], "are not opening hours", remedy))
    if findings:
        raise ConfigError(findings)
    closed = gate.model_copy(update={"calendar": [*gate.calendar, *entries]})
    refuse_unsound(closed)
    return closed


def _refuse_too_long(made: NowPlan, request: ForecastRequest, most: float) -> None:
    visits = made.plan.expected_visits * request.replications * (1 + len(request.what_ifs))
    if visits > most:
        problem = f"would simulate about {visits:,.0f} stage visits; the limit is {most:,.0f}"
        raise ConfigError([Finding("replications", str(request.replications), problem, "Ask for fewer replications.")])


def _labels(gate: Gate, request: ForecastRequest, made: NowPlan) -> Labels:
    """Return what people call the parts of the gate, as for a run of today and tomorrow."""
    days = made.plan.midnight.size - 1
    scenario = {"gate": gate, "days": days, "warmup_days": 0, "start": made.plan.days.dates[0].isoformat()}
    return Labels(
        {
            "scenario": scenario,
            "replications": request.replications,
            "seed": request.seed,
            "tick_zero": made.plan.days.origin.isoformat(),
        }
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
