"""Every metric of a replication, collected from the meters that declare them."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from sim.metrics import resources, stages, trucks
from sim.metrics.meter import Key, Meter, Metric

for _package in (stages, trucks, resources):
    for _module in pkgutil.iter_modules(_package.__path__, f"{_package.__name__}."):
        importlib.import_module(_module.name)

METERS = tuple(sorted(Meter.__subclasses__(), key=lambda meter: meter.place))
"""Every meter, in the order in which results give their metrics. A new file with a meter is all that it takes."""
METRICS: dict[str, Metric] = {metric.name: metric for meter in METERS for metric in meter.metrics}
"""Every metric of a replication, in the order in which results give them."""


def key_document(key: Key) -> dict[str, Any]:
    """Return what results say of a number beside its value: of what it is, in which unit."""
    return {
        "metric": key.metric,
        "statistic": key.statistic,
        "direction": key.direction,
        "class": key.vehicle_class,
        "stage": key.stage,
        "unit": METRICS[key.metric].unit,
    }
