"""A gate with pools and areas, from the run to the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.answers.run_summary import read_summary
from experiments.report.html import write_report
from experiments.result_folder import read_json
from gates import Gate
from tests.experiments.drawn import draw_plots
from tests.experiments.folders import one_way, write_folder

ALL_DAY = {"side": "vn", "hours": "24 h"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A booth before a yard that is too small: the booth is blocked, and trucks stand outside."""
    return write_folder(tmp_path_factory.mktemp("limits") / "result", limited())


def limited() -> Gate:
    return one_way(
        per_day=60,
        stages={
            "booth": {**ALL_DAY, "lanes": 1, "service": {"exponential": {"mean": "8 min"}}, "takes": {"tractor": 1}},
            "desk": {**ALL_DAY, "lanes": "unlimited", "service": {"exponential": {"mean": "20 min"}}}
            | {"needs": {"officer": 1}, "gives": {"tractor": 1}},
        },
        pools={
            "officer": {"side": "vn", "shifts": [{"hours": "24 h", "units": 1}], "title": {"en": "Desk officer"}},
            "tractor": {"side": "vn", "shifts": [{"hours": "24 h", "units": 4}], "comes_back": {"constant": "5 min"}},
        },
        areas={"apron": {"spaces": 3, "stages": ["booth"]}, "yard": {"spaces": 2, "stages": ["desk"]}},
    )


def test_the_summary_shows_pools_areas_and_who_is_outside(folder: Path) -> None:
    tables = {table.title: table for table in read_summary(folder).tables}
    assert [row[0] for row in tables["Pools"].rows] == ["Desk officer", "Tractor"]
    assert [row[:2] for row in tables["Areas"].rows] == [("Apron", "3"), ("Yard", "2")]
    assert any(row[0].startswith("Queue outside") and row[1] != "0" for row in tables["A day at the gate"].rows)


def test_metrics_name_pools_and_areas_as_stages(folder: Path) -> None:
    rows = read_json(folder / "metrics.json")["metrics"]
    assert {row["stage"] for row in rows if row["metric"] == "pool_utilisation"} == {"officer", "tractor"}
    assert {row["stage"] for row in rows if row["metric"] == "area_trucks"} == {"apron", "yard"}


@pytest.mark.slow
def test_plots_and_report_are_drawn_with_blocked_time(folder: Path) -> None:
    draw_plots(folder)
    picture = (folder / "plots" / "where-time-goes.svg").read_text(encoding="utf-8")
    assert ">Blocked<" in picture
    assert ">Outside the gate<" in picture
    page = write_report(folder).read_text(encoding="utf-8")
    assert "Desk officer" in page
    assert "Areas" in page
