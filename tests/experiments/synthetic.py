"""A result folder as a run writes it, made without the simulator: small, quick, and with every odd case on request.

`write_folder` plays a rough event simulation of a gate like Friendship Pass and writes the files that plots,
report and summary read. The numbers are made up; only their shape counts.
"""

from __future__ import annotations

import datetime as dt
import heapq
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gates.config import Gate
from sim.paths import path_of

HOUR = 3_600_000
DAY = 24 * HOUR
NEVER = -1
PERCENT = np.arange(1, 200) / 2


def stage(side: str, lanes: Any, minutes: float, hours: str = "07:00-20:00", **titles: str) -> dict[str, Any]:
    law = {"lognormal": {"mean": f"{minutes} min", "cv": 0.6}}
    return {"side": side, "lanes": lanes, "hours": hours, "service": law, "title": titles}


KIOSK_GROUPS = [
    {"name": "loaded", "lanes": 6, "load": "loaded"},
    {"name": "empties", "lanes": 2, "load": "empty"},
]
STAGES: dict[str, dict[str, Any]] = {
    "declaration-vn": stage("vn", "unlimited", 10, "00:00-24:00", en="Declaration (Vietnam)"),
    "metering-yard": stage("vn", "unlimited", 15, "00:00-24:00", en="Metering yard", vi="Bãi điều tiết"),
    "gate-in-vn": stage("vn", 4, 1, "06:30-22:00", en="Gate-in and weighing (Vietnam)"),
    "customs-green": stage("vn", "unlimited", 4, en="Customs, green channel"),
    "customs-papers": stage("vn", 10, 60, en="Customs, papers", vi="Hải quan, luồng vàng"),
    "customs-bays": stage("vn", 24, 150, en="Customs, goods opened"),
    "scan-vn": stage("vn", 1, 10, en="Container scan (Vietnam)"),
    "quarantine-vn": stage("vn", 8, 40, en="Plant quarantine"),
    "border-guard-out-vn": stage("vn", 4, 4, en="Border guard, exit (Vietnam)"),
    "freight-road-north": stage("vn", 6, 6, en="Freight road 1119–1120, northbound"),
    "kiosk-in-cn": stage("cn", KIOSK_GROUPS, 0.6, "08:00-21:00", en="Entry kiosks (China)", zh="入境通道"),
    "xray-cn": stage("cn", 2, 3, "08:00-21:00", en="X-ray (China)"),
    "bay-cn": stage("cn", 30, 75, "08:00-21:00", en="Inspection bays (China)", zh="查验平台"),
    "lab-cn": stage("cn", 60, 720, "00:00-24:00", en="Laboratory (China)"),
    "dock-cn": stage("cn", 120, 300, "07:00-24:00", en="Docks (China)"),
    "kiosk-empty-cn": stage("cn", 2, 0.6, "08:00-21:00", en="Empty lane (China)"),
    "declaration-cn": stage("cn", "unlimited", 60, "00:00-24:00", en="Declaration (China)"),
    "kiosk-out-cn": stage("cn", 6, 0.6, "08:00-21:00", en="Exit kiosks (China)"),
    "freight-road-south": stage("vn", 6, 6, en="Freight road 1119–1120, southbound"),
    "border-guard-in-vn": stage("vn", 5, 5, en="Border guard, entry (Vietnam)"),
    "customs-in-vn": stage("vn", 20, 20, "07:00-22:00", en="Customs, import (Vietnam)"),
    "dock-vn": stage("vn", 250, 240, "07:00-23:00", en="Docks (Vietnam)"),
    "border-guard-empty-vn": stage("vn", 2, 1, en="Empty lane (Vietnam)"),
}
NORTHBOUND: list[Any] = [
    "declaration-vn",
    "metering-yard",
    "gate-in-vn",
    {"stage": "quarantine-vn", "only": ["durian", "other-fruit"]},
    {
        "choose": "channel",
        "shares": {"green": "45 %", "yellow": "35 %", "red": "20 %"},
        "then": {
            "green": ["customs-green"],
            "yellow": ["customs-papers"],
            "red": ["customs-bays", {"stage": "scan-vn", "share": "30 %"}],
        },
    },
    "border-guard-out-vn",
    "freight-road-north",
    "kiosk-in-cn",
    {"stage": "xray-cn", "share": "20 %"},
    {"stage": "bay-cn", "share": "90 %"},
    {"stage": "lab-cn", "only": ["durian"]},
    {"mark": "released"},
    "dock-cn",
    {"mark": "empty"},
    "kiosk-empty-cn",
]
SOUTHBOUND: list[Any] = [
    "declaration-cn",
    "kiosk-out-cn",
    "freight-road-south",
    "border-guard-in-vn",
    "customs-in-vn",
    {"mark": "released"},
    {"stage": "dock-vn", "share": "95 %"},
    {"mark": "empty"},
    "border-guard-empty-vn",
]
CLASSES = {
    "durian": {"title": {"en": "Durian", "vi": "Sầu riêng", "zh": "榴莲"}, "priority": 1},
    "other-fruit": {"title": {"en": "Other fresh fruit"}},
    "electronics": {"title": {"en": "Electronics"}},
    "general-cargo": {"title": {"en": "General cargo"}},
    "new-cars": {"title": {"en": "New cars"}},
}
PER_DAY = {
    "northbound": {"durian": 75, "other-fruit": 95, "electronics": 32, "general-cargo": 60},
    "southbound": {"electronics": 190, "general-cargo": 358, "new-cars": 60},
}


