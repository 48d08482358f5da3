"""Two to six results of runs side by side: what changed, every difference from the first, who is as good as the best.

The differences of one number hold together with 95 %, however many runs there are. Runs that do not meet the same
trucks on the same days are compared without pairing, and none of them is then called as good as the best.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from experiments.answers.labels import Labels
from experiments.answers.numbers import amount, interval, scale_of, within
from experiments.map import direction_text
from experiments.preview import costs_together
from experiments.results.comparison import Comparison, values_of
from experiments.results.run import Result, known_name
from experiments.results.side_by_side import difference_text
from experiments.runs.request import SET
from experiments.runs.statistics import Estimate
from experiments.studies.compare import Floats, simultaneous
from experiments.studies.model import better_of, main_names, metric_key
from experiments.studies.select import margin_of, standings, verdict
from gates.findings import ConfigError, Finding
from gates.schema.base import LanguageTag
from gates.upgrades import Upgrade, load_upgrade, upgrade_names
from sim.metrics.registry import METRICS

FEWEST_RUNS, MOST_RUNS = 2, 6
"""How many runs are compared; six colours are the most that people tell apart."""
CURVE_POINTS = 50
"""Points of a curve of clearance times."""
SETTINGS = ("days", "warmup_days", "demand", "start")
MOST_SET = 2
"""Values that a run sets by hand that are named; of more, their number is."""
MOST_PLACES = 40
"""Places of the gate that are listed; of more, their number is said."""


class _Run(NamedTuple):
    """A result and what it says of itself."""

    name: str
    result: Result
    labels: Labels
    upgrades: dict[str, str]
    """Upgrade -> the level of its values."""
    values: dict[str, Floats]
    language: LanguageTag

    def direction(self, name: str | None) -> str:
        return direction_text(self.labels.gate, name, self.language) if name in self.labels.gate.paths else name or ""


def compare_several(
    results: Mapping[str, Result], numbers: Sequence[str] = (), language: LanguageTag = "en"
) -> dict[str, Any]:
    """Return the comparison of some runs with the first of them, as data.

    Parameters
    ----------
    results
        Name -> result, in the order in which they are shown.
    numbers
        Names of the numbers; the main ones of each direction if none is given.
    language
        Language of the titles of upgrades and directions.

    Raises
    ------
    ConfigError
        If there are too few or too many, or if a number is not in all of them.
    """
    if not FEWEST_RUNS <= len(results) <= MOST_RUNS:
        remedy = f"Name {FEWEST_RUNS} to {MOST_RUNS} different ones."
        raise ConfigError([Finding("runs", str(len(results)), "not a number of runs to compare", remedy)])
    runs = [_read(name, result, language) for name, result in results.items()]
    first, *others = runs
    shared = [name for name in first.values if all(name in each.values for each in others)]
    chosen = [known_name(name, shared) for name in numbers] or main_names(shared)
    confidence = simultaneous(len(others))
    compared = [Comparison(first.result, each.result, confidence) for each in others]
    about = [_about(each) for each in runs]
    paired = all(Comparison(a.result, b.result).paired for a, b in itertools.combinations(runs, 2))
    return {
        "runs": about,
        "paired": paired,
        "method": compared[0].method if len({each.method for each in compared}) == 1 else "not all of them are paired",
        "changed": list(_changed(runs, [", ".join(each["upgrades"]) for each in about])),
        "numbers": [_number(name, runs, compared, paired=paired) for name in chosen],
        "curves": list(_curves(runs)),
    }


def _read(name: str, result: Result, language: LanguageTag) -> _Run:
    changes = result.manifest.get("changes", [])
    levels = {change["upgrade"]: change.get("level", "base") for change in changes}
    return _Run(name, result, Labels(result.manifest), levels, values_of(result), language)


def _about(run: _Run) -> dict[str, Any]:
    names = [name for name in run.upgrades if name != SET]
    library = upgrade_names()
    known = [load_upgrade(name) for name in names if name in library]
    unknown = [name for name in names if name not in library]
    values = [f"{c['path']}: {c['after']}" for c in run.result.manifest.get("changes", []) if c["upgrade"] == SET]
    said = values if len(values) <= MOST_SET else [f"{len(values)} values set"]
    costs = costs_together(known)
    costs["unknown"] = [*costs["unknown"], *unknown, *([SET] if values else [])]
    return {
        "id": run.name,
        "gate": run.labels.gate.name,
        "title": run.labels.title,
        "upgrades": [_titled(upgrade, run.upgrades[upgrade.name], run.language) for upgrade in known] + unknown + said,
        "replications": run.labels.replications,
        "seed": run.labels.seed,
        "costs": costs,
        "usd_per_year": None if costs["unknown"] else _yearly(known),
        "warnings": list(run.result.warnings),
    }


def _titled(upgrade: Upgrade, level: str, language: LanguageTag) -> str:
    title = upgrade.title.get(language) or upgrade.title.get("en") or upgrade.name
    return title if level == "base" else f"{title} ({level})"


def _yearly(upgrades: Iterable[Upgrade]) -> float:
    """Return the cost a year, capital spread over the life [USD]."""
    known = [upgrade.costs for upgrade in upgrades if upgrade.costs is not None]
    return float(sum(each.capital_usd.base / each.life_years + each.running_usd_per_year.base for each in known))


# What changed.


def _changed(runs: Sequence[_Run], upgrades: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what is not the same in all runs: settings first, then places of the gate.

    `upgrades` are those of each run in words.
    """
    for what, said in _settings(runs, upgrades).items():
        if len(set(said)) > 1:
            yield {"kind": "setting", "what": what, "values": said}
    places = list(_places(runs))
    yield from places[:MOST_PLACES]
    if len(places) > MOST_PLACES:
        more = str(len(places) - MOST_PLACES)
        yield {"kind": "more", "what": more, "values": ["" for _ in runs]}


