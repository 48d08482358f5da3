"""What a study keeps of a replication, and how a worker makes some of them."""

from __future__ import annotations

import dataclasses
import functools
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.runs.provenance import code_digest, digest, scenario_document, versions
from experiments.runs.settings import RunSettings
from gates.schema.scenario import Scenario
from sim.metrics.meter import Key

Floats = npt.NDArray[np.float64]
FORMAT = 1
"""Number of the format below; part of the name of every replication kept."""
MOST_TRUCKS_LOGGED = 300_000
"""Larger scenarios are streamed: a log of this size takes some 200 MB, and its percentiles are exact."""
HOURS_A_DAY = 24


@dataclass(frozen=True, eq=False)
class Replication:
    """What one replication of a scenario measured, small enough to keep thousands."""

    keys: tuple[Key, ...]
    values: Floats
    """(keys,) NaN where undefined."""
    directions: tuple[str, ...]
    stages: tuple[str, ...]
    stock: Floats
    """(days, directions) loaded trucks arrived and not released, at each bulletin."""
    released: Floats
    """(days, directions) trucks released, by day."""
    clearance: Floats
    """(directions, P) quantiles of clearance [h] at `percent`; NaN beyond the last release."""
    percent: Floats
    """(P,) percentages."""
    by_clock: Floats
    """(24, stages) mean trucks in line by hour since the start of the bulletin's day."""
    in_line: Floats
    """(hours,) mean trucks in line at all stages, by hour since the start of the measured period."""

    def sharing_names(self) -> Replication:
        """Return it with the names of another of the same gate, so that thousands hold them once."""
        return dataclasses.replace(self, keys=_NAMES.setdefault(self.keys, self.keys))

    @functools.cached_property
    def by_key(self) -> dict[Key, float]:
        """The values by their names."""
        return dict(zip(self.keys, self.values.tolist(), strict=True))

    def packed(self) -> bytes:
        """Return it as bytes: arrays, and names as JSON; no code is in them."""
        names = json.dumps([[list(key) for key in self.keys], list(self.directions), list(self.stages)])
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        stream = io.BytesIO()
        np.savez(stream, names=np.frombuffer(names.encode(), np.uint8), **arrays)
        return stream.getvalue()

    @classmethod
    def unpacked(cls, content: bytes) -> Replication:
        """Read it back.

        Raises
        ------
        ValueError
            If the bytes are damaged.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as found:
                keys, directions, stages = json.loads(found["names"].tobytes())
                arrays = {name: found[name] for name in _ARRAYS}
        except Exception as error:  # a damaged file fails in many ways
            raise ValueError("damaged") from error
        return cls(tuple(Key(*key) for key in keys), directions=tuple(directions), stages=tuple(stages), **arrays)


_NAMES: dict[tuple[Key, ...], tuple[Key, ...]] = {}
_ARRAYS = ("values", "stock", "released", "clearance", "percent", "by_clock", "in_line")


def scenario_digest(scenario: Scenario, seed: int) -> str:
    """Return the name of a scenario's replications by content: all that they depend on, the software included."""
    return digest([FORMAT, scenario_document(scenario), seed, versions(), code_digest()])


def replicate_some(document: bytes, seed: int, numbers: Sequence[int]) -> list[Replication]:
    """Run replications of a scenario; called in a worker.

    Parameters
    ----------
    document
        The scenario as `Scenario.model_dump_json(by_alias=True)`.
    numbers
        Which replications.
    """
    from experiments.runs.run import replicate

    plan, settings = _planned(document, seed)
    return [_kept(plan, replicate(plan, settings, number)[0]) for number in numbers]


@functools.lru_cache(maxsize=16)
def _planned(document: bytes, seed: int) -> tuple[Any, RunSettings]:
    from sim.plan.compile import compile_plan

    scenario = Scenario.model_validate_json(document)
    return compile_plan(scenario), RunSettings(seed=seed, keep_events=int(not is_large(scenario)))


def is_large(scenario: Scenario) -> bool:
    """Tell whether a scenario's replications are streamed; depends on nothing but the scenario."""
    per_day = sum(flow.per_day for flow in scenario.gate.flows.values()) * scenario.demand
    return per_day * scenario.days_simulated > MOST_TRUCKS_LOGGED


def _kept(plan: Any, measures: Any) -> Replication:
    hours = measures.hourly_mean
    whole = hours[: len(hours) // HOURS_A_DAY * HOURS_A_DAY]
    curves = [measures.clearance_curve[direction, None] for direction in measures.directions]
    return Replication(
        keys=tuple(measures.values),
        values=np.array(list(measures.values.values()), np.float64),
        directions=tuple(measures.directions),
        stages=tuple(plan.stages),
        stock=measures.stock.astype(np.float64),
        released=measures.released.astype(np.float64),
        clearance=np.array(curves, np.float64).reshape(len(curves), -1),
        percent=np.asarray(measures.percent, np.float64),
        by_clock=whole.reshape(-1, HOURS_A_DAY, hours.shape[1]).mean(axis=0),
        in_line=hours.sum(axis=1),
    )