def gate_data(directions: tuple[str, ...] = ("northbound", "southbound"), demand: float = 1.0) -> dict[str, Any]:
    """Return a gate like Friendship Pass; with one direction, half of its stages are never used."""
    flows = {
        f"{name}-{direction}": {
            "class": name,
            "direction": direction,
            "per_day": trucks * demand,
            "profile": "evening" if direction == "northbound" else "morning",
        }
        for direction in directions
        for name, trucks in PER_DAY[direction].items()
    }
    return {
        "name": "friendship-pass",
        "title": {"en": "Friendship Pass", "vi": "Hữu Nghị", "zh": "友谊关"},
        "sides": {"vn": "Asia/Ho_Chi_Minh", "cn": "Asia/Shanghai"},
        "origin": {"northbound": "vn", "southbound": "cn"},
        "start": "2026-03-02",
        "end_of_day": {"at": "24:00", "side": "vn"},
        "classes": CLASSES,
        "profiles": {
            "evening": {"hours": {"16:00-24:00": "60 %", "00:00-16:00": "40 %"}},
            "morning": {"hours": {"07:00-11:00": "55 %", "11:00-19:00": "45 %"}},
        },
        "flows": flows,
        "stages": STAGES,
        "paths": {"northbound": NORTHBOUND, "southbound": SOUTHBOUND},
        "calendar": [{"name": "Holiday", "first": "2026-03-07", "last": "2026-03-07", "sides": ["cn"]}],
    }


class Truck(NamedTuple):
    flow: str
    vehicle_class: str
    direction: str
    arrival: int
    visits: list[tuple[str, bool, int]]  # stage, empty, service [ms]
    released: int  # visits up to the release


class Line:
    """One lane group with its own line: opening windows, free lanes, the trucks in line."""

    def __init__(self, lanes: float) -> None:
        self.free = lanes
        self.open = False
        self.waiting: list[tuple[int, int, int]] = []


def draw_trucks(gate: Gate, days: int, rng: np.random.Generator) -> list[Truck]:
    trucks = []
    for name, flow in gate.flows.items():
        path = path_of(gate, flow.direction).of_class(flow.vehicle_class)
        assert flow.profile is not None
        windows = gate.profiles[flow.profile].windows()
        shares = np.array([share for _, _, share in windows])
        for day in range(days):
            for _ in range(rng.poisson(flow.per_day)):
                start, end, _ = windows[rng.choice(len(windows), p=shares / shares.sum())]
                arrival = day * DAY + int(rng.uniform(start, end) * 1000)
                choices = [rng.choice(len(d.shares), p=np.array(d.shares)) for d in path.decisions]
                visits, released = [], 0
                for at, visit in enumerate(path.visits):
                    if all(choices[n] in wanted for n, wanted in visit.when) and rng.random() < visit.share:
                        mean = gate.stages[visit.stage].service.lognormal.mean  # type: ignore[union-attr]
                        service = rng.lognormal(np.log(mean) - 0.15, 0.55)
                        visits.append((visit.stage, visit.empty, int(service * 1000)))
                        released += at < path.released
                trucks.append(Truck(name, flow.vehicle_class, flow.direction, arrival, visits, released))
    return sorted(trucks, key=lambda truck: truck.arrival)


