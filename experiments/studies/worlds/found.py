"""What scenarios of a study are in plausible worlds."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.studies.replication import Floats
from experiments.studies.worlds.draws import World
from sim.metrics.meter import Key


@dataclass(frozen=True, eq=False)
class Worlds:
    """What scenarios of a study are in plausible worlds."""

    worlds: tuple[World, ...]
    names: tuple[str, ...]
    """Scenarios, the base first."""
    numbers: dict[Key, Floats]
    """Metric -> (worlds, scenarios, replications)."""
    net: Floats | None
    """(worlds, scenarios, replications) net present value [USD]; None without prices or costs."""
    inputs: int
    """Inputs that were drawn, the reading not counted."""
    defaults: int
    """Of these, how many have the default range of their kind."""
