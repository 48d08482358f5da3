"""Every metric of a replication, collected from the meters that declare them."""

from __future__ import annotations

import importlib
import pkgutil

from sim.metrics import resources, stages, trucks
from sim.metrics.meter import Meter, Metric

for _package in (stages, trucks, resources):
    for _module in pkgutil.iter_modules(_package.__path__, f"{_package.__name__}."):
        importlib.import_module(_module.name)

METERS = tuple(sorted(Meter.__subclasses__(), key=lambda meter: meter.place))
"""Every meter, in the order in which results give their metrics. A new file with a meter is all that it takes."""
METRICS: dict[str, Metric] = {metric.name: metric for meter in METERS for metric in meter.metrics}
"""Every metric of a replication, in the order in which results give them."""