def _settings(runs: Sequence[_Run], upgrades: list[str]) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {
        "gate": [each.labels.gate.name for each in runs],
        "upgrades": upgrades,
        "reading": [str(each.result.manifest.get("reading") or "") for each in runs],
    }
    for name in SETTINGS:
        said[name] = [str(each.result.manifest["scenario"][name]) for each in runs]
    said["replications"] = [str(each.labels.replications) for each in runs]
    said["seed"] = [str(each.labels.seed) for each in runs]
    return said


def _places(runs: Sequence[_Run]) -> Iterator[dict[str, Any]]:
    """Yield each place that the upgrades of some run change, with what stands there in every run."""
    changes = [each.result.manifest.get("changes", []) for each in runs]
    before: dict[str, str] = {}
    for change in itertools.chain(*changes):
        before.setdefault(change["path"], change["before"])
    after = [{change["path"]: change["after"] for change in each} for each in changes]
    for path, text in before.items():
        values = [each.get(path, text) for each in after]
        if len(set(values)) > 1:
            yield {"kind": "place", "what": path, "values": values}


# Numbers.


def _number(name: str, runs: Sequence[_Run], compared: Sequence[Comparison], *, paired: bool) -> dict[str, Any]:
    """Return one number of every run, and the differences from the first."""
    key, unit = metric_key(name), runs[0].result.unit(name)
    estimates = [each.result.metric(name) for each in runs]
    margin = margin_of(key, estimates[0].value, None)
    found = [each.metric(name) for each in compared]
    ends = [end for each in found for end in (each.value, each.low, each.high)]
    scale = scale_of(unit, *ends, change=True)
    better = better_of(key)
    differences = [
        {
            "value": _plain(scale.factor * each.value),
            "low": _plain(scale.factor * each.low),
            "high": _plain(scale.factor * each.high),
            "text": difference_text(each, unit),
            "words": verdict(each, margin, better),
            "n": each.n,
            "method": each.method,
        }
        for each in found
    ]
    as_good = None
    if paired and better != "neither":
        least = min(len(each.values[name]) for each in runs)
        values = {each.name: each.values[name][:least] for each in runs}
        as_good = [each.as_good for each in standings(values, margin, better)]
    return {
        "name": name,
        "title": METRICS[key.metric].title,
        "statistic": key.statistic,
        "direction": key.direction,
        "direction_title": runs[0].direction(key.direction),
        "better": better,
        "values": [_estimate(each, unit) for each in estimates],
        "unit": scale.unit,
        "margin": _plain(scale.factor * margin),
        "margin_text": amount(margin, unit, change=True),
        "differences": differences,
        "as_good_as_best": as_good,
    }


def _estimate(found: Estimate, unit: str) -> dict[str, Any]:
    text = amount(found.value, unit)
    if math.isfinite(found.value) and not math.isnan(found.low):
        scale = scale_of(unit, found.value)
        value, low, high = (scale.factor * number for number in found[:3])
        text = f"{within(value, low, high)} {scale.unit} ({interval(low, high)})"
    return {"value": _plain(found.value), "low": _plain(found.low), "high": _plain(found.high), "text": text}


def _plain(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


# Curves.


def _curves(runs: Sequence[_Run]) -> Iterator[dict[str, Any]]:
    """Yield, for each direction that all runs have, by how many hours so many percent of the trucks are cleared."""
    frames = [each.result.clearance for each in runs]
    percents = np.linspace(0, 100, CURVE_POINTS + 1)
    for direction in sorted(set(frames[0]["direction"])):
        rows = [frame[frame["direction"] == direction] for frame in frames]
        if all(len(each) for each in rows):
            hours = [_curve(each, percents) for each in rows]
            title = runs[0].direction(direction)
            yield {"direction": direction, "title": title, "percent": percents.tolist(), "hours": hours}


def _curve(rows: Any, percents: Floats) -> list[float | None]:
    """Return the mean curve over replications; none where some replication does not come so far."""
    curves = rows.pivot(index="replication", columns="percent", values="hours")
    known = curves.columns.to_numpy(np.float64)
    mean = curves.to_numpy(np.float64).mean(axis=0)
    at = [mean[int(np.argmin(np.abs(known - wanted)))] for wanted in percents]
    return [_plain(float(each)) for each in at]
