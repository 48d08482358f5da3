"""Runs, studies and comparisons by the door: results over their folders, as a notebook sees them."""

from __future__ import annotations

import gc
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bordergate as bg
from experiments.runs.statistics import mean_interval

SHORT: dict[str, Any] = {"days": 2, "warmup_days": 1, "replications": 4}
NUMBER = "clearance_h.mean.northbound"


@pytest.fixture(scope="module")
def base():
    return bg.run("minimal", **SHORT)


@pytest.fixture(scope="module")
def more():
    return bg.run(bg.load_gate("minimal").with_({"stages.booth.lanes": 3}), **SHORT)


def refused(call, *arguments, **options):
    with pytest.raises(bg.ConfigError) as error:
        call(*arguments, **options)
    return [str(finding) for finding in error.value.findings]


def test_a_result_shows_itself_in_a_few_lines(base):
    heading, *lines = repr(base).splitlines()
    assert heading == "minimal: 2 days from 2025-07-01 after 1 of warm-up, 4 replications, seed 1"
    assert [line.partition(": ")[0] for line in lines] == [
        f"{name}.northbound"
        for name in ("clearance_h.mean", "clearance_h.p90", "stock_trucks.end_of_day", "throughput_per_day.mean")
    ]
    assert base._repr_html_().count("<li>") == len(lines)
    assert len(repr(base)) < 500


def test_the_frame_of_metrics_has_each_number_once(base):
    frame = base.metrics
    assert list(frame) == ["metric", "statistic", "direction", "class", "stage", "value", "low", "high", "n", "unit"]
    row = frame[(frame["metric"] == "clearance_h") & (frame["statistic"] == "mean") & (frame["direction"].notna())]
    row = row[row["class"].isna()].iloc[0]
    assert tuple(row[["value", "low", "high", "n", "unit"]]) == (*base.metric(NUMBER)[:4], "h")


def test_replications_are_what_the_means_are_of(base):
    frame = base.replications
    assert list(frame) == ["metric", "statistic", "direction", "class", "stage", "replication", "value"]
    chosen = frame[(frame["metric"] == "clearance_h") & (frame["statistic"] == "mean") & frame["class"].isna()]
    assert list(chosen["replication"]) == [0, 1, 2, 3]
    assert mean_interval(list(chosen["value"])) == base.metric(NUMBER)
    assert len(frame) == 4 * len(base.metrics)


def test_tables_are_frames(base):
    assert set(base.events["replication"]) == set(base.trucks["replication"]) == {0}
    assert set(base.events["stage"]) == set(base.queues["stage"]) == set(bg.load_gate("minimal").stages)
    assert len(base.days) == 2 * 4
    assert isinstance(base.queues, pd.DataFrame)


def test_an_unknown_number_is_an_error_with_the_nearest_names(base):
    assert refused(base.metric, "clearance_h.p9.northbound") == [
        "metric = clearance_h.p9.northbound - this result has no such metric. "
        "Did you mean clearance_h.p99.northbound or clearance_h.p95.northbound or clearance_h.p90.northbound?"
    ]
    assert refused(base.metric, "???") == [
        "metric = ??? - this result has no such metric. The frame `.metrics` lists all that there are."
    ]


def test_a_plot_is_a_chart_that_a_notebook_shows(base):
    chart = base.plot("utilisation")
    shown = chart._repr_mimebundle_()
    assert any("vega" in kind or "html" in kind for kind in (shown[0] if isinstance(shown, tuple) else shown))
    assert chart.to_dict()["title"]
    assert refused(base.plot, "utilization") == [
        "plot = utilization - this result has no such plot. Did you mean utilisation?"
    ]


def test_events_are_there_only_if_kept():
    streamed = bg.run("minimal", days=1, warmup_days=0, replications=1, keep_events=0)
    assert refused(lambda: streamed.events) == [
        "keep_events = 0 - this result has no events. Run with keep_events of 1 or more."
    ]


def test_a_temporary_folder_goes_with_its_result():
    result = bg.run("minimal", days=1, warmup_days=0, replications=1)
    folder = result.folder
    assert folder.is_dir()
    del result
    gc.collect()
    assert not folder.parent.exists()


