"""Record what the code in the current folder computes, as hashes by name; `compare_commits.py` runs this.

    python scripts/record_results.py OUT.json      with the folder of a commit as current folder and in PYTHONPATH

The file holds name -> hash or exact value. A name says what the value is, never where in the code it is made:

    run/friendship-pass+5g/0/draws.service         a field of the draws
    run/friendship-pass+5g/0/compiled/log.times    a column of the event log, by engine
    run/friendship-pass+5g/0/compiled/metric.wait_h.mean.northbound@bay-cn    a metric, as an exact number
    run/friendship-pass+5g/0/stream/series.hourly_max                         an array of the measures
    study/hours/estimates/wait_h.mean.northbound@bay-cn/value                 a column of a study's table

Only public names are used; what is not public yet, or has moved since, is in `HOMES`.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import importlib
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

DAYS, WARMUP_DAYS, REPLICATIONS = 3, 1, 2
BLOCK_DAYS = 1
"""Short, so that a run has several blocks to carry trucks over."""
STUDY = {"days": 2, "warmup_days": 1, "replications": 2}
OTHER_SIZES: dict[str, dict[str, Any]] = {
    "lab-shock": {"days": 4, "warmup_days": 14},
    "network-outage": {"days": 12, "warmup_days": 14},
    "budget-friendship-pass": {
        "replications": 5,
        "budget": {"usd": [3_000_000], "margin_usd": 2_000_000, "strongest": 2, "candidates": 2, "contenders": 2},
        "factors": {name: {"upgrade": name} for name in ("5g", "more-bays", "fast-lab", "more-docks")},
    },
}
"""Studies in which nothing fails before such a time, and one that needs more replications, of fewer upgrades."""
HOMES = {
    "study_names": ("experiments", "experiments.study_file", "experiments.studies", "experiments.studies.model"),
    "write_study": ("experiments", "experiments.study_results", "experiments.studies", "experiments.studies.folder"),
    "with_needs": ("gates", "gates.upgrades"),
}
"""Where a name may stand, in this commit or another."""
FAILURES_ON = ("friendship-pass", ("5g", "igv-smart-lane"))
FAILURES: dict[str, Any] = {
    "name": "failures",
    "about": "Outages, breakdowns, work by hand and ageing within three days, which no upgrade of the library has.",
    "gate": "friendship-pass",
    "changes": [
        {"path": path, operation: value, "source": "assumption"}
        for path, operation, value in (
            (
                "outages.storm",
                "add",
                {
                    "every": {"exponential": {"mean": "9 h"}},
                    "lasts": {"exponential": {"mean": "3 h"}},
                    "links": ["gate-radio"],
                },
            ),
            (
                "outages.power",
                "add",
                {
                    "every": {"exponential": {"mean": "7 h"}},
                    "lasts": {"constant": "1 h"},
                    "stages": ["bay-cn"],
                    "units": 4,
                },
            ),
            ("stages.kiosk-in-cn.sends.without", "set", {"erlang": {"mean": "90 s", "shape": 4}}),
            (
                "stages.bay-cn.breakdowns",
                "set",
                [
                    {
                        "name": "forklift",
                        "running": "3 h",
                        "repair": {"exponential": {"mean": "20 min"}},
                        "then": "restarts",
                    }
                ],
            ),
            (
                "pools.unmanned-vehicles.breakdowns",
                "set",
                [{"name": "battery", "running": "2 h", "repair": {"exponential": {"mean": "15 min"}}}],
            ),
            ("classes.durian.age", "set", {"exponential": {"mean": "2 d"}}),
        )
    ],
}
METRIC_PARTS = ("metric", "statistic", "direction", "class", "stage")
"""Columns of a study's tables that name a metric."""

Items = Iterator[tuple[str, str]]
Recorded = dict[str, str]


def public(name: str) -> Any:
    """Return something by its name, from the first of its homes that has it."""
    for home in HOMES[name]:
        try:
            return getattr(importlib.import_module(home), name)
        except (ImportError, AttributeError):
            continue
    raise SystemExit(f"{name} is in none of {', '.join(HOMES[name])}: add its module to HOMES in {Path(__file__).name}")


# Values.