def windows_of(gate: Gate, name: str, days: int) -> list[tuple[int, int]]:
    """Return the opening windows on the bulletin's clock; the day shift of the other side is one hour."""
    shift = -HOUR if gate.stages[name].side == "cn" else 0
    closed = {(day - gate.start).days for day in gate.closed_days(name)}
    return [
        (day * DAY + int(a * 1000) + shift, day * DAY + int(b * 1000) + shift)
        for day in range(-1, days + 1)
        if day not in closed
        for a, b in gate.stages[name].hours
    ]


def play(gate: Gate, trucks: list[Truck], days: int) -> pd.DataFrame:
    """Run the trucks through the gate; return the events, one row a visit."""
    end = days * DAY
    lines = {
        (name, group.name): Line(1e9 if group.lanes == "unlimited" else group.lanes)
        for name in gate.stages
        for group in gate.stages[name].lane_groups()
    }
    heap: list[tuple[int, int, int, Any]] = [(t.arrival, 1, n, (n, 0)) for n, t in enumerate(trucks)]
    for name, group in lines:
        for a, b in windows_of(gate, name, days):
            heap.append((max(a, 0), 0, len(heap), (name, group, True)))
            heap.append((b, 0, len(heap), (name, group, False)))
    heap = [entry for entry in heap if 0 <= entry[0] < end]
    heapq.heapify(heap)
    rows: list[dict[str, Any]] = []

    def serve(key: tuple[str, str], now: int) -> None:
        line = lines[key]
        while line.open and line.free >= 1 and line.waiting:
            _, _, row = heapq.heappop(line.waiting)
            line.free -= 1
            rows[row]["started"] = now
            rows[row]["lane_group"] = key[1]
            heapq.heappush(heap, (now + rows[row].pop("service"), 1, row, (row, key)))

    def join(n: int, at: int, now: int) -> None:
        truck = trucks[n]
        if at == len(truck.visits):
            return
        name, empty, service = truck.visits[at]
        group = next(
            g.name
            for g in gate.stages[name].lane_groups()
            if g.admits(truck.vehicle_class, truck.direction, empty=empty)
        )
        rows.append(
            {
                "truck": n, "flow": truck.flow, "class": truck.vehicle_class, "direction": truck.direction,
                "stage": name, "lane_group": None, "empty": empty, "joined": now, "started": NEVER,
                "finished": NEVER, "left": NEVER, "service": service, "at": at,
            }
        )  # fmt: skip
        heapq.heappush(lines[name, group].waiting, (5, now, len(rows) - 1))
        serve((name, group), now)

    while heap:
        now, rank, _, what = heapq.heappop(heap)
        if now >= end:
            break
        if rank == 0:
            name, group, opens = what
            lines[name, group].open = opens
            serve((name, group), now)
        elif isinstance(what[1], tuple):
            row, key = what
            rows[row]["finished"] = rows[row]["left"] = now
            lines[key].free += 1
            serve(key, now)
            join(rows[row]["truck"], rows[row]["at"] + 1, now)
        else:
            join(what[0], 0, now)
    frame = pd.DataFrame(rows, columns=None if rows else EVENT_COLUMNS)
    frame["number"] = frame["truck"]
    return frame.drop(columns=["service"], errors="ignore").sort_values(["truck", "joined"], kind="stable")


EVENT_COLUMNS = ["truck", "flow", "number", "class", "direction", "stage", "lane_group", "empty", "joined",
                 "started", "finished", "left", "at"]  # fmt: skip


class Tables(NamedTuple):
    queues: pd.DataFrame
    days: pd.DataFrame
    clearance: pd.DataFrame
    stages: pd.DataFrame
    trucks: pd.DataFrame
    values: dict[tuple[str, str, str | None, str | None, str | None], float]


