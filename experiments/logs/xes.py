"""An event log as XES (IEEE 1849), flattened on trucks: a trace a truck, three events a visit.

The standard life cycle has `schedule`, `start` and `complete`; when the truck leaves the stage, which may be later
because there is no room ahead, is an attribute of `complete`. Times are on the clock of the side on which the stage
is, with their distance to UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pandas as pd

from experiments.logs.columns import MOMENTS, TRUCK_MOMENTS, choice_column
from experiments.logs.kept import KeptLog, KeptReplication

EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
)
TRANSITION = {"joined": "schedule", "started": "start", "finished": "complete"}
"""Moment of a visit -> transition of the standard life cycle."""


def write_xes(log: KeptLog, path: Path) -> None:
    """Write the event log as XES, a trace a truck."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in _lines(log))


def _lines(log: KeptLog) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">'
    for name, prefix, uri in EXTENSIONS:
        yield f'  <extension name="{name}" prefix="{prefix}" uri="{uri}"/>'
    yield '  <global scope="trace">'
    yield from (f"    {line}" for line in _strings({"concept:name": "truck"}))
    yield '  </global>\n  <global scope="event">'
    yield from (f"    {line}" for line in _strings({"concept:name": "stage", "lifecycle:transition": "complete"}))
    yield f"    {_date('time:timestamp', log.tick_zero.isoformat())}"
    yield "  </global>"
    yield '  <classifier name="Stage" keys="concept:name"/>'
    yield '  <classifier name="Stage and transition" keys="concept:name lifecycle:transition"/>'
    about = {"concept:name": log.gate.name, "lifecycle:model": "standard"}
    about |= {f"zone_{side}": zone for side, zone in log.zones.items()}
    yield from (f"  {line}" for line in _strings(about))
    yield f"  {_date('start_of_run', log.tick_zero.isoformat())}"
    for part in log.replications():
        yield from _traces(log, part)
    yield "</log>"


def _traces(log: KeptLog, part: KeptReplication) -> Iterator[str]:
    visits, trucks = part.visits, part.trucks
    for name in MOMENTS:
        clocks = pd.Series(index=visits.index, dtype=object)
        for side in log.zones:
            mine = visits["side"] == side
            clocks[mine] = _iso(log.wall_clock(visits.loc[mine, name], side))
        visits = visits.assign(**{f"{name}_text": clocks})
    origin = trucks["direction"].map({str(name): str(side) for name, side in log.gate.origin.items()})
    for name in TRUCK_MOMENTS:
        clocks = pd.Series(index=trucks.index, dtype=object)
        for side in log.zones:
            clocks[origin == side] = _iso(log.wall_clock(trucks.loc[origin == side, name], side))
        trucks = trucks.assign(**{f"{name}_text": clocks})
    rows = {truck: group.to_dict("records") for truck, group in visits.groupby("truck")}
    for truck in trucks.to_dict("records"):
        yield "  <trace>"
        names = ["flow", "number", "class", "direction", *(choice_column(name).name for name in log.choices)]
        shown = {name: truck[name] for name in names if not pd.isna(truck[name])}
        yield from (f"    {line}" for line in _strings({"concept:name": f"{part.number}/{truck['truck']}", **shown}))
        for name in TRUCK_MOMENTS:
            if truck[f"{name}_text"]:
                yield f"    {_date(name, truck[f'{name}_text'])}"
        for row in rows.get(truck["truck"], ()):
            yield from (f"    {line}" for line in _events(row))
        yield "  </trace>"


def _events(row: Mapping[Any, Any]) -> Iterator[str]:
    for moment, transition in TRANSITION.items():
        if not row[f"{moment}_text"]:
            return
        words = {"concept:name": row["stage"], "concept:instance": row["visit"], "lifecycle:transition": transition}
        if moment != "joined":
            words["org:resource"] = f"{row['stage']}/{row['lane_group']}"
        words["side"] = row["side"]
        yield "<event>"
        yield from (f"  {line}" for line in _strings(words))
        yield f"  {_date('time:timestamp', row[f'{moment}_text'])}"
        for flag in ("empty", "by_hand"):
            yield f'  <boolean key="{flag}" value="{str(bool(row[flag])).lower()}"/>'
        if moment == "finished" and row["left_text"]:
            yield f"  {_date('left', row['left_text'])}"
        yield "</event>"


def _strings(words: dict[str, Any]) -> Iterator[str]:
    for key, value in words.items():
        yield f"<string key={quoteattr(key)} value={quoteattr(str(value))}/>"


def _date(key: str, text: str) -> str:
    return f"<date key={quoteattr(key)} value={quoteattr(text)}/>"


def _iso(moments: pd.Series) -> list[str]:
    return ["" if pd.isna(at) else at.isoformat(timespec="milliseconds") for at in moments]
