"""What a study keeps of a replication: little enough to hold thousands."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.runs.statistics import unreleased_a_day
from sim.metrics.fold import Measures
from sim.metrics.meter import Key

Floats = npt.NDArray[np.float64]
HOURS_A_DAY = 24


@dataclass(frozen=True, eq=False)
class Replication:
    """What a study keeps of a replication."""

    keys: tuple[Key, ...]
    values: Floats
    """(keys,) NaN where undefined."""
    directions: tuple[str, ...]
    stock: Floats
    """(days, directions) loaded trucks in the stock, at each bulletin."""
    arrived: Floats
    """(days, directions) trucks arrived, by day."""
    released: Floats
    """(days, directions) trucks released, by day."""
    clearance: Floats
    """(directions, P) quantiles of clearance [h] at `percent`; NaN beyond the last release."""
    percent: Floats
    """(P,) percentages."""
    by_clock: Floats
    """(24,) mean trucks in the queues of all stages by hour since the start of the bulletin's day."""
    in_line: Floats
    """(hours,) the same by hour since the start of the measured period."""

    @functools.cached_property
    def by_key(self) -> dict[Key, float]:
        """The values by their names."""
        return dict(zip(self.keys, self.values.tolist(), strict=True))

    def unreleased_a_day(self, index: int) -> float:
        """Return by how many trucks a day those not yet released become more, in a direction; turned back are gone."""
        turned_back, second = (
            self.by_key.get(Key(metric, "mean", self.directions[index]), 0.0)
            for metric in ("turned_back_per_day", "second_loads_per_day")
        )
        more = unreleased_a_day(self.arrived[:, index].tolist(), self.released[:, index].tolist())
        return more - turned_back + second


def kept(measures: Measures) -> Replication:
    """Return what a study keeps of what a replication measured; nothing in it holds on to the rest."""
    hours = measures.hourly_mean
    whole = hours[: len(hours) // HOURS_A_DAY * HOURS_A_DAY]
    keys = tuple(measures.values)
    curves = [measures.clearance_curve[direction, None] for direction in measures.directions]
    return Replication(
        keys=_NAMES.setdefault(keys, keys),
        values=np.array(list(measures.values.values()), np.float64),
        directions=measures.directions,
        stock=measures.stock.astype(np.float64),
        arrived=measures.arrived.astype(np.float64),
        released=measures.released.astype(np.float64),
        clearance=np.array(curves, np.float64).reshape(len(curves), -1),
        percent=np.array(measures.percent, np.float64),
        by_clock=whole.reshape(-1, HOURS_A_DAY, hours.shape[1]).mean(axis=0).sum(axis=1),
        in_line=hours.sum(axis=1),
    )


_NAMES: dict[tuple[Key, ...], tuple[Key, ...]] = {}
"""Names by themselves, so that replications of the same gate hold them once."""
