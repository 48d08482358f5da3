"""What plots and pages of a study call things."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.answers.labels import Labels, day_text
from experiments.answers.labels import count as counted
from experiments.result_folder import MANIFEST, read_json
from experiments.studies.designs import AT_CHOICE
from experiments.studies.model import better_of, metric_key
from gates.rivals import title_of_reading
from gates.schema.borders.composed import ComposedGate
from gates.schema.borders.names import parted
from sim.metrics.meter import STATISTICS, Better
from sim.metrics.registry import METRICS, key_document

PHRASES = {
    "mean": "mean ",
    "p50": "the median of ",
    "p90": "the 90th percentile of ",
    "p95": "the 95th percentile of ",
    "p99": "the 99th percentile of ",
    "max": "the largest ",
    "end_of_day": "the end-of-day ",
    "total": "the total ",
}


class StudyLabels:
    """The names of one study, read from its manifest."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self.manifest = manifest
        study = manifest["study"]
        self._labels = Labels({**manifest, "tick_zero": "1970-01-01T00:00:00+00:00"})
        self.metrics: list[str] = manifest["metrics"]
        self.question: str = study["question"]
        self.about: str = " ".join(study["about"].split())
        self.design: str = study["design"] or ""
        self.name: str = study["name"]
        self._study = study
        varied = study["assumptions"]
        self.ends: tuple[float, float] = (varied["low"], varied["high"])
        cells = manifest["scenarios"]
        self.titles: dict[str, str] = {each["name"]: each["title"] for each in cells}
        if self.design == "tornado":
            varied_cells = [each for each in cells if "place" in each["factors"]]
            self.titles |= {each["name"]: self._varied(each["factors"]) for each in varied_cells}

    @property
    def title(self) -> str:
        """The study and its gate."""
        return f"{self._study['title'].get('en', self.name)} · {self._labels.title}"

    def _varied(self, factors: Mapping[str, str]) -> str:
        """Title of a scenario of a tornado: the input that is varied in words, such as `Booth: lanes × 0.8`."""
        end = self.ends[factors["end"] == "high"]
        choice = f"{self.choice}, " if factors["which"] == AT_CHOICE else ""
        return f"{choice}{self.place(factors['place'])} × {end:g}"

    @property
    def readings(self) -> list[str]:
        """Readings of the gate under which the study ran, that of its tables first; empty where it has none."""
        return list(self.manifest.get("readings", ()))

    def reading(self, name: str) -> str:
        """Title of a reading."""
        return title_of_reading(self.gate.gate, name)

    @property
    def basis(self) -> str:
        """Period, warm-up and replications in one line."""
        scenario = self.manifest["scenario"]
        period = (
            f"{counted(scenario['days'], 'day')} from {day_text(self._labels.first)}"
            if self.only_start
            else (f"{counted(scenario['days'], 'day')} each")
        )
        return (
            f"{period}, after {counted(self.manifest['warmup_days'], 'day')} of warm-up; "
            f"{counted(self.manifest['replications'], 'replication')} of {counted(len(self.titles), 'scenario')}"
        )

    @property
    def only_start(self) -> dt.date | None:
        """The first measured day, if all scenarios have the same."""
        starts = {each["start"] for each in self.manifest["scenarios"]}
        return dt.date.fromisoformat(starts.pop()) if len(starts) == 1 else None

    @property
    def days(self) -> int:
        """Length of the measured period [d]."""
        return self._labels.days

    @property
    def gate(self) -> Labels:
        """The names of the gate."""
        return self._labels

    @property
    def choice(self) -> str:
        """The scenario that a tornado sets beside the base."""
        return next((self.titles[e["name"]] for e in self._study["scenarios"]), "")

    @property
    def choice_name(self) -> str:
        """Name of that scenario."""
        return next((str(each["name"]) for each in self._study["scenarios"]), "")

    @property
    def clock(self) -> str:
        """The clock of the bulletin's side."""
        return self._labels.clock(self._labels.bulletin_side)

    @property
    def bulletin(self) -> str:
        """When the trucks that wait are counted."""
        return self._labels.bulletin

    def direction(self, name: str) -> str:
        """`Northbound (Vietnam to China)`."""
        return self._labels.direction(name)

    def direction_of(self, metric: str) -> str:
        """Direction of a metric; empty for none."""
        return metric_key(metric).direction or ""

    def directions_of(self, metrics: Iterable[str]) -> list[str]:
        """The directions of some metrics, in their order."""
        return list(dict.fromkeys(self.direction_of(metric) for metric in metrics))

    def metric(self, text: str) -> str:
        """`Clearance, p90, northbound`."""
        key = metric_key(text)
        parts = [METRICS[key.metric].title, STATISTICS.get(key.statistic, key.statistic)]
        gate, direction = self._parted(key.direction)
        parts += [direction] if direction else []
        parts += [self._labels.vehicle_class(key.vehicle_class)] if key.vehicle_class else []
        parts += [self.stage(key.stage)] if key.stage else []
        return ", ".join([*parts, gate] if gate else parts)

    def way(self, direction: str) -> str:
        """`northbound`; at a border with the gate, `northbound at Friendship Pass`."""
        gate, way = self._parted(direction)
        return f"{way} at {gate}" if gate else way

    def of_way(self, direction: str, what: str, does: str) -> str:
        """`northbound stock grows`; at a border with the gate, `northbound stock at Friendship Pass grows`."""
        gate, way = self._parted(direction)
        return f"{way} {what}{f' at {gate}' if gate else ''} {does}"

    def _parted(self, named: str | None) -> tuple[str, str]:
        """Return the title of the gate of a border whose direction is named, and the direction; else empty."""
        name, direction = parted(named) if named else (None, "")
        gate = self._labels.gate
        if not isinstance(gate, ComposedGate) or not direction:
            return "", direction
        if name is None:
            return "all gates", direction
        return gate.border.gates[name].found.title.get("en", name), direction

    def phrase(self, text: str) -> str:
        """A metric within a sentence: `mean northbound durian clearance`, `wait at Crane (north)`."""
        key = metric_key(text)
        vehicle_class = self._labels.vehicle_class(key.vehicle_class).lower() if key.vehicle_class else ""
        title = METRICS[key.metric].title
        name = title[:1].lower() + title[1:]
        gate, direction = self._parted(key.direction)
        words = " ".join(part for part in (direction, vehicle_class, name) if part)
        place = self.stage(key.stage) if key.stage else gate
        at = f" at {place}" if place else ""
        return f"{PHRASES.get(key.statistic, '')}{words}{at}"

    def unit(self, text: str) -> str:
        """Unit of a metric."""
        return METRICS[metric_key(text).metric].unit

    def axis(self, text: str) -> str:
        """Title of an axis."""
        return f"{self.metric(text)} [{self.unit(text)}]"

    def better(self, text: str) -> Better:
        """Whether more of a metric is better, less of it, or neither."""
        return better_of(metric_key(text))

    def stage(self, name: str) -> str:
        """Title of a stage, pool or area."""
        gate = self._labels.gate
        if name in gate.pools:
            return self._labels.pool(name)
        return self._labels.area(name) if name in gate.areas else self._labels.stage(name)

    def place(self, path: str) -> str:
        """A place in the gate in words: `stages.bay-cn.lanes` -> `Inspection bays (China): lanes`."""
        section, _, rest = path.partition(".")
        if section == "stages":
            name, _, field = rest.partition(".")
            return f"{self.stage(name)}: {_field_words(field)}"
        if section == "flows":
            flow = self._labels.gate.flows.get(rest.partition(".")[0])
            if flow is not None:
                return f"{self._labels.vehicle_class(flow.vehicle_class)}, {flow.direction}: trucks a day"
        if section == "paths":
            step, field = _step_at(self._labels.gate.paths, rest)
            if step:
                return f"{self.stage(step)}: {_field_words(field)}, {rest.partition('[')[0]}"
        return path

    def cell_words(self, name: str) -> str:
        """A cell of a bottleneck study in words: `bay-cn capacity` -> the stage."""
        return self.stage(name.rpartition(" ")[0])

    def titled_in(self, scenario: str, context: str) -> str:
        """Title of a scenario, without the context that all beside it share; that is empty where there is one only."""
        title = self.titles[scenario]
        return title.replace(f"{context} + ", "").replace(f" + {context}", "") if context else title

    def factor(self, name: str) -> str:
        """Title of a factor."""
        return self._study["factors"].get(name, {}).get("title") or name[:1].upper() + name[1:].replace("-", " ")

    def with_titles(self, names: Iterable[str]) -> StudyLabels:
        """Return the labels with names that are titles themselves."""
        other = StudyLabels(self.manifest)
        other.titles = {**self.titles, **{name: name for name in names}}
        return other

    def rows_of(self, estimates: pd.DataFrame, metric: str) -> pd.DataFrame:
        """Return the estimates of one metric."""
        wanted = key_document(metric_key(metric))
        mask = pd.Series(True, index=estimates.index)
        for column in (wanted.keys() - {"unit"}) | ({"gate"} & set(estimates.columns)):
            value = wanted.get(column)
            mask &= estimates[column].isna() if value is None else estimates[column] == value
        return estimates[mask]


def read_labels(folder: Path) -> StudyLabels:
    """Return the names of a study's folder."""
    return StudyLabels(read_json(folder / MANIFEST))


def _field_words(field: str) -> str:
    """`service_for.empty` -> `service time, empty`."""
    word, _, of = field.partition(".")
    name = {"lanes": "lanes", "service": "service time", "service_for": "service time", "share_for": "share"}
    return ", ".join(part for part in (name.get(word.partition("[")[0], word.replace("_", " ")), of) if part)


def _step_at(paths: Mapping[Any, Any], rest: str) -> tuple[str, str]:
    """The stage of a step such as `northbound[11].share_for.fruit`, and the field; both empty for another step."""
    match = re.fullmatch(r"([a-z]+)\[(\d+)\]\.(.+)", rest)
    if match is None or match[1] not in paths or int(match[2]) >= len(paths[match[1]]):
        return "", ""
    step = paths[match[1]][int(match[2])]
    return getattr(step, "stage", ""), match[3]