def leaves(name: str, value: Any) -> Items:
    """Yield a hash or an exact value for each part of a value that has a name of its own."""
    if isinstance(value, np.ndarray):
        if value.dtype.names:
            for field in value.dtype.names:
                yield from leaves(f"{name}.{field}", value[field])
        else:
            yield name, array_hash(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(f"{name}.{key_text(key)}", inner)
    elif dataclasses.is_dataclass(value) or hasattr(value, "_fields"):
        for field, inner in fields_of(value):
            yield from leaves(f"{name}.{field}", inner)
    elif isinstance(value, bool | int | float | np.number | np.bool_):
        number = value.item() if isinstance(value, np.generic) else value
        yield name, number.hex() if isinstance(number, float) else repr(number)
    else:
        yield name, text_hash(repr(value))


def fields_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the public fields of a dataclass or named tuple, and properties that are arrays, by name."""
    names = value._fields if hasattr(value, "_fields") else [field.name for field in dataclasses.fields(value)]
    for name in names:
        yield name, getattr(value, name)
    for name in dir(type(value)):
        if isinstance(getattr(type(value), name), property) and not name.startswith("_"):
            found = getattr(value, name)
            if isinstance(found, np.ndarray):
                yield name, found


def array_hash(array: np.ndarray[Any, Any]) -> str:
    """Return the SHA-256 of an array's shape and values; in how many bytes an integer is kept does not count."""
    wide = {"i": "<i8", "u": "<i8", "f": "<f8", "b": "|b1"}.get(array.dtype.kind)
    if wide is None:
        return text_hash(repr(array.tolist()))
    content = np.ascontiguousarray(array.astype(wide))
    return hashlib.sha256(
        repr((array.dtype.kind.replace("u", "i"), array.shape)).encode() + content.tobytes()
    ).hexdigest()


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def key_text(key: Any) -> str:
    """Return the name of an entry: a metric as a study writes it, other keys part by part."""
    if hasattr(key, "_asdict"):
        return metric_text(*key)
    return "|".join("all" if part is None else str(part) for part in key) if isinstance(key, tuple) else str(key)


def metric_text(metric: str, statistic: str, *parts: str | None) -> str:
    """Return a metric as a study writes it: `wait_h.mean.northbound@bay-cn`."""
    *of, stage = parts
    return ".".join([metric, statistic, *(part for part in of if part)]) + (f"@{stage}" if stage else "")


# Runs.


def runs() -> Items:
    """Yield draws, logs and measures of every gate of the library, alone and with each upgrade made for it."""
    from gates import Scenario, Upgrade, apply_upgrades, library_gates, load_gate, load_upgrade, upgrade_names

    for gate_name in library_gates():
        gate = load_gate(gate_name)
        variants = {gate_name: gate}
        for upgrade in upgrade_names():
            if load_upgrade(upgrade).gate == gate_name:
                variants[f"{gate_name}+{upgrade}"] = apply_upgrades(gate, public("with_needs")([upgrade]))[0]
        for name, variant in variants.items():
            yield from run(f"run/{name}", Scenario(gate=variant, days=DAYS, warmup_days=WARMUP_DAYS))
    base, upgrades = FAILURES_ON
    upgraded = apply_upgrades(load_gate(base), upgrades)[0]
    failing = apply_upgrades(upgraded, [Upgrade.model_validate(FAILURES)])[0]
    yield from run(f"run/{base}+failures", Scenario(gate=failing, days=DAYS, warmup_days=WARMUP_DAYS))


def run(name: str, scenario: Any) -> Items:
    """Yield what both engines and the streaming fold make of a scenario."""
    from sim import compile_plan, draw, measure, simulate, stream

    plan = compile_plan(scenario)
    for number in range(REPLICATIONS):
        draws = draw(plan, 1, number)
        yield from leaves(f"{name}/{number}/draws", draws)
        for engine in ("compiled", "reference"):
            log = simulate(plan, draws, engine=engine)
            yield from log_columns(f"{name}/{number}/{engine}/log", log)
            yield from measured(f"{name}/{number}/{engine}", measure(plan, log))
        yield from measured(f"{name}/{number}/stream", stream(plan, 1, number, BLOCK_DAYS))


def log_columns(name: str, log: Any) -> Items:
    """Yield every column of an event log but the draws that it points to."""
    for field, value in fields_of(log):
        if field != "draws":
            yield from leaves(f"{name}.{field}", value)


def measured(name: str, measures: Any) -> Items:
    """Yield every metric, and every series and curve."""
    for field, value in fields_of(measures):
        yield from leaves(f"{name}/metric" if field == "values" else f"{name}/series.{field}", value)


# Studies.


def studies() -> Items:
    """Yield the tables of every study of the library and of a search for the bottleneck, at a small size."""
    from experiments import Study, load_study

    for name in public("study_names")():
        document = load_study(name).model_dump(by_alias=True, mode="json")
        yield from study(f"study/{name}", Study.model_validate(document | STUDY | OTHER_SIZES.get(name, {})))
    found = {"name": "bottleneck", "question": "What binds?", "gate": "minimal", "design": "bottleneck"}
    yield from study("study/bottleneck", Study.model_validate(found | STUDY))


def study(name: str, request: Any) -> Items:
    """Yield the columns of a study's tables, as its folder holds them."""
    from experiments import run_study

    with tempfile.TemporaryDirectory() as folder:
        written = public("write_study")(run_study(request), Path(folder) / "study")
        for path in sorted(written.glob("tables/*.csv")):
            yield from table(f"{name}/{path.stem}", path)


def table(name: str, path: Path) -> Items:
    """Yield a hash for each column of a table; where rows name metrics, for each column of each metric."""
    columns: dict[str, list[str]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            named = "statistic" in row
            of = metric_text(*(row[part] for part in METRIC_PARTS)) if named else "all"
            for column, text in row.items():
                if named and column in METRIC_PARTS:
                    continue
                columns[f"{of}/{column}"].append(text)
    for column, texts in columns.items():
        yield f"{name}/{column}", text_hash(json.dumps(texts))


def main() -> int:
    (out,) = sys.argv[1:]
    import sim

    if Path.cwd() not in Path(sim.__file__).parents:
        raise SystemExit(f"the code of {Path(sim.__file__).parent} is imported, not that of the current folder")
    recorded: Recorded = {}
    for name, value in (*runs(), *studies()):
        if name in recorded:
            raise SystemExit(f"two values are named {name}")
        recorded[name] = value
    Path(out).write_text(json.dumps(recorded, indent=0), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
