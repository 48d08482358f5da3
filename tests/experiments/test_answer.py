"""Which stage or pool binds, in one sentence, and the tables of the screen."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from experiments.answers.labels import Labels
from experiments.answers.run_summary import (
    BINDING_UTILISATION,
    Binding,
    Metrics,
    bindings,
    read_summary,
    stage_table,
    stage_times,
    summary,
    time_table,
)
from gates import Gate, load_gate
from tests.experiments.folders import one_way, write_folder

STAGES: dict[str, dict[str, Any]] = {
    "booth": {"side": "vn", "lanes": 2, "hours": "08:00-18:00", "service": {"constant": "10 min"}},
    "bay": {"side": "cn", "lanes": 5, "hours": "24 h", "service": {"constant": "30 min"}},
    "desk": {"side": "vn", "lanes": "unlimited", "hours": "24 h", "service": {"constant": "5 min"}},
}
PATH = ["booth", "bay", {"mark": "released"}, "desk"]
GATE = one_way(stages=STAGES, paths={"northbound": PATH})
OFFICERS = {"title": {"en": "Customs officers"}, "side": "vn", "shifts": [{"hours": "08:00-18:00", "units": 9}]}


def row(metric: str, statistic: str, value: float | None, half: float | None = 0.0, **where: str) -> dict[str, Any]:
    ends = (None, None) if value is None or half is None else (value - half, value + half)
    names = {"direction": None, "class": None, "stage": None} | where
    return {
        "metric": metric,
        "statistic": statistic,
        "unit": "",
        "value": value,
        "low": ends[0],
        "high": ends[1],
    } | names


def metrics(booth: float, bay: float, half: float = 0.01, arriving: float = 60, released: float = 60) -> dict[str, Any]:
    north = {"direction": "northbound"}
    rows = [
        row("arrivals_per_day", "mean", arriving, 1.0, **north),
        row("throughput_per_day", "mean", released, 1.0, **north),
        row("utilisation", "share", booth, half, stage="booth"),
        row("utilisation", "share", bay, half, stage="bay"),
        row("wait_h", "mean", 1.5, 0.2, stage="booth", **north),
        row("wait_h", "mean", 0.4, 0.1, stage="bay", **north),
    ]
    return {"metrics": rows}


def manifest(gate: Gate = GATE, replications: int = 20) -> dict[str, Any]:
    document = gate.model_dump(mode="json", by_alias=True)
    return {
        "scenario": {"gate": document, "days": 1, "warmup_days": 0, "start": gate.start.isoformat()},
        "replications": replications,
        "seed": 1,
        "tick_zero": dt.datetime(2026, 3, 2, tzinfo=dt.UTC).isoformat(),
    }


def hours(stage: str, waiting: float, closed: float, served: float, replication: int = 0) -> dict[str, Any]:
    totals = {"waiting_h": waiting, "closed_h": closed, "served_h": served, "blocked_h": 0.0}
    return {"replication": replication, "stage": stage, "direction": "northbound", "visits": 60} | totals


def binding(found: dict[str, Any], rows: list[dict[str, Any]]) -> Binding:
    (only,) = bindings(Metrics(found), Labels(manifest()), stage_times(rows))
    return only


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_busiest_stage_binds_and_the_sentence_says_why():
    found = binding(metrics(booth=0.93, bay=0.4), [hours("booth", 90, 0, 10), hours("bay", 30, 0, 30)])
    assert found.stage == "booth"
    assert plain(found.sentence) == (
        "Northbound, the stage that binds is Booth: its lanes are busy 93.0 ± 1.0 % of their open time, and a truck "
        "waits 1.5 ± 0.2 h in line there, 75.0 % of all the time in line in this direction."
    )
    assert plain(" ".join(found.details)) == "No other stage is in use more than 70 % of its open time."


def test_the_next_stage_is_named():
    found = binding(metrics(booth=0.93, bay=0.8), [])
    assert plain(found.details[0]) == "Next comes Bay (80.0 ± 1.0 %)."


def test_stages_whose_intervals_overlap_are_not_told_apart():
    found = binding(metrics(booth=0.93, bay=0.92), [])
    assert plain(found.details[0]) == "About as busy: Bay (92.0 ± 1.0 %)."


def test_the_longest_line_is_named_where_it_is_elsewhere():
    found = binding(metrics(booth=0.93, bay=0.6), [hours("booth", 10, 0, 10), hours("bay", 30, 0, 30)])
    assert plain(found.details[1]) == "Most time in line, 75.0 %, is spent at Bay, whose lanes are busy 60.0 ± 1.0 %."


def test_below_the_threshold_nothing_binds_and_the_sentence_says_where_time_goes():
    rows = [hours("booth", 6, 0, 10), hours("bay", 0, 0, 30), hours("desk", 0, 0, 5)]
    found = binding(metrics(booth=0.55, bay=BINDING_UTILISATION - 0.001), rows)
    assert found.stage is None
    assert plain(found.sentence) == (
        "Northbound, no stage's capacity binds: the busiest, Bay, is in use 69.9 ± 1.0 % of its open time; most time "
        "goes to Bay, 0.50 h of 0.85 h a truck, mainly being served."
    )


def test_closed_hours_are_named_if_they_cost_more_than_lines():
    rows = [hours("booth", 6, 120, 10), hours("bay", 0, 0, 30)]
    found = binding(metrics(booth=0.55, bay=0.4), rows)
    assert plain(found.details[0]) == (
        "A truck spends 2.00 h before closed stages (2.00 h of it at Booth) and 0.10 h in line while they are open: "
        "opening hours explain more waiting than queues do."
    )


def test_opening_hours_are_not_blamed_for_the_line_of_a_stage_that_binds():
    rows = [hours("booth", 6, 120, 10), hours("bay", 0, 0, 30)]
    found = binding(metrics(booth=0.98, bay=0.4), rows)
    assert plain(found.details[-1]).endswith("and 0.10 h in line while they are open.")


def test_a_stock_that_grows_is_named():
    found = binding(metrics(booth=1.0, bay=0.4, arriving=70, released=60), [])
    assert plain(found.details[-1]) == (
        "More trucks arrive (70.0 ± 1.0 a day) than are released (60.0 ± 1.0), so the stock grows."
    )


def test_without_trucks_nothing_is_claimed():
    found = binding(metrics(booth=0.0, bay=0.0, arriving=0), [])
    assert (found.stage, found.sentence) == (None, "Northbound, no truck arrived in the measured period.")


def test_an_unlimited_stage_never_binds():
    found = metrics(booth=0.2, bay=0.1)
    assert "desk" not in [r["stage"] for r in found["metrics"] if r["metric"] == "utilisation"]
    assert binding(found, []).stage is None


def with_officers(*users: str) -> Gate:
    """Return the gate with officers whom some of its stages need."""
    stages = {name: stage | {"needs": {"officers": 1} if name in users else {}} for name, stage in STAGES.items()}
    return one_way(stages=stages, paths={"northbound": PATH}, pools={"officers": OFFICERS})


def officers_binding(busy: float, gate: Gate, rows: list[dict[str, Any]], **stages: float) -> Binding:
    found = metrics(**{"booth": 0.5, "bay": 0.4} | stages)
    found["metrics"].append(row("pool_utilisation", "share", busy, 0.01, stage="officers"))
    (only,) = bindings(Metrics(found), Labels(manifest(gate)), stage_times(rows))
    return only


def test_a_pool_that_stages_share_binds_and_is_named_with_them():
    rows = [hours("booth", 60, 0, 10), hours("bay", 30, 0, 30), hours("desk", 30, 0, 5)]
    found = officers_binding(0.97, with_officers("booth", "bay"), rows)
    assert (found.stage, found.pool) == (None, "officers")
    assert plain(found.sentence) == (
        "Northbound, the pool that binds is Customs officers, shared by Booth and Bay: its units are in use "
        "97.0 ± 1.0 % of their time on duty, and a truck waits in line 1.5 ± 0.2 h at Booth and 0.40 ± 0.10 h at Bay, "
        "75.0 % of all the time in line in this direction."
    )
    assert plain(" ".join(found.details)) == "No other stage or pool is in use more than 70 % of its time."


def test_a_line_for_the_pool_that_binds_is_not_a_line_elsewhere_and_others_are():
    gate = with_officers("booth", "bay")
    here = officers_binding(0.97, gate, [hours("booth", 10, 0, 10), hours("bay", 30, 0, 30), hours("desk", 5, 0, 5)])
    assert not [text for text in here.details if text.startswith("Most time in line")]
    other = officers_binding(0.97, gate, [hours("booth", 5, 0, 10), hours("bay", 5, 0, 30), hours("desk", 30, 0, 5)])
    assert plain(other.details[1]) == "Most time in line, 75.0 %, is spent at Desk."


def test_a_pool_comes_next_or_is_about_as_busy():
    gate = with_officers("booth", "bay")
    next_one = officers_binding(0.8, gate, [], bay=0.93)
    assert (next_one.stage, next_one.pool) == ("bay", None)
    assert plain(next_one.details[0]) == "Next comes Customs officers (80.0 ± 1.0 %, shared by Booth and Bay)."
    close = officers_binding(0.93, gate, [], bay=0.92)
    assert plain(close.details[0]) == "About as busy: Bay (92.0 ± 1.0 %)."


def test_a_pool_of_one_stage_says_where_it_is_needed():
    found = officers_binding(0.97, with_officers("bay"), [])
    assert plain(found.sentence).startswith("Northbound, the pool that binds is Customs officers, needed at Bay: ")


def test_below_the_threshold_the_pool_may_be_the_busiest():
    found = officers_binding(0.6, with_officers("booth", "bay"), [])
    assert (found.stage, found.pool) == (None, None)
    assert plain(found.sentence) == (
        "Northbound, no stage's or pool's capacity binds: the busiest, Customs officers, shared by Booth and Bay, is "
        "in use 60.0 ± 1.0 % of its time on duty."
    )


def test_a_pool_that_loaded_trucks_never_need_does_not_count():
    spare = {"spare": STAGES["desk"] | {"needs": {"officers": 1}}}
    gate = one_way(stages=STAGES | spare, paths={"northbound": PATH}, pools={"officers": OFFICERS})
    assert officers_binding(0.97, gate, []).pool is None


def test_hours_are_added_up_by_replication():
    rows = [hours("booth", 1, 2, 3), hours("booth", 5, 6, 7, replication=1), hours("bay", 1, 1, 1, replication=1)]
    found = stage_times(rows)
    assert found["northbound", "booth"].waiting == (1.0, 5.0)
    assert found["northbound", "bay"].served == (0.0, 1.0)


def test_shares_have_intervals_over_replications():
    rows = [hours("booth", 60, 0, 1), hours("bay", 40, 0, 1), hours("booth", 80, 0, 1, 1), hours("bay", 20, 0, 1, 1)]
    found = binding(metrics(booth=0.93, bay=0.4), rows)
    assert "70 ± 127 %" in plain(found.sentence)  # t(0.975, 1) = 12.706 times 10 % points


@pytest.mark.parametrize(
    ("replications", "said"), [(1, "One replication gives no interval"), (20, "± half of the 95 %")]
)
def test_the_basis_says_what_the_intervals_are(replications, said):
    assert said in summary(metrics(0.5, 0.5), manifest(replications=replications)).basis


def test_the_screen_shows_what_a_run_must_show(tmp_path):
    found = read_summary(write_folder(tmp_path / "run", load_gate("friendship-pass"), replications=2))
    texts = [table.title for table in found.tables]
    assert texts == [
        "A day at the gate",
        "Time at the gate",
        "Stages, northbound",
        "Stages, southbound",
        "Areas",
        "Pools",
    ]
    assert len(found.answers) == 2
    assert all(answer.startswith(("Northbound, ", "Southbound, ")) for answer in found.answers)
    for table in found.tables:
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
    times = dict((row[0], row[1:]) for row in found.tables[1].rows)
    assert set(times) == {f"{name}, {d}" for name in ("Clearance", "Passage") for d in ("northbound", "southbound")}
    assert "±" in times["Clearance, southbound"][0]
    assert any("still inside" in note for note in found.notes)


def test_the_screen_leaves_out_stages_without_waits_and_the_report_does_not():
    labels, found = Labels(manifest()), Metrics(metrics(0.2, 0.1))
    assert [r[0] for r in stage_table(found, labels, "northbound").rows] == ["Booth", "Bay", "Desk"]
    assert [r[0] for r in stage_table(found, labels, "northbound", only_waits=True).rows] == ["Booth", "Bay"]
    assert stage_table(found, labels, "northbound").rows[2][-1] == "no limit"


def test_a_percentile_beyond_the_run_is_a_dash():
    found = metrics(0.2, 0.1)
    found["metrics"].append(row("clearance_h", "p99", None, direction="northbound"))
    (all_trucks, _) = time_table(Metrics(found), Labels(manifest()), "clearance_h", "Clearance").rows
    assert all_trucks == ("Northbound, all", "–", "–", "–", "–", "–")
