"""Every metric of a replication, collected from the meters that declare them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from gates.schema.borders.names import of_gate, parted
from sim.metrics import resources, stages, trucks
from sim.metrics.meter import Key, Meter, Metric

for _package in (stages, trucks, resources):
    for _module in pkgutil.iter_modules(_package.__path__, f"{_package.__name__}."):
        importlib.import_module(_module.name)

METERS = tuple(sorted(Meter.__subclasses__(), key=lambda meter: meter.place))
"""Every meter, in the order in which results give their metrics. A new file with a meter is all that it takes."""
METRICS: dict[str, Metric] = {metric.name: metric for meter in METERS for metric in meter.metrics}
"""Every metric of a replication, in the order in which results give them."""


def key_of(document: Mapping[str, Any]) -> Key:
    """Return the name of a number from what results say of it."""
    gate = document.get("gate")
    names = {
        part: of_gate(gate, document[part]) if gate and document[part] is not None else document[part]
        for part in ("direction", "stage")
    }
    return Key(document["metric"], document["statistic"], names["direction"], document["class"], names["stage"])


def key_document(key: Key) -> dict[str, Any]:
    """Return what results say of a number beside its value: of what it is, at which gate of a border, in which unit."""
    (gate, direction), (gate_of_stage, stage) = (
        (None, None) if name is None else parted(name) for name in (key.direction, key.stage)
    )
    at_border = gate or gate_of_stage
    return {
        "metric": key.metric,
        "statistic": key.statistic,
        **({"gate": at_border} if at_border else {}),
        "direction": direction,
        "class": key.vehicle_class,
        "stage": stage,
        "unit": METRICS[key.metric].unit,
    }
