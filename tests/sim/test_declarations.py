"""What meters declare of their metrics, and the page of metrics that is made of it."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path

from sim.metrics.meter import STATISTICS
from sim.metrics.registry import METERS, METRICS

ROOT = Path(__file__).resolve().parents[2]
MORE_IS_BETTER = {"throughput_per_day", "second_loads_per_day", "shelf_life_d"}
NEITHER_IS_BETTER = {
    *("arrivals_per_day", "utilisation", "lane_group_utilisation", "open_lanes_h"),
    *("pool_utilisation", "area_trucks"),
}
LESS_IS_BETTER = {
    *("clearance_h", "passage_h", "no_queue_clearance_h", "backlog_h", "unfinished_share", "inside_end_trucks"),
    *("wait_h", "closed_h", "blocked_h", "queue_trucks", "stock_trucks", "stock_days"),
    *("outside_trucks", "outside_h", "tailback_km", "locked_trucks"),
    *("slot_delay_h", "without_slot_per_day", "no_shows_per_day"),
    *("shelf_life_lost_d", "short_life_share", "tonne_days_lost_per_day", "value_lost_usd_per_day"),
    *("turned_back_per_day", "turned_back_t_per_day"),
    *("overtime_h", "repair_share", "down_share", "queued_share", "over_target_share"),
}


def test_every_metric_says_which_direction_is_better():
    assert {metric.better for metric in METRICS.values()} == {"more", "less", "neither"}
    expected = {
        **dict.fromkeys(MORE_IS_BETTER, "more"),
        **dict.fromkeys(LESS_IS_BETTER, "less"),
        **dict.fromkeys(NEITHER_IS_BETTER, "neither"),
    }
    assert {name: METRICS[name].better for name in expected} == expected


def test_declarations_are_complete():
    for name, metric in METRICS.items():
        assert re.fullmatch(r"[a-z_]+", name)
        assert re.fullmatch(r"[A-Z].*[^.]", metric.title)
        assert re.fullmatch(r"[A-Z].*\.", metric.definition)
        assert metric.unit
        assert metric.source
        assert metric.statistics
        assert set(metric.statistics) <= STATISTICS.keys(), name


def test_no_two_metrics_share_a_name_or_a_title_and_no_two_meters_a_place():
    metrics = [metric for meter in METERS for metric in meter.metrics]
    for names in (
        [metric.name for metric in metrics],
        [metric.title for metric in metrics],
        [meter.place for meter in METERS],
    ):
        assert [name for name, times in Counter(names).items() if times > 1] == []


def test_every_file_of_a_meter_is_in_the_registry():
    folders = [ROOT / "sim" / "metrics" / name for name in ("resources", "stages", "trucks")]
    written = {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for folder in folders
        for path in folder.glob("*.py")
        if "(Meter):" in path.read_text(encoding="utf-8")
    }
    assert {meter.__module__ for meter in METERS} == written


def test_the_page_is_current() -> None:
    spec = importlib.util.spec_from_file_location("page", ROOT / "scripts" / "write_metrics_page.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert script.renewed(page) == page, "run python scripts/write_metrics_page.py"
