"""Runs scenarios of a study in plausible worlds, and puts what they say into tables."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.runs.replications import Runner
from experiments.runs.settings import Setup
from experiments.studies.designs import Bench, Cell, Setting, cells
from experiments.studies.model import BASE, BUDGETED, Study, better_of, metric_text
from experiments.studies.money.tables import NET, net_present_values, outlays_of
from experiments.studies.replication import Floats, Replication, kept
from experiments.studies.result import StudyResult, contexts_of
from experiments.studies.worlds.analysis import (
    doubt,
    share_best,
    value_of_perfect_information,
    values_of_information,
)
from experiments.studies.worlds.draws import READING, World, draw_world, place_of, triangular, uncertain_inputs
from experiments.studies.worlds.found import Worlds
from gates.findings import ConfigError, Finding
from gates.schema.prices.levels import Levels
from gates.upgrades import Upgrade

Frame = pd.DataFrame
REPLICATIONS = 2
"""In each world; a second one tells chance from inputs."""
MOST_OPTIONS = 12
"""Options that run in worlds: those with the largest net present value, or the best deciding number."""
WORLD_FILE = "world.yaml"
SEEDS_APART = 1_000_003
DESIGNS = (None, "one-at-a-time", "grid", BUDGETED)
"""Designs whose scenarios can run in worlds; the others vary numbers themselves."""


def refuse_without_options(study: Study) -> None:
    """Raise if a study cannot run in plausible worlds.

    Raises
    ------
    ConfigError
        With the finding.
    """
    if study.worlds and study.design not in DESIGNS:
        remedy = "Leave `--inputs` out, or use named scenarios, one-at-a-time, grid or best-within-budget."
        problem = f"design {study.design} varies numbers itself"
        raise ConfigError([Finding("worlds", str(study.worlds), problem, remedy)])


def most_runs_of_a_world(scenarios: int) -> int:
    """Return how many replications a world takes at most, for a study with so many scenarios."""
    return min(scenarios, MOST_OPTIONS + 1) * REPLICATIONS


def run_worlds(result: StudyResult, runner: Runner) -> Worlds:
    """Run the base and the most promising options of a result in as many worlds as its study says."""
    study = result.study
    names = (BASE, *_promising(result))
    gate = study.own_gate()
    worlds = tuple(draw_world(gate, study.seed, n) for n in range(study.worlds))
    made = [_cells_in(result, names, world) for world in worlds]
    setups = [
        Setup(scenario=cell.scenario, seed=study.seed + SEEDS_APART * (n + 1))
        for n, world_cells in enumerate(made)
        for cell in world_cells
    ]
    found = runner.table(setups, range(REPLICATIONS), kept)
    table = [found[n * len(names) : (n + 1) * len(names)] for n in range(len(worlds))]
    numbers = {
        key: np.array([[[r.by_key.get(key, np.nan) for r in one] for one in world] for world in table])
        for key in result.metrics
    }
    inputs = uncertain_inputs(gate)
    return Worlds(
        worlds,
        names,
        numbers,
        _nets(worlds, made, table, study.seed),
        len(inputs),
        sum(each.is_default for each in inputs),
    )


def _promising(result: StudyResult) -> list[str]:
    """Return options that are compared with the base."""
    options = [name for c in contexts_of(result.study, result.cells) if c.reference == BASE for name in c.options]
    if len(options) <= MOST_OPTIONS:
        return options
    found = {cell.name: (cell, each) for cell, each in zip(result.cells, result.replications, strict=True)}
    base, before = found[BASE]
    if base.scenario.gate.money is not None and all(outlays_of(base, found[name][0]) is not None for name in options):
        nets = {
            name: float(net_present_values(base, found[name][0], before, found[name][1]).mean()) for name in options
        }
        return sorted(options, key=lambda name: -nets[name])[:MOST_OPTIONS]
    key = result.metrics[0]
    values = {name: float(np.nanmean(found)) for name, found in result.values(key).items()}
    sign = -1 if better_of(key) == "more" else 1
    return sorted(options, key=lambda name: sign * values[name])[:MOST_OPTIONS]


def _cells_in(result: StudyResult, names: Sequence[str], world: World) -> list[Cell]:
    """Return scenarios of a study in a world, by their names."""
    text = json.dumps(world.gate.model_dump(mode="json", by_alias=True))
    inside = result.study.model_copy(update={"gate": WORLD_FILE, "readings": []})
    inside = inside.with_inputs({**result.study.inputs, WORLD_FILE: text})
    if result.study.design != BUDGETED:
        made = {cell.name: cell for cell in cells(inside, result.warmup_days)}
        return [made[name] for name in names]
    bench = Bench(inside, result.warmup_days)
    own = {cell.name: cell for cell in result.cells}
    references = {result.study.own_upgrade(str(f.upgrade)).name: str(f.upgrade) for f in result.study.factors.values()}

    def in_world(name: str) -> Cell:
        added = [references.get(upgrade.name, upgrade.name) for upgrade in own[name].upgrades]
        return bench.cell(name, own[name].title, Setting(tuple(added)))

    return [in_world(name) for name in names]


def _nets(
    worlds: Sequence[World], made: list[list[Cell]], table: Sequence[Sequence[Sequence[Replication]]], seed: int
) -> Floats | None:
    base = made[0][0]
    if base.scenario.gate.money is None or any(outlays_of(base, cell) is None for cell in made[0][1:]):
        return None
    nets = np.zeros((len(worlds), len(made[0]), REPLICATIONS))
    for n, world_cells in enumerate(made):
        for m, cell in enumerate(world_cells[1:], 1):
            priced = dataclasses.replace(cell, upgrades=tuple(_priced(u, seed, n) for u in cell.upgrades))
            nets[n, m] = net_present_values(world_cells[0], priced, table[n][0], table[n][m])
    return nets


def _priced(upgrade: Upgrade, seed: int, world: int) -> Upgrade:
    """Return an upgrade with costs that are drawn between its low and high."""
    costs = upgrade.costs
    if costs is None:
        return upgrade
    drawn = {}
    for name in ("capital_usd", "running_usd_per_year"):
        levels: Levels = getattr(costs, name)
        place = place_of(seed, world, f"{upgrade.name}.{name}")
        value = triangular(levels.low, levels.base, levels.high, place)
        drawn[name] = Levels(low=value, base=value, high=value)
    return upgrade.model_copy(update={"costs": costs.model_copy(update=drawn)})


def world_frames(result: StudyResult) -> dict[str, Frame]:
    """Return the tables of plausible worlds; without rows for a study that ran in none.

    `worlds` has what each scenario is in each world, `doubt` what inputs and chance do to each option, `information`
    what it is worth to know an input before the choice.
    """
    found = result.worlds
    if found is None:
        return {"worlds": Frame(), "doubt": Frame(), "information": Frame()}
    return {"worlds": _worlds(found), "doubt": _doubts(result, found), "information": _information(found)}


def _worlds(found: Worlds) -> Frame:
    rows: list[dict[str, Any]] = []
    for n, world in enumerate(found.worlds):
        for m, name in enumerate(found.names):
            numbers = {metric_text(key): float(table[n, m].mean()) for key, table in found.numbers.items()}
            net = {} if found.net is None else {"net_usd": float(found.net[n, m].mean())}
            rows.append({"world": n, "reading": world.reading, "scenario": name, **numbers, **net})
    return Frame(rows)


def _doubts(result: StudyResult, found: Worlds) -> Frame:
    """Return mean, interval of the worlds and share of the inputs of each difference from the base, and how often each
    scenario is best.
    """
    rows: list[dict[str, Any]] = []
    tables = [(metric_text(key), better_of(key), table) for key, table in found.numbers.items()]
    if found.net is not None:
        tables.append((NET, "more", found.net))
    for measure, better, table in tables:
        if not np.isfinite(table).all():
            continue
        shares = share_best(table, more_is_better=better == "more") if better != "neither" else None
        for m, name in enumerate(found.names):
            one = doubt(table[:, m] - table[:, 0])
            about = {"measure": measure, "scenario": name, "value": one.value, "low": one.low, "high": one.high}
            parts = {"input_variance": one.input_variance, "chance_variance": one.chance_variance}
            best = np.nan if shares is None else float(shares[m])
            rows.append({**about, **parts, "input_share": one.input_share, "best_share": best, "worlds": len(table)})
    return Frame(rows).assign(inputs=found.inputs, defaults=found.defaults)


def _information(found: Worlds) -> Frame:
    if found.net is None:
        return Frame()
    rows = [{"input": "all", "usd": value_of_perfect_information(found.net)}]
    drawn = {path for world in found.worlds for path in world.drawn}
    places = {path: np.array([world.drawn.get(path, 0.5) for world in found.worlds]) for path in sorted(drawn)}
    readings = sorted({str(world.reading) for world in found.worlds})
    for reading in readings[1:]:
        here = [float(str(world.reading) == reading) for world in found.worlds]
        places[f"{READING} {reading}"] = np.array(here)
    rows += [{"input": name, "usd": usd} for name, usd in values_of_information(found.net, places).items()]
    return Frame(rows)
