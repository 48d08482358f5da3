"""What each plot shows: the rows of its data, its caption and its text for those who do not see it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pandas as pd
import pytest

from experiments.plots import theme
from experiments.plots.days import end_of_day_stock, throughput
from experiments.plots.draw import read_plots
from experiments.plots.hours import clearance_by_arrival, lanes_in_use, queue_map
from experiments.plots.marks import NARROW, WIDE
from experiments.plots.road import tailback_by_hour
from experiments.plots.stages import MOST_PANELS, queue_by_hour, where_time_goes
from experiments.plots.trucks import clearance_distribution, journeys
from experiments.result_folder import read_json
from tests.experiments.charts import labels, rows_of
from tests.experiments.folders import TWO_STAGES, one_way, write_folder


def stages_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "replication": [0, 1, 0, 1],
            "stage": ["booth", "booth", "desk", "desk"],
            "direction": "northbound",
            "visits": 10,
            "waiting_h": [10.0, 30.0, 0.0, 0.0],
            "closed_h": [5.0, 5.0, 0.0, 0.0],
            "served_h": [5.0, 5.0, 1.0, 1.0],
            "blocked_h": 0.0,
        }
    )


def days_table() -> pd.DataFrame:
    """Ten trucks a replication, over two days."""
    return pd.DataFrame(
        {
            "replication": [0, 0, 1, 1],
            "day": [0, 1, 0, 1],
            "date": [dt.date(2026, 3, 2), dt.date(2026, 3, 3)] * 2,
            "direction": "northbound",
            "arrived": [4, 6, 5, 5],
            "released": [3, 6, 5, 4],
            "departed": 0,
            "stock": [1, 1, 0, 1],
        }
    )


def test_hours_are_a_mean_over_all_trucks_of_the_direction():
    plot = where_time_goes(stages_table(), days_table(), labels())
    totals = {row["stage"]: (row["mean"], row["low"], row["high"]) for row in rows_of(plot) if "mean" in row}
    assert totals == {"booth": (3.0, 2.0, 4.0), "desk": (0.1, 0.1, 0.1)}
    states = {row["state"]: row["hours"] for row in rows_of(plot) if row.get("stage") == "booth" and "state" in row}
    assert states == {"waiting_h": 2.0, "closed_h": 0.5, "blocked_h": 0.0, "served_h": 0.5}
    assert plot.alt == "Bars by stage and direction. The longest: 3.0 h northbound (Booth)."


def test_the_time_of_a_hold_is_no_processing():
    stages = {**TWO_STAGES["stages"], "desk": {**TWO_STAGES["stages"]["desk"], "hold": True}}
    plot = where_time_goes(stages_table(), days_table(), labels(one_way(stages=stages)))
    hours = {(row["stage"], row["state"]): row["hours"] for row in rows_of(plot) if "state" in row}
    assert [hours["desk", state] for state in ("served_h", "held_h")] == [0.0, 0.1]
    assert [hours["booth", state] for state in ("served_h", "held_h")] == [0.5, 0.0]


def test_stock_and_throughput_have_bands_over_replications():
    stock = [row for row in rows_of(end_of_day_stock(days_table(), labels())) if "mean" in row]
    first = next(row for row in stock if row["date"].startswith("2026-03-02"))
    assert (first["mean"], first["low"], first["high"]) == (0.5, 0, 1)
    counts = [row for row in rows_of(throughput(days_table(), labels())) if "mean" in row]
    arrived = {row["date"][:10]: row["mean"] for row in counts if row["what"] == "arrived"}
    assert arrived == {"2026-03-02": 4.5, "2026-03-03": 5.5}


# One truck stands outside at 05:00-06:00 of the first day and three at the same hour of the second, 1 km each.
ROAD: dict[str, Any] = {
    "areas": {"apron": {"spaces": 9, "stages": ["booth"], "road_per_truck": 12}},
    "road_per_truck": "1 km",
}


def road_table(*more: float) -> pd.DataFrame:
    """Return the tail-back of two days; of each further replication, what it has more at that hour [km]."""
    hours = pd.DataFrame({"hour": range(48), "direction": "northbound", "area": None, "mean_km": 0.0, "max_km": 0.0})
    hours.loc[hours["hour"] == 5, ["mean_km", "max_km"]] = 1.0
    hours.loc[hours["hour"] == 29, ["mean_km", "max_km"]] = 3.0
    found = []
    for replication, extra in enumerate((0.0, *more)):
        there = hours["mean_km"] > 0
        changed = {name: hours[name] + extra * there for name in ("mean_km", "max_km")}
        found.append(hours.assign(replication=replication, **changed))
    return pd.concat(found)


def queue_table(days: int) -> pd.DataFrame:
    """Return two trucks in the queue of the booth at every hour."""
    return pd.DataFrame({"replication": 0, "hour": range(24 * days), "stage": "booth", "mean": 2.0, "max": 2})


def closed_hours(**changes: Any) -> dict[tuple[float, float], float]:
    """Return the share of three days on which the booth is closed, by time of day."""
    gate = one_way(**changes)
    plot = queue_by_hour(queue_table(3), labels(gate, days=3, start=gate.start.isoformat()))
    assert "Grey: the stage is closed; the paler, the fewer days." in plot.caption
    return {(row["from"], row["to"]): row["share"] for row in rows_of(plot) if "share" in row}


def test_closed_hours_follow_the_clocks_day_by_day():
    """08:00-18:00 in Minsk is 06:00-16:00 in Warsaw on 28 March 2026 and 07:00-17:00 from the next day on."""
    clocks = {"sides": {"vn": "Europe/Minsk", "cn": "Europe/Warsaw"}, "end_of_day": {"at": "20:00", "side": "cn"}}
    shares = closed_hours(**clocks, start="2026-03-28")
    expected = {(0, 6): 1, (6, 7): 2 / 3, (16, 17): 1 / 3, (17, 24): 1}
    assert shares == pytest.approx(expected, abs=1e-6)


def test_closed_hours_are_those_of_the_weekdays():
    """Friday to Sunday: the booth opens at 08:00, on Saturday only until noon, and not on Sunday."""
    stages = one_way().model_dump(mode="json", by_alias=True)["stages"]
    stages["booth"]["hours"] = {"fri": "08:00-18:00", "sat": "08:00-12:00"}
    shares = closed_hours(stages=stages, start="2026-03-06")
    assert shares == pytest.approx({(0, 8): 1, (8, 12): 1 / 3, (12, 18): 2 / 3, (18, 24): 1}, abs=1e-6)


def test_a_tailback_is_a_mean_with_its_interval_and_the_longest_of_all():
    """Means of the two replications: 2 and 3 km; 2.5 ± t(0.975, 1) * 0.5 km, and no road before the gate."""
    plot = tailback_by_hour(road_table(1.0), labels(one_way(**ROAD)))
    at_five = {row["line"]: row["km"] for row in rows_of(plot) if row.get("line") and row["hour"] == 5}
    assert at_five == {"mean": 2.5, "highest": 4.0}
    (band,) = ({name: row[name] for name in ("low", "high")} for row in rows_of(plot) if row.get("mean"))
    assert band == pytest.approx({"low": 0, "high": 2.5 + 12.706 * 0.5}, abs=1e-3)
    assert not any(row["km"] for row in rows_of(plot) if row.get("line") and row["hour"] != 5)
    assert plot.alt == "Tail-back by hour of day. Northbound (Vietnam to China): 4 km at the longest."
    axis = json.dumps(plot.chart(WIDE).to_dict())
    assert "Tail-back [km]" in axis
    assert '"domainMin": 0' in axis


def test_a_road_on_which_nobody_stands_has_no_panel_and_is_named():
    road = pd.concat([road_table(1.0), road_table(1.0).assign(direction=None, area="apron", mean_km=0.0, max_km=0.0)])
    plot = tailback_by_hour(road, labels(one_way(**ROAD)))
    assert (
        "outside because the gate is full, or stand on Apron, 12\N{NO-BREAK SPACE}m and 1000\N{NO-BREAK SPACE}m each."
        in plot.caption
    )
    assert plot.caption.endswith("Nobody ever stands there: Apron.")
    assert "own scale" not in plot.caption


def test_a_tailback_of_nobody_says_so():
    plot = tailback_by_hour(road_table().assign(mean_km=0.0, max_km=0.0), labels(one_way(**ROAD)))
    assert plot.alt == "Nobody ever stands on the road."
    assert "Line" not in plot.caption
    assert "At no time does a truck stand on the road" in theme.svg_of(plot.chart(WIDE))


def test_trucks_before_a_full_gate_stand_on_the_road(tmp_path):
    yard = {"yard": {"spaces": 2, "stages": ["booth"], "road_per_truck": "12 m"}}
    folder = write_folder(tmp_path / "run", one_way(90, areas=yard, road_per_truck="20 m"), replications=2)
    plot = {plot.name: plot for plot in read_plots(folder)}["tailback-by-hour"]
    metrics = {
        (r["metric"], r["statistic"], r["direction"], r["stage"]): r
        for r in read_json(folder / "metrics.json")["metrics"]
    }
    hours = pd.read_parquet(folder / "tailback.parquet")
    for direction, area in (("northbound", None), (None, "yard")):
        here = hours[(hours["direction"] == direction) if direction else (hours["area"] == area)]
        mean = metrics["tailback_km", "mean", direction, area]["value"]
        assert here["mean_km"].mean() == pytest.approx(mean)
        assert here.groupby("replication")["max_km"].max().mean() == pytest.approx(
            metrics["tailback_km", "max", direction, area]["value"]
        )
    assert "Yard: 0.024 km at the longest" in plot.alt
    for width in (WIDE, NARROW):
        assert "Tail-back [km]" in theme.svg_of(plot.chart(width))


def test_an_hour_of_the_day_is_the_mean_over_days():
    """The booth has 2 trucks in line at 05:00-06:00 of the first day and 6 of the second: 4 on average."""
    hours = pd.DataFrame({"replication": 0, "hour": range(48), "stage": "booth", "mean": 0.0, "max": 0})
    hours.loc[hours["hour"] == 5, "mean"] = 2.0
    hours.loc[hours["hour"] == 29, "mean"] = 6.0
    plot = queue_by_hour(pd.concat([hours, hours.assign(replication=1)]), labels())
    waiting = {row["hour"]: row["mean"] for row in rows_of(plot) if "mean" in row}
    assert waiting == {hour: 4.0 if hour == 5 else 0.0 for hour in range(25)}
    shut = [(row["from"], row["to"]) for row in rows_of(plot) if "from" in row]
    assert shut == [(0, 8), (18, 24)]


def test_stages_without_a_panel_are_named():
    stages = {f"s{n}": TWO_STAGES["stages"]["desk"] for n in range(MOST_PANELS + 2)}
    gate = one_way(stages=stages, paths={"northbound": list(stages)})
    queues = pd.DataFrame(
        [(0, hour, name, 20.0 - n if n < 13 else 0.2, 0) for n, name in enumerate(stages) for hour in range(24)],
        columns=["replication", "hour", "stage", "mean", "max"],
    )
    caption = queue_by_hour(queues, labels(gate)).caption
    assert f"Not drawn: S{MOST_PANELS} 8 trucks at most." in caption
    assert "the queue is shorter than one truck at any hour" in caption


def test_a_curve_ends_where_some_replication_knows_no_more():
    curves = pd.DataFrame(
        {
            "replication": [0, 0, 1, 1],
            "measure": "clearance",
            "direction": "northbound",
            "class": None,
            "percent": [50.0, 90.0, 50.0, 90.0],
            "hours": [2.0, 8.0, 4.0, None],
        }
    )
    found = [row for row in rows_of(clearance_distribution(curves, labels())) if "percent" in row]
    assert {(row["percent"], row["mean"], row["low"], row["high"]) for row in found} == {(50.0, 3.0, 2.0, 4.0)}


def test_a_journey_is_drawn_as_it_happened():
    """One truck: in line 9:00-10:00, served until 12:00 at the booth, then at the desk until the end."""
    hour = 3_600_000
    events = pd.DataFrame(
        {
            "truck": [0, 0],
            "class": "general",
            "direction": "northbound",
            "stage": ["booth", "desk"],
            "joined": [9 * hour, 12 * hour],
            "started": [10 * hour, 12 * hour],
            "finished": [12 * hour, None],
            "left": [12 * hour, None],
        }
    )
    plot = journeys(events, labels(days=1))
    lines = {(row["state"], row["from"], row["to"], row["y"], row["y2"]) for row in rows_of(plot) if "state" in row}
    assert lines == {
        ("waits", 9, 10, 0, 0),
        ("served", 10, 12, 0, 0),
        ("moves", 12, 12, 0, 1),
        ("served", 12, 24, 1, 1),
    }
    assert "1 truck of the first replication, drawn evenly from those that arrive on 2 March 2026" in plot.caption
    assert "Times: Vietnam time (UTC+7) above, China time (UTC+8) below." in plot.caption
    axis = json.dumps(plot.chart(WIDE).to_dict(), ensure_ascii=False)
    assert '\\"12\\": [\\"12:00\\", \\"13:00\\"]' in axis


# By hour of day

HOUR = 3_600_000


def test_a_cell_of_the_map_is_a_mean_over_days_and_replications():
    """Two days; 4 and 8 trucks stand at the booth from 7 to 8 in one replication, 0 in the other: 3 on average."""
    hours = [(replication, hour) for replication in (0, 1) for hour in range(48)]
    stands = {(0, 7): 4.0, (0, 31): 8.0}
    queues = pd.DataFrame(
        [
            {"replication": r, "hour": h, "stage": stage, "mean": stands.get((r, h), 0.0) if stage == "booth" else 0.1}
            for r, h in hours
            for stage in ("booth", "desk")
        ]
    )
    plot = queue_map(queues, labels())
    cells = {(row["stage"], row["hour"]): row["mean"] for row in rows_of(plot) if "mean" in row}
    assert cells == {("booth", hour): 3.0 if hour == 7 else 0.0 for hour in range(24)}, "the desk has no row"
    assert "Most stand at Booth at 7:00, 3." in plot.alt


def test_clearance_by_arrival_counts_trucks_that_are_still_inside_as_longer():
    """Of 20 trucks that arrive at 8 in the morning, 19 take 1, 2, ... 19 h, and one is still inside."""
    begin = labels().ticks(labels().midnight(0))
    arrived = begin + 8.5 * HOUR
    released = [arrived + hours * HOUR for hours in range(1, 20)] + [None]
    some = {"replication": 0, "direction": "northbound"}
    trucks = pd.DataFrame([{**some, "arrived": arrived, "released": each} for each in released])
    few = pd.DataFrame([{**some, "arrived": begin + 9.5 * HOUR, "released": begin + 10 * HOUR}] * 19)
    plot = clearance_by_arrival(pd.concat([trucks, few]).astype({"released": float}), labels())
    shown = [row for row in rows_of(plot) if row.get("p50") is not None]
    assert [(row["hour"], row["p10"], row["p50"], row["p90"]) for row in shown] == [(8, 3.0, 11.0, 19.0)]
    assert "From 1 replication" in plot.caption


def test_lanes_in_use_are_time_over_time():
    """One of two days: a visit from 7:30 to 9:15, so 0.5, 1 and 0.25 lane hours, halved over the two days."""
    begin = labels().ticks(labels().midnight(0))
    visit = {"stage": "booth", "started": begin + 7.5 * HOUR, "left": begin + 9.25 * HOUR}
    waits = {"stage": "booth", "started": None, "left": None}
    plot = lanes_in_use(pd.DataFrame([visit, waits]).astype({"started": float, "left": float}), labels())
    used = {row["hour"]: row["lanes"] for row in rows_of(plot) if "hour" in row}
    assert {hour: lanes for hour, lanes in used.items() if lanes} == {7: 0.25, 8: 0.5, 9: 0.125}