def test_replications_of_two_results_are_paired(base, more):
    compared = bg.compare(base, more)
    first, second = (
        frame[(frame["metric"] == "wait_h") & (frame["statistic"] == "mean") & (frame["stage"] == "booth")]
        for frame in (base.replications, more.replications)
    )
    by_hand = mean_interval(list(second["value"].to_numpy() - first["value"].to_numpy()))
    each = compared.metric("wait_h.mean.northbound@booth")
    assert each[2:5] == pytest.approx(by_hand[:3], rel=1e-12)
    assert each.method == "paired t"
    assert repr(compared).splitlines()[0] == "The second result less the first, paired by replication"
    frame = compared.frame
    row = frame[(frame["metric"] == "wait_h") & (frame["statistic"] == "mean") & (frame["stage"] == "booth")].iloc[0]
    assert row["difference"] == each.value
    assert row["second"] - row["first"] == pytest.approx(each.value)


def test_results_of_other_seeds_are_compared_by_welch(base):
    other = bg.run("minimal", **{**SHORT, "seed": 2})
    compared = bg.compare(base, other)
    a, b = (
        frame["value"].to_numpy()[
            ((frame["metric"] == "clearance_h") & (frame["statistic"] == "mean") & frame["class"].isna()).to_numpy()
        ]
        for frame in (base.replications, other.replications)
    )
    error = math.sqrt(np.var(a, ddof=1) / 4 + np.var(b, ddof=1) / 4)
    each = compared.metric(NUMBER)
    assert each.value == pytest.approx(b.mean() - a.mean())
    assert each.high - each.low > 2 * 1.96 * error
    assert each.method == "Welch"
    assert repr(compared).splitlines()[0] == (
        "The second result less the first, unpaired (Welch), because the seeds differ"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": "2025-07-08"}, "first days"),
        ({"days": 3}, "numbers of days"),
        ({"warmup_days": 2, "days": 1}, "numbers of days and warm-ups"),
        ({"trace": {"arrival": [600.0], "flow": ["general"]}}, "recorded trucks"),
    ],
)
def test_only_the_same_trucks_on_the_same_days_are_paired(base, options, words):
    compared = bg.compare(base, bg.run("minimal", **{**SHORT, **options}))
    assert not compared.paired
    assert compared.method == f"unpaired (Welch), because the {words} differ"
    assert compared.metric(NUMBER).method in ("Welch", "none")


def test_the_same_first_day_by_another_way_is_paired(base):
    start = str(bg.load_gate("minimal").start)
    assert bg.compare(base, bg.run("minimal", **SHORT, start=start, demand=1.1)).paired


def test_a_run_is_refused_with_every_finding():
    assert refused(bg.run, "minimum", days=0, upgrades=["more-bay"]) == [
        "days = 0 - too small. Use at least 1.",
        "gate = minimum - no such gate in the library. Did you mean minimal? Or name a YAML file.",
        "upgrades[0] = more-bay - no such upgrade in the library. Did you mean more-bays? Or name a YAML file.",
    ]


@pytest.mark.slow
def test_a_folder_is_opened_again(tmp_path, base):
    kept = bg.run("minimal", **SHORT, out=tmp_path / "kept")
    opened = bg.result(tmp_path / "kept")
    assert (tmp_path / "kept" / "report.html").is_file()
    assert repr(opened) == repr(kept) == repr(base)
    assert bg.compare(base, tmp_path / "kept").metric(NUMBER).value == 0
    assert refused(bg.result, tmp_path) == [
        f"DIR = {tmp_path} - is not a result folder. Name a folder that `bordergate run` or `bordergate study` wrote."
    ]


@pytest.mark.slow
def test_a_study_gives_its_advice_tables_and_plots(tmp_path):
    entries = [{"name": "third", "set": {"stages.booth.lanes": 3}}]
    written = bg.Study.model_validate(
        {"name": "booths", "question": "Does a third booth help?", "gate": "minimal", "scenarios": entries}
    )
    study = bg.study(written, **SHORT)
    assert repr(study).splitlines()[0].endswith("Does a third booth help?")
    assert set(study.table("estimates")["scenario"]) == {"base", "third"}
    assert study.plot("comparison").to_dict()["title"]
    assert "differences" in study.tables
    assert refused(bg.compare, study, study) == [
        f"folder = {study.folder} - is the result of a study. "
        "A study compares its scenarios itself: look at its table `differences`."
    ]