def hourly(events: pd.DataFrame, gate: Gate, warmup: int, days: int, replication: int) -> pd.DataFrame:
    edges = np.arange(days * 24 + 1) * HOUR + warmup * DAY
    frames = []
    for name in gate.stages:
        here = events[events["stage"] == name]
        joined = here["joined"].to_numpy(np.int64)
        started = here["started"].to_numpy(np.int64)
        started = np.where(started == NEVER, edges[-1], started)
        area = np.array([(np.minimum(started, e) - np.minimum(joined, e)).sum() for e in edges])
        present = [((joined < b) & (started > a)).sum() for a, b in zip(edges, edges[1:], strict=False)]
        mean = np.diff(area) / HOUR
        frames.append(
            pd.DataFrame(
                {
                    "replication": np.int32(replication),
                    "hour": np.arange(days * 24, dtype=np.int32),
                    "stage": name,
                    "mean": mean.astype(float),
                    "max": np.maximum(np.ceil(mean), np.array(present) // 2).astype(np.int32),
                }
            )
        )
    return pd.concat(frames)


def outcome_of(events: pd.DataFrame, trucks: list[Truck], replication: int) -> pd.DataFrame:
    """Return the trucks with release and departure."""
    left = {(row.truck, row.at): row.left for row in events.itertuples()}
    rows = []
    for n, truck in enumerate(trucks):
        released = left.get((n, truck.released - 1), NEVER) if truck.released else truck.arrival
        departed = left.get((n, len(truck.visits) - 1), NEVER)
        rows.append((replication, n, truck.flow, n, truck.vehicle_class, truck.direction, truck.arrival,
                     released, departed))  # fmt: skip
    columns = ["replication", "truck", "flow", "number", "class", "direction", "arrived", "released", "departed"]
    return pd.DataFrame(rows, columns=columns)


def measured(
    gate: Gate, directions: tuple[str, ...], seed: int, days: int, warmup: int, replication: int
) -> tuple[pd.DataFrame, Tables]:
    rng = np.random.default_rng([seed, replication])
    trucks = draw_trucks(gate, warmup + days, rng)
    events = play(gate, trucks, warmup + days)
    outcome = outcome_of(events, trucks, replication)
    begin, end = warmup * DAY, (warmup + days) * DAY
    values: dict[tuple[str, str, str | None, str | None, str | None], float] = {}
    day_rows, clearance_rows, stage_rows = [], [], []
    for direction in directions:
        mine = outcome[outcome["direction"] == direction]
        arrived, released = mine["arrived"].to_numpy(), mine["released"].to_numpy()
        gone = np.where(released == NEVER, end + 1, released)
        for day in range(days):
            a, b = begin + day * DAY, begin + (day + 1) * DAY
            date = gate.start + dt.timedelta(days=day)
            inside = int(((arrived < b) & (gone >= b)).sum())
            counts = [int(((x >= a) & (x < b)).sum()) for x in (arrived, released, mine["departed"].to_numpy())]
            day_rows.append((replication, day, date, direction, *counts, inside))
        stock = np.array([row[-1] for row in day_rows if row[3] == direction])
        per_day = ((released >= begin) & (released < end)).sum() / days
        values["throughput_per_day", "mean", direction, None, None] = per_day
        values["arrivals_per_day", "mean", direction, None, None] = (arrived >= begin).sum() / days
        values["stock_trucks", "end_of_day", direction, None, None] = stock.mean()
        values["stock_trucks", "max", direction, None, None] = stock.max()
        values["stock_days", "end_of_day", direction, None, None] = stock.mean() / per_day if per_day else np.nan
        for name in [None, *PER_DAY[direction]]:
            cohort = mine[(mine["arrived"] >= begin) & ((mine["class"] == name) | (name is None))]
            if name is not None:
                values["throughput_per_day", "mean", direction, name, None] = (
                    (mine["released"] >= begin) & (mine["class"] == name)
                ).sum() / days
            for measure, column in (("clearance", "released"), ("passage", "departed")):
                hours = np.where(cohort[column] == NEVER, np.nan, (cohort[column] - cohort["arrived"]) / HOUR)
                ranked = np.sort(hours)
                at = (
                    [ranked[min(int(len(ranked) * p / 100), len(ranked) - 1)] for p in PERCENT]
                    if len(ranked)
                    else [np.nan] * len(PERCENT)
                )
                clearance_rows += [
                    (replication, measure, direction, name, p, x) for p, x in zip(PERCENT, at, strict=True)
                ]
                for statistic in ("p50", "p90", "p95", "p99"):
                    values[f"{measure}_h", statistic, direction, name, None] = at[int(statistic[1:]) * 2 - 1]
                values[f"{measure}_h", "mean", direction, name, None] = (
                    float(np.nanmean(hours)) if np.isfinite(hours).any() else np.nan
                )
            values["no_queue_clearance_h", "mean", direction, name, None] = 3.1
        values["inside_end_trucks", "total", direction, None, None] = float(
            ((arrived < end) & (mine["departed"] == NEVER)).sum()
        )
        recent = mine[mine["arrived"] >= begin]
        values["unfinished_share", "mean", direction, None, None] = (
            float((recent["released"] == NEVER).mean()) if len(recent) else np.nan
        )
    shut = {name: closed_hours(gate, name, warmup + days) for name in gate.stages}
    queues = hourly(events, gate, warmup, days, replication)
    waits: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * 5)
    busy: dict[str, float] = defaultdict(float)
    for row in events.itertuples():
        started, left = min(row.started, end), min(row.left, end)
        if row.started != NEVER:
            busy[row.stage] += max(0, (left if row.left != NEVER else end) - max(started, begin))
        if row.joined < begin:
            continue
        closed = shut[row.stage](row.joined, started if row.started != NEVER else end)
        total = waits[row.stage, row.direction]
        total[0] += 1
        total[1] += ((started if row.started != NEVER else end) - row.joined - closed) / HOUR
        total[2] += closed / HOUR
        total[3] += ((left if row.left != NEVER else end) - started) / HOUR if row.started != NEVER else 0.0
    for (name, direction), total in sorted(waits.items()):
        stage_rows.append((replication, name, direction, int(total[0]), *total[1:]))
        for metric, at in (("wait_h", 1), ("closed_h", 2), ("blocked_h", 4)):
            values[metric, "mean", direction, None, name] = total[at] / total[0]
    for name in gate.stages:
        here = queues[queues["stage"] == name]
        values["queue_trucks", "mean", None, None, name] = here["mean"].mean()
        values["queue_trucks", "max", None, None, name] = float(here["max"].max())
        values["queue_trucks", "end_of_day", None, None, name] = here["mean"].to_numpy()[23::24].mean()
        lanes = sum(0 if g.lanes == "unlimited" else g.lanes for g in gate.stages[name].lane_groups())
        if lanes:
            opened = (end - begin) - shut[name](begin, end)
            values["utilisation", "share", None, None, name] = min(1.0, busy[name] / (opened * lanes))
    day_columns = ["replication", "day", "date", "direction", "arrived", "released", "departed", "stock"]
    tables = Tables(
        queues,
        pd.DataFrame(day_rows, columns=day_columns),
        pd.DataFrame(
            clearance_rows, columns=["replication", "measure", "direction", "class", "percent", "hours"]
        ),
        pd.DataFrame(
            stage_rows,
            columns=["replication", "stage", "direction", "visits", "waiting_h", "closed_h", "served_h",
                     "blocked_h"],
        ),
        outcome,
        values,
    )  # fmt: skip
    return events, tables


