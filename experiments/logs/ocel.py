"""An event log as OCEL 2.0: events that belong to several objects, here to a truck, its load, lanes and pools.

The form is the JSON of the specification: A. Berti, I. Koren, J. N. Adams and others, "OCEL (Object-Centric Event Log)
2.0 Specification", 2024. All values are texts, as its schema wants them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.logs.columns import MOMENTS, choice_column
from experiments.logs.kept import KeptLog, KeptReplication
from gates.schema.gate import Gate

ACTIVITY = {"joined": "join queue", "started": "start", "finished": "finish", "left": "leave"}
"""Moment of a visit -> what its event is called after the stage."""
OF_TRUCK = {"arrived": "arrive", "released": "release", "departed": "depart"}
"""Moment of a truck -> name of its event."""
ALWAYS = "1970-01-01T00:00:00Z"
"""Since when an attribute that never changes has its value, as the specification wants it."""


def write_ocel(log: KeptLog, path: Path) -> None:
    """Write the event log as OCEL 2.0 in JSON, one event or object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('{"objectTypes":')
        stream.write(_text(list(_object_types(log))))
        stream.write(',\n"eventTypes":')
        stream.write(_text(list(_event_types(log))))
        parts = list(log.replications())
        for name, items in (("objects", _objects(log, parts)), ("events", _events(log, parts))):
            stream.write(f',\n"{name}":[')
            for n, item in enumerate(items):
                stream.write(f"{',' if n else ''}\n{_text(item)}")
            stream.write("]")
        stream.write("}\n")


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _type(name: str, attributes: Iterable[str]) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": each, "type": "string"} for each in attributes]}


def _object_types(log: KeptLog) -> Iterator[dict[str, Any]]:
    yield _type("truck", ["replication", "flow", "number", *(choice_column(name).name for name in log.choices)])
    yield _type("load", ["class", "direction"])
    yield _type("lane group", ["stage", "side"])
    if log.gate.pools:
        yield _type("pool", ["title"])


def _event_types(log: KeptLog) -> Iterator[dict[str, Any]]:
    clocks = [f"time_{side}" for side in log.zones]
    for name in OF_TRUCK.values():
        yield _type(name, clocks)
    for stage in log.gate.stages:
        for what in ACTIVITY.values():
            yield _type(f"{stage}: {what}", ["stage", "side", "by_hand", "empty", *clocks])


def _objects(log: KeptLog, parts: list[KeptReplication]) -> Iterator[dict[str, Any]]:
    groups = dict.fromkeys(
        (stage, group)
        for part in parts
        for stage, group in part.visits[["stage", "lane_group"]].dropna().itertuples(index=False, name=None)
    )
    for stage, group in groups:
        attributes = {"stage": stage, "side": str(log.gate.stages[stage].side)}
        yield _object(f"lanes {stage}/{group}", "lane group", attributes)
    for name in log.gate.pools:
        yield _object(f"pool {name}", "pool", {"title": log.labels.pool(name)})
    for part in parts:
        for row in part.trucks.to_dict("records"):
            key = f"{part.number}/{row['truck']}"
            chosen = {choice_column(n).name: row[choice_column(n).name] for n in log.choices}
            known = {"replication": part.number, "flow": row["flow"], "number": row["number"], **chosen}
            yield _object(f"truck {key}", "truck", known, [(f"load {key}", "carries")])
            yield _object(f"load {key}", "load", {"class": row["class"], "direction": row["direction"]})


def _object(name: str, kind: str, attributes: dict[str, Any], others: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    values = [{"name": n, "time": ALWAYS, "value": str(v)} for n, v in attributes.items() if not pd.isna(v)]
    return {"id": name, "type": kind, "attributes": values, "relationships": _related(others)}


def _related(others: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"objectId": name, "qualifier": qualifier} for name, qualifier in others]


def _events(log: KeptLog, parts: list[KeptReplication]) -> Iterator[dict[str, Any]]:
    pools = {stage: dict(_pools(log.gate, stage)) for stage in log.gate.stages}
    for part in parts:
        rows: list[tuple[int, int, dict[str, Any]]] = []
        for row in part.trucks.to_dict("records"):
            key = f"{part.number}/{row['truck']}"
            both = [(f"truck {key}", "truck"), (f"load {key}", "load")]
            for order, (moment, what) in zip((-1, 10**6, 10**6 + 1), OF_TRUCK.items(), strict=True):
                if not pd.isna(row[moment]):
                    here = both[:1] if moment == "departed" else both
                    rows.append((int(row[moment]), order, _event(f"{what} {key}", what, {}, here)))
        for row in part.visits.to_dict("records"):
            rows += _of_visit(part.number, row, pools[row["stage"]])
        rows.sort(key=lambda each: each[:2])
        times = pd.Series([each[0] for each in rows])
        clocks = {side: _iso(log.wall_clock(times, side)) for side in log.zones}
        utc = _iso(log.wall_clock(times, next(iter(log.zones))).dt.tz_convert("UTC"))
        for n, (_, _, event) in enumerate(rows):
            event["time"] = utc[n].replace("+00:00", "Z")
            event["attributes"] += [{"name": f"time_{side}", "value": texts[n]} for side, texts in clocks.items()]
            yield event


def _of_visit(
    replication: int, row: Mapping[Any, Any], pools: dict[str, str]
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    key = f"{replication}/{row['truck']}"
    shown = {"stage": row["stage"], "side": row["side"], "by_hand": row["by_hand"], "empty": row["empty"]}
    trucks = [(f"truck {key}", "truck")] + ([] if row["empty"] else [(f"load {key}", "load")])
    lanes = [] if pd.isna(row["lane_group"]) else [(f"lanes {row['stage']}/{row['lane_group']}", "served by")]
    for n, moment in enumerate(MOMENTS):
        if pd.isna(row[moment]):
            return
        others = [] if moment == "joined" else [*lanes, *((f"pool {name}", how) for name, how in pools.items())]
        name = f"{row['stage']}: {ACTIVITY[moment]}"
        event = _event(f"visit {key}/{row['visit']} {ACTIVITY[moment]}", name, shown, [*trucks, *others])
        yield int(row[moment]), 4 * row["visit"] + n, event


def _event(name: str, kind: str, attributes: dict[str, Any], others: Iterable[tuple[str, str]]) -> dict[str, Any]:
    values = [{"name": n, "value": str(v).lower() if isinstance(v, bool) else str(v)} for n, v in attributes.items()]
    return {"id": name, "type": kind, "time": "", "attributes": values, "relationships": _related(others)}


def _pools(gate: Gate, stage: str) -> Iterator[tuple[str, str]]:
    """Yield the pools whose units a stage uses, and how."""
    made = gate.stages[stage]
    for how, units in (("needs", made.needs), ("takes", made.takes), ("gives", made.gives)):
        for name in units:
            yield name, how


def _iso(moments: pd.Series) -> list[str]:
    return [moment.isoformat(timespec="milliseconds") for moment in moments.dt.to_pydatetime()]
