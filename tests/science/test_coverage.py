"""Intervals cover what they should: many studies of queues whose means are known.

The queue is M/M/c, whose mean wait is Erlang's (`tests.science.theory`). Seeds are fixed, so the counts are exact. With
a true coverage of 95 % a count outside its bounds would come in 4 of 1,000 sets of seeds: 93 to 97 % of 1,000 studies.
"""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
import pytest
from scipy import stats

from experiments.runs import executors
from experiments.runs.replications import Runner
from experiments.runs.settings import Setup
from experiments.runs.statistics import mean_interval
from experiments.studies.compare import against_base
from gates import Gate, Scenario
from sim.metrics.meter import Key
from tests.science.theory import mean_wait_mmc

REPLICATIONS = 10
MISSED = 0.004
"""Chance that a share of studies is out of its bounds although the coverage is 95 %."""
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


def waits(executor: Executor, studies: int) -> dict[str, np.ndarray]:
    """Return scenario -> (studies, replications) mean wait [h]; a study has its own seed."""
    found = {}
    for name, mean_s in MEAN_S.items():
        scenario = Scenario(gate=gate(mean_s), days=12, warmup_days=1)
        setups = [Setup(scenario=scenario, seed=seed) for seed in range(studies)]
        runner = Runner(executor)
        found[name] = np.array(runner.table(setups, range(REPLICATIONS), lambda measures: measures.values[WAIT]))
    return found


@pytest.mark.long
@pytest.mark.series(name="coverage")
def test_intervals_cover_the_truth(times, record_property):
    with executors.local() as pool:
        found = waits(pool, times)
    low, high = stats.binom.interval(1 - MISSED, times, 0.95)
    truth = {name: mean_wait_mmc(LANES, PER_DAY / 86400 * mean_s, mean_s) / 3600 for name, mean_s in MEAN_S.items()}

    plain = [mean_interval(row.tolist()) for row in found["base"]]
    covered = sum(e.low <= truth["base"] <= e.high for e in plain)
    assert low <= covered <= high

    alone, together, ratios = [], [], []
    for study in range(times):
        values = {name: rows[study] for name, rows in found.items()}
        (single,) = against_base({name: values[name] for name in ("base", "faster")}, "base")
        alone.append(single.low <= truth["faster"] - truth["base"] <= single.high)
        family = against_base(values, "base")
        together.append(all(d.low <= truth[d.scenario] - truth["base"] <= d.high for d in family))
        ratios.append(single.variance_ratio)
    record_property(
        "shown",
        f"cover the truth: {covered / times:.1%} alone, {sum(alone) / times:.1%} of differences, "
        f"{sum(together) / times:.1%} of families; paired variance {np.median(ratios):.1f} times smaller",
    )
    assert low <= sum(alone) <= high
    assert sum(together) / times >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / times)
    assert np.median(ratios) > 2, "common random numbers must pay"
