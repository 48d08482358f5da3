"""Intervals cover what they should: 1,000 studies of queues whose means are known.

The queue is M/M/c, whose mean wait is Erlang's (`tests.science.theory`). Seeds are fixed, so the counts are exact; with
a true coverage of 95 % a count outside 93 to 97 % would come in 4 of 1,000 sets of seeds.
"""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
import pytest

from experiments.runs import executors
from experiments.runs.replications import Runner
from experiments.runs.settings import Setup
from experiments.runs.statistics import mean_interval
from experiments.studies.compare import against_base
from gates import Gate, Scenario
from sim.metrics.definitions import Key
from tests.science.theory import mean_wait_mmc

STUDIES, REPLICATIONS = 1000, 10
PER_DAY = 600
MEAN_S = {"base": 200.0, "faster": 150.0, "same": 200.0, "slower": 220.0}
LANES = 3
WAIT = Key("wait_h", "mean", "northbound", None, "booth")


def gate(mean_s: float) -> Gate:
    return Gate.model_validate(
        {
            "name": "erlang",
            "sides": {"vn": "Asia/Ho_Chi_Minh"},
            "origin": {"northbound": "vn"},
            "start": "2026-03-02",
            "end_of_day": {"at": "24:00", "side": "vn"},
            "classes": {"general": {}},
            "flows": {"general": {"class": "general", "direction": "northbound", "per_day": PER_DAY}},
            "stages": {"booth": {"side": "vn", "lanes": LANES, "service": {"exponential": {"mean": f"{mean_s} s"}}}},
            "paths": {"northbound": ["booth", {"mark": "released"}]},
        }
    )


def waits(executor: Executor) -> dict[str, np.ndarray]:
    """Return scenario -> (studies, replications) mean wait [h]; a study has its own seed."""
    found = {}
    for name, mean_s in MEAN_S.items():
        scenario = Scenario(gate=gate(mean_s), days=12, warmup_days=1)
        setups = [Setup(scenario=scenario, seed=seed) for seed in range(STUDIES)]
        runner = Runner(executor)
        found[name] = np.array(runner.table(setups, range(REPLICATIONS), lambda measures: measures.values[WAIT]))
    return found


@pytest.mark.long
def test_intervals_cover_the_truth():
    with executors.local() as pool:
        found = waits(pool)
    truth = {name: mean_wait_mmc(LANES, PER_DAY / 86400 * mean_s, mean_s) / 3600 for name, mean_s in MEAN_S.items()}

    plain = [mean_interval(row.tolist()) for row in found["base"]]
    covered = sum(e.low <= truth["base"] <= e.high for e in plain) / STUDIES
    assert 0.93 <= covered <= 0.97

    alone, together, ratios = [], [], []
    for study in range(STUDIES):
        values = {name: rows[study] for name, rows in found.items()}
        (single,) = against_base({name: values[name] for name in ("base", "faster")}, "base")
        alone.append(single.low <= truth["faster"] - truth["base"] <= single.high)
        family = against_base(values, "base")
        together.append(all(d.low <= truth[d.scenario] - truth["base"] <= d.high for d in family))
        ratios.append(single.variance_ratio)
    assert 0.93 <= sum(alone) / STUDIES <= 0.97
    assert sum(together) / STUDIES >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / STUDIES)
    print(
        f"\nplain {covered:.3f}, paired {sum(alone) / STUDIES:.3f}, simultaneous {sum(together) / STUDIES:.3f}; "
        f"common random numbers shrink the variance of a difference by {np.median(ratios):.1f}"
    )
    assert np.median(ratios) > 2, "common random numbers must pay"
