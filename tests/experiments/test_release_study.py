"""A Time Release Study: numbers worked by hand, and the same from a run and from its exported log."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.app import app
from experiments.logs.export import export
from experiments.logs.kept import KeptLog
from experiments.logs.read_log import LogColumns, named_columns, read_log
from experiments.logs.release_study import release_study, write_study
from experiments.logs.release_times import (
    TOTAL,
    ReleaseTimes,
    censored_quantiles,
    daily,
    numbers_of,
    of_log,
    of_result,
    table_of,
    trend,
)
from gates import ConfigError
from tests.experiments.folders import one_way, write_folder

VN = "Asia/Ho_Chi_Minh"
WIDE = """Plate,Arrived,Inspected,Released,Lane
A,03/04/2026 08:00,03/04/2026 09:00,03/04/2026 10:00,red
B,03/04/2026 08:30,03/04/2026 08:30,03/04/2026 09:00,green
C,03/04/2026 09:00,,,green
A,03/04/2026 08:00,03/04/2026 09:00,03/04/2026 10:00,red
D,03/04/2026 10:00,03/04/2026 09:30,03/04/2026 13:00,red
"""


@pytest.fixture
def wide(tmp_path: Path) -> ReleaseTimes:
    path = tmp_path / "wide.csv"
    path.write_text(WIDE)
    names = named_columns(["truck=Plate", "channel=Lane"])
    columns = LogColumns(names, ("Arrived", "Inspected", "Released"), VN, day_first=True)
    return of_log(read_log(path, columns), "A post", VN)


def test_numbers_of_one_interval() -> None:
    # 1, 2, 3, 4 and 100 h, and one that still runs: quartiles 2 and 4, so beyond 4 + 3 * 2 = 10 h is an outlier
    hours = np.array([1, 2, 3, 4, 100, math.nan])
    found = numbers_of(hours, np.array([200.0, 200, 200, 200, 200, 12]), target_h=3)
    assert found["n"] == 5
    assert found["unfinished"] == 1
    assert found["mean_h"] == 22
    assert found["median_h"] == 3
    assert found["outliers"] == 1
    assert found["mean_without_outliers_h"] == 2.5
    assert found["within_target"] == 3 / 6  # the one that runs has taken longer already
    soon = numbers_of(hours, np.array([200.0, 200, 200, 200, 200, 2]), target_h=3)
    assert soon["within_target"] == 3 / 5  # it may still be in time: it counts neither way


def test_a_log_with_a_row_a_truck(wide: ReleaseTimes) -> None:
    table = {(row["segment"], row["interval"], row["value"]): row for row in table_of(wide).to_dict("records")}
    # A 2 h, B 0.5 h, D 3 h; C has arrived and is not released
    whole = table["all", TOTAL, "all"]
    assert (whole["n"], whole["unfinished"]) == (3, 1)
    assert whole["mean_h"] == pytest.approx(5.5 / 3)
    assert whole["median_h"] == 2
    first = table["all", "Arrived to Inspected", "all"]
    assert first["mean_h"] == pytest.approx((1 + 0 - 0.5) / 3)  # D was inspected before it arrived
    assert first["share_of_total"] == pytest.approx(0.5 / 5.5)
    assert table["channel", TOTAL, "red"]["mean_h"] == 2.5
    assert "1 rows that stand twice were left out." in wide.notes
    assert any("1 intervals end before they begin: Arrived to Inspected (1)" in note for note in wide.notes)
    assert wide.spans["begin"].min() == pd.Timestamp("2026-04-03T01:00Z")  # 3 April, 08:00 in Vietnam


def test_a_run_and_its_exported_log_give_the_same(tmp_path: Path) -> None:
    gate = one_way(per_day=60)
    folder = write_folder(tmp_path / "run", gate, days=3, warmup_days=0, replications=1)
    export(folder, "csv", tmp_path / "csv")
    own = table_of(of_result(KeptLog(folder)))
    titles = {stage: KeptLog(folder).labels.stage(stage) for stage in gate.stages}
    log = read_log(tmp_path / "csv" / "events.csv")
    other = table_of(of_log(log, "log", VN, ["booth"]))
    other["interval"] = [
        titles.get(n.partition(":")[0], n.partition(":")[0]) + ":" * (":" in n) + n.partition(":")[2]
        for n in other["interval"]
    ]
    keys = ["segment", "interval", "value"]
    both = own.merge(other, on=keys, suffixes=("", "_log"))
    assert {TOTAL, "Booth: queue", "Booth: service", "Desk: service"} <= set(both["interval"])
    for name in ("n", "unfinished", "mean_h", "median_h", "p10_h", "p90_h", "outliers", "share_of_total"):
        np.testing.assert_allclose(both[name].astype(float), both[f"{name}_log"].astype(float), atol=1e-9, err_msg=name)
    # second way: 10 min of service at the booth and nothing else but its queue before the release
    rows = own[own["segment"] == "all"].set_index("interval")
    assert rows.loc["Booth: service", "mean_h"] == pytest.approx(1 / 6)
    parts = rows.loc[["Booth: queue", "Booth: service"], "share_of_total"].sum()
    assert parts == pytest.approx(1, abs=1e-6)


def test_the_trend_of_daily_medians() -> None:
    dates = pd.date_range("2026-03-02", periods=9).date
    rising = pd.DataFrame({"date": dates, "median_h": 2 + 0.5 * np.arange(9)})
    found = trend(rising)
    assert found is not None
    assert found.per_day == pytest.approx(0.5)
    assert found.low == pytest.approx(0.5)
    assert trend(rising.head(6)) is None


def test_percentiles_count_those_that_still_wait() -> None:
    # 1, 2 and 3 h, and one that waits: for 0.5 h, so it is one of the three: of 1 - 2/3 * 1/2 half are released by 2 h;
    # for 10 h, so it is longer than all: by 2 h two of four are released, and nine in ten never
    hours = np.array([3, 1, math.nan, 2])
    assert censored_quantiles(hours, np.full(4, 0.5), (0.5, 0.9)) == [2, 3]
    soon, late = censored_quantiles(hours, np.full(4, 10.0), (0.5, 0.9))
    assert soon == 2
    assert math.isnan(late)
    assert all(map(math.isnan, censored_quantiles(np.full(2, math.nan), np.ones(2), (0.5, 0.9))))


def test_a_day_is_one_of_the_zone(wide: ReleaseTimes) -> None:
    days = daily(wide)
    assert days["date"].astype(str).tolist() == ["2026-04-03"]
    assert days["n"].tolist() == [4]  # A 2 h, B 0.5 h, D 3 h, and C waits for 4 h until the last moment, at 13:00
    assert days["median_h"].tolist() == [2]


def test_a_study_is_written_and_says_what_it_leaves_out(wide: ReleaseTimes, tmp_path: Path) -> None:
    study = release_study(wide, target_h=2)
    assert study.answers[0].startswith("All trucks: from arrival to release mean 1.8")
    assert "Within the target of 2" in study.answers[0]
    folder = write_study(study, tmp_path / "trs")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    assert names == {
        "intervals.csv",
        "days.csv",
        "study.json",
        *(f"plots/{name}.svg" for name in ("intervals", "release-by-group", "release-by-day")),
    }
    with pytest.raises(ConfigError, match="exists already"):
        write_study(study, folder)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("Plate,At\nA,8:00", ["--column", "truck=Plate"], "no column holds moments"),
        ("truck,At\nA,2026-04-03 08:00", ["--moments", "At"], "holds times without a time zone"),
        ("truck,At\nA,soon", ["--moments", "At", "--zone", VN], "1 cells are not times, such as soon"),
        ("truck,At\nA,5", ["--moments", "At", "--zone", VN], "holds numbers, not dates"),
        ("truck,At\nA,2026-04-03 08:00", ["--moments", "Art", "--zone", VN], "Did you mean At?"),
        ("truck,At\nA,2026-04-03 08:00", ["--moments", "At", "--zone", "Asia/Nowhere"], "is not a time zone"),
        ("truck,At\n", ["--moments", "At"], "has no rows"),
        ("truck,At\nA,2026-04-03 08:00", ["--column", "truck"], "does not name two columns"),
    ],
)
def test_a_log_that_cannot_be_read_says_why(tmp_path: Path, text: str, options: list[str], said: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    done = CliRunner().invoke(app, ["trs", str(path), *options, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert not (tmp_path / "out").exists()


def test_options_of_a_log_are_refused_beside_a_result(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "run", one_way(), days=1, replications=1)
    done = CliRunner().invoke(app, ["trs", str(folder), "--zone", VN])
    assert done.exit_code == 2
    assert "--zone" in done.output
    done = CliRunner().invoke(app, ["trs", str(folder), "--target", "1", "--out", str(tmp_path / "trs")])
    assert done.exit_code == 0, done.output
    assert "By side" in done.output


def test_times_that_clocks_skip_count_as_empty(tmp_path: Path) -> None:
    # in Warsaw 02:30 does not exist on 29 March 2026
    path = tmp_path / "log.csv"
    path.write_text("truck,a,b\nA,2026-03-29 02:30,2026-03-29 04:00\nB,2026-03-29 01:30,2026-03-29 04:00\n")
    log = read_log(path, LogColumns(moments=("a", "b"), zone="Europe/Warsaw"))
    assert log.rows["a"].isna().tolist() == [True, False]
    assert any("come twice or never" in note for note in log.cleaned)
    # B: from 01:30 (UTC+1) to 04:00 (UTC+2) is 1.5 h
    spans = of_log(log, "x", "Europe/Warsaw").spans
    assert spans.loc[spans["interval"] == TOTAL, "hours"].tolist() == [1.5]