def closed_hours(gate: Gate, name: str, days: int) -> Any:
    """Return a function: closed time of a stage between two moments [ms]."""
    windows = sorted(windows_of(gate, name, days))

    def closed(a: int, b: int) -> int:
        return (b - a) - sum(max(0, min(b, end) - max(a, start)) for start, end in windows)

    return closed


UNITS = {
    "throughput_per_day": "trucks/day", "arrivals_per_day": "trucks/day", "clearance_h": "h", "passage_h": "h",
    "no_queue_clearance_h": "h", "wait_h": "h", "closed_h": "h", "blocked_h": "h", "queue_trucks": "trucks",
    "stock_trucks": "trucks", "stock_days": "days", "utilisation": "1", "inside_end_trucks": "trucks",
    "unfinished_share": "1",
}  # fmt: skip
T_975 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 7: 2.365, 9: 2.262, 19: 2.093}


def metrics_of(values: list[dict[Any, float]], replications: int) -> dict[str, Any]:
    rows = []
    for key in values[0]:
        metric, statistic, direction, name, at = key
        numbers = np.array([one.get(key, np.nan) for one in values], float)
        mean: float | None = float(numbers.mean())
        low = high = None
        if replications > 1 and np.isfinite(numbers).all():
            half = T_975[replications - 1] * float(numbers.std(ddof=1)) / replications**0.5
            low, high = float(numbers.mean()) - half, float(numbers.mean()) + half
        if not np.isfinite(numbers).all():
            mean = None
        rows.append({"metric": metric, "statistic": statistic, "direction": direction, "class": name, "stage": at,
                     "unit": UNITS[metric], "value": mean, "low": low, "high": high})  # fmt: skip
    return {"schema": 1, "gate": "friendship-pass", "replications": replications, "confidence": 0.95,
            "metrics": rows}  # fmt: skip


