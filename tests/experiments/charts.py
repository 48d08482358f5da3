"""What a chart is drawn with, and what is in it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from experiments.answers.labels import Labels
from experiments.plots.marks import WIDE, Plot
from tests.experiments.folders import one_way


def labels(gate: Any = None, **changes: Any) -> Labels:
    gate = gate or one_way()
    scenario = {"gate": gate.model_dump(mode="json", by_alias=True), "days": 2, "warmup_days": 0, "start": "2026-03-02"}
    zero = dt.datetime(2026, 3, 2, tzinfo=dt.timezone(dt.timedelta(hours=7))).isoformat()
    return Labels({"scenario": scenario | changes, "replications": 2, "seed": 1, "tick_zero": zero})


def rows_of(plot: Plot, width: int = WIDE) -> list[dict[str, Any]]:
    """Every row of data in a chart."""
    texts = plot.chart(width).to_dict()["datasets"].values()
    return [row for text in texts for row in json.loads(text)]