FACTS = {
    "F005": ("F005", "kiosk lanes at Youyi Guan, each way", "6", "lanes", "2024-04-30",
             "http://example.org/kiosks", "stated by officials"),
    "F181": ("F181", "loaded vehicles a day, Hữu Nghị, July 2025", "262", "vehicles/day", "2025-08-02",
             "secondary copy: check the original before quoting", "reported by press"),
}  # fmt: skip


def manifest_of(gate: Gate, days: int, warmup: int, replications: int, seed: int) -> dict[str, Any]:
    zone = ZoneInfo(gate.sides[gate.end_of_day.side])
    zero = dt.datetime.combine(gate.start - dt.timedelta(days=warmup), dt.time(), zone)
    keys = ("id", "quantity", "value", "unit", "date", "source", "confidence")
    return {
        "schema": 1,
        "software": {"bordergate": "0.1.0", "python": "3.11.2", "numpy": "2.4.6", "numba": "0.68.1"},
        "scenario": {
            "gate": gate.model_dump(mode="json", by_alias=True),
            "days": days,
            "warmup_days": warmup,
            "start": gate.start.isoformat(),
            "demand": 1.0,
        },
        "seed": seed,
        "replications": replications,
        "engine": "compiled",
        "hashes": {"scenario": "sha256:" + "4f" * 32, "queues.parquet": "sha256:" + "a0" * 32},
        "tick_zero": zero.isoformat(),
        "assumptions": [
            {"path": f"stages.{name}.service", "value": "lognormal, mean and spread", "note": "no published times"}
            for name in gate.stages
        ],
        "sources": [
            {"path": "stages.kiosk-in-cn.lanes", "value": "6", "ids": ["F005"],
             "facts": [dict(zip(keys, FACTS["F005"], strict=True))]},
            {"path": "flows.durian-northbound.per_day", "value": "75", "ids": ["F181"],
             "facts": [dict(zip(keys, FACTS["F181"], strict=True))]},
        ],
        "findings": [],
    }  # fmt: skip


def write_folder(
    folder: Path,
    *,
    days: int = 3,
    warmup: int = 1,
    replications: int = 3,
    seed: int = 1,
    demand: float = 0.25,
    directions: tuple[str, ...] = ("northbound", "southbound"),
    changes: dict[str, Any] | None = None,
) -> Path:
    """Write a result folder; `changes` overrides parts of the gate's data."""
    gate = Gate.model_validate({**gate_data(directions, demand), **(changes or {})})
    runs = [measured(gate, directions, seed, days, warmup, r) for r in range(replications)]
    (folder / "events").mkdir(parents=True, exist_ok=True)
    for r, (events, _) in enumerate(runs[:1]):
        kept = events.drop(columns="at")
        for column in ("joined", "started", "finished", "left"):
            kept[column] = kept[column].where(kept[column] != NEVER).astype("Int64")
        kept = kept.astype({"truck": "int32", "flow": "category", "class": "category", "stage": "category"})
        kept.to_parquet(folder / "events" / f"rep-{r:05d}.parquet")
    for name in ("queues", "days", "clearance", "stages", "trucks"):
        table = pd.concat([getattr(tables, name) for _, tables in runs])
        for column in ("stage", "direction", "class", "measure"):
            if column in table:
                table[column] = table[column].astype("category")
        table.to_parquet(folder / f"{name}.parquet", index=False)
    metrics = metrics_of([tables.values for _, tables in runs], replications)
    manifest = manifest_of(gate, days, warmup, replications, seed)
    (folder / "metrics.json").write_text(json.dumps(metrics, ensure_ascii=False), encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    return folder
