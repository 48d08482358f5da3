"""Results over HTTP: numbers, series, event logs, replays, plots and the report."""

from __future__ import annotations

import heapq
import io
import itertools
import json
import re
import shutil
import time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.plots import theme
from tests.api.servers import ASKED, SHORT, finished, problem, submitted


def test_metrics_as_json_and_as_a_table(client, run, data):
    stored = json.loads((data / "runs" / run["id"] / "metrics.json").read_text(encoding="utf-8"))
    answer = client.get(run["links"]["metrics"])
    assert answer.json() == stored
    assert client.get(run["links"]["metrics"], headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    table = client.get(run["links"]["metrics"], headers={"Accept": "text/csv"}).text.splitlines()
    assert table[0] == "metric,statistic,direction,class,stage,unit,value,low,high,n,unreached"
    assert len(table) == len(stored["metrics"]) + 1
    problem(client.get(run["links"]["metrics"], headers={"Accept": "image/png"}), 406, "not-acceptable")


def test_queue_series(client, run, data):
    queues = pq.read_table(data / "runs" / run["id"] / "queues.parquet").to_pandas()
    here = queues[queues["stage"] == "bay-cn"]
    found = client.get(run["links"]["queue_series"], params={"stage": "bay-cn", "points": 10}).json()
    assert (found["bucket_h"], found["hour"], found["replications"]) == (8, list(range(0, 72, 8)), 4)
    by_bucket = here.groupby(here["hour"] // 8)
    assert found["mean"] == pytest.approx(by_bucket["mean"].mean().tolist(), abs=1e-6)
    assert found["max"] == by_bucket["max"].max().tolist()
    assert all(low <= mean <= high for low, mean, high in zip(found["low"], found["mean"], found["high"], strict=True))
    whole = client.get(run["links"]["queue_series"]).json()
    assert len(whole["hour"]) == 72
    assert whole["max"] is None
    wrong = problem(client.get(run["links"]["queue_series"], params={"stage": "bay-c"}), 404, "not-found")
    assert wrong["findings"][0]["remedy"] == "Did you mean bay-cn?"


def test_clearance(client, run):
    found = client.get(run["links"]["clearance"], params={"bins": 7}).json()
    metrics = client.get(run["links"]["metrics"]).json()["metrics"]
    for one in found["distributions"]:
        assert len(one["edges_h"]) == 8
        assert sum(one["share"]) + one["beyond_share"] == pytest.approx(1, abs=1e-5)
        (median,) = (
            row
            for row in metrics
            if (row["metric"], row["statistic"], row["direction"], row["class"])
            == ("clearance_h", "p50", one["direction"], None)
        )
        assert one["quantiles"]["p50"]["value"] == pytest.approx(median["value"], abs=1e-6)
    assert [one["direction"] for one in found["distributions"]] == ["northbound", "southbound"]
    durian = {"class": "durian", "direction": "northbound", "measure": "passage"}
    assert len(client.get(run["links"]["clearance"], params=durian).json()["distributions"]) == 1
    problem(client.get(run["links"]["clearance"], params={"class": "duran"}), 404, "not-found")


def test_event_log_whole_in_part_and_as_text(client, run, data):
    path = data / "runs" / run["id"] / "events" / "rep-00001.parquet"
    whole = client.get(run["links"]["event_log"], params={"rep": 1})
    assert whole.content == path.read_bytes()
    assert whole.headers["accept-ranges"] == "bytes"
    assert "attachment" in whole.headers["content-disposition"]
    part = client.get(run["links"]["event_log"], params={"rep": 1}, headers={"Range": "bytes=4-99"})
    assert (part.status_code, part.content) == (206, whole.content[4:100])
    problem(client.get(run["links"]["event_log"], headers={"Range": "bytes=99999999999-"}), 416, "range")
    known = client.get(run["links"]["event_log"], params={"rep": 1}, headers={"If-None-Match": whole.headers["etag"]})
    assert known.status_code == 304
    text = client.get(run["links"]["event_log"], params={"rep": 1, "format": "csv"}).text
    rows = pq.read_table(path).to_pylist()
    lines = text.splitlines()
    assert lines[0] == ",".join(rows[0])
    assert len(lines) == len(rows) + 1
    assert lines[1].split(",")[-4:] == [str(rows[0][name]) for name in ("joined", "started", "finished", "left")]
    absent = problem(client.get(run["links"]["event_log"], params={"rep": 2}), 404, "not-found")
    assert absent["findings"][0]["remedy"] == "Ask for one from 0 to 1."


def test_replay_in_columns(client, run, data):
    rows = pq.read_table(data / "runs" / run["id"] / "events" / "rep-00000.parquet").to_pylist()
    start, end = 20 * 3_600_000, 30 * 3_600_000
    inside = [r for r in rows if r["joined"] < end and (r["left"] is None or r["left"] >= start)]
    window = {"from": 20, "to": 30}
    found = client.get(run["links"]["replay"], params=window).json()
    assert found["rows"] == len(inside) > 0
    stages = found["words"]["stage"]
    assert [stages[code] for code in found["columns"]["stage"]] == [row["stage"] for row in inside]
    assert found["columns"]["left"] == [row["left"] for row in inside]
    arrow = "application/vnd.apache.arrow.stream"
    answer = client.get(run["links"]["replay"], params=window, headers={"Accept": arrow})
    assert answer.headers["content-type"] == arrow
    table = pa.ipc.open_stream(io.BytesIO(answer.content)).read_all()
    assert table["truck"].to_pylist() == found["columns"]["truck"]


@pytest.mark.slow
def test_every_plot_in_every_form(client, run):
    listed = client.get(run["links"]["plots"]).json()["items"]
    warning = " ".join(client.get(run["links"]["answer"]).json()["warnings"])
    assert warning.startswith("Overload: "), "271 trucks a day arrive, 207 are released"
    assert {"utilisation", "queue-by-hour", "journeys"} <= {plot["name"] for plot in listed}
    for plot in listed:
        assert plot["caption"]
        assert plot["alt"]
        assert plot["warning"] == warning
    links = next(plot["links"] for plot in listed if plot["name"] == "utilisation")
    chart = client.get(links["json"]).json()
    assert "vega-lite" in chart["$schema"]
    assert chart["usermeta"]["title"]
    assert client.get(links["svg"]).text.startswith("<svg")
    assert client.get(links["png"]).content.startswith(b"\x89PNG")
    problem(client.get(links["png"].replace("utilisation", "utilization")), 404, "not-found")
    problem(client.get(links["png"].replace(".png", ".gif")), 422, "invalid")


@pytest.mark.slow
def test_report_and_manifest(client, run):
    page = client.get(run["links"]["report"])
    assert page.text.lower().startswith("<!doctype html>")
    assert "script-src" not in page.headers["content-security-policy"]
    manifest = client.get(run["links"]["manifest"]).json()
    assert (manifest["kind"], manifest["seed"], manifest["replications"]) == ("run", 1, 4)


def test_a_damaged_result_is_told(client, data):
    made = finished(client, submitted(client, {**SHORT, "seed": 405})["id"])
    folder = data / "runs" / made["id"]
    (folder / "days.parquet").unlink()
    (folder / "queues.parquet").write_bytes(b"")
    for name in ("metrics", "queue_series", "report", "manifest"):
        said = problem(client.get(made["links"][name]), 410, "damaged")["detail"]
        assert said == "days.parquet, queues.parquet: missing or cut. Delete the run and submit it again."
    (folder / "manifest.json").write_text("no json")
    said = problem(client.get(made["links"]["metrics"]), 410, "damaged")["detail"]
    assert said == "manifest.json: missing or cut. Delete the run and submit it again."
    assert client.delete(made["links"]["self"]).status_code == 204


def test_a_result_whose_files_are_gone_is_told(client, data):
    made = finished(client, submitted(client, {**SHORT, "seed": 404})["id"])
    shutil.rmtree(data / "runs" / made["id"])
    for name in ("metrics", "queue_series", "event_log", "report", "manifest"):
        said = problem(client.get(made["links"][name]), 410, "damaged")["detail"]
        assert said == "Its files are gone. Delete the run and submit it again."
    assert client.delete(made["links"]["self"]).status_code == 204


NEVER = 10**12


def test_a_packed_replay_holds_the_same_visits(client, run):
    window = {"from": 24, "to": 30}
    visits = client.get(run["links"]["replay"], params=window).json()["columns"]
    names = ("truck", "joined", "started", "left", "stage", "class", "empty")
    rows = zip(*(visits[name] for name in names), strict=True)
    expected = [
        (truck, *(None if at is None else -(-at // 1000) for at in times), *rest)
        for truck, *times, stage, kind, empty in rows
        for rest in [(stage, kind, int(empty))]
    ]
    found = client.get(run["links"]["replay"], params={**window, "form": "packed"}).json()
    assert (found["unit"], found["rows"]) == ("s", len(expected))
    packed: dict[str, Any] = found["packed"]
    wait, stay, gap = ([iter(column) for column in packed[name]] for name in ("wait", "stay", "gap"))
    latest = [-1] * len(wait)
    waiting, decoded = [], []
    firsts = zip(itertools.accumulate(packed["truck"]), itertools.accumulate(packed["joined"]), strict=True)
    for (truck, joined), trip in zip(firsts, packed["trip"], strict=True):
        waiting.append((joined, truck, packed["trips"][trip]))
    heapq.heapify(waiting)
    while waiting:
        joined, truck, ((kind, empty, stage), *others) = heapq.heappop(waiting)
        late, stayed = next(wait[stage]), next(stay[stage])
        started = None if late is None else max(joined, latest[stage]) + late
        latest[stage] = max(latest[stage], -1 if started is None else started)
        left = NEVER if stayed is None else (joined if started is None else started) + stayed
        decoded.append((truck, joined, started, None if left == NEVER else left, stage, kind, empty))
        later = next(gap[stage], 0)
        if others:
            heapq.heappush(waiting, (left + later, truck, others))
    assert sorted(decoded, key=str) == sorted(expected, key=str)
    assert all(next(each, "no more") == "no more" for each in (*wait, *stay))


def test_plots_for_a_dark_page_have_no_colour_of_the_light_one(client, run):
    """Every colour of a definition is in the table of colours on a dark ground, and stands for itself nowhere else."""
    known = {light.lower(): dark.lower() for light, dark in theme.DARK.items()}
    for plot in client.get(run["links"]["plots"]).json()["items"]:
        light, dark = (client.get(plot["links"]["json"], params={"theme": each}).text for each in ("light", "dark"))
        used = re.findall(r"#[0-9a-fA-F]{6}\b", light)
        assert "#ffffff" in used
        assert [known[colour.lower()] for colour in used] == [c.lower() for c in re.findall(r"#[0-9a-fA-F]{6}\b", dark)]
    drawn = client.get(f"{run['links']['plots']}/utilisation.svg", params={"theme": "dark"}).text
    assert theme.DARK_PAPER in drawn
    assert "#ffffff" not in drawn
    assert client.get(f"{run['links']['plots']}/utilisation.svg?theme=blue").status_code == 422
    for place in ("/api/v1/gates/friendship-pass", run["links"]["self"]):
        drawn = client.get(f"{place}/map.svg?theme=dark").text
        in_map = {colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{6}\b", drawn)}
        assert theme.DARK_PAPER in in_map
        assert in_map <= {dark.lower() for dark in theme.DARK.values()}


@pytest.mark.slow
def test_first_results_while_a_run_goes_on(client, run):
    """After some replications the numbers are those that a run of just these would have."""
    assert client.get(run["links"]["answer"]).status_code == 200  # the process that reads results is up
    many = 400
    asked = {"gate": "friendship-pass", "days": 20, "warmup_days": 1, "replications": many, "keep_events": "none"}
    made = submitted(client, asked)
    for _ in range(600):
        found = client.get(f"{made['links']['self']}/so-far").json()
        assert found["total"] == many
        if found["replications"]:
            break
        time.sleep(0.1)
    assert 0 < found["replications"] < many
    assert client.post(made["links"]["cancel"]).status_code == 202
    problem(client.get(f"{made['links']['self']}/so-far"), 409, "finished")
    whole = finished(client, submitted(client, {**asked, "replications": found["replications"]})["id"])
    answer = client.get(whole["links"]["answer"]).json()
    assert found["numbers"] == answer["numbers"]
    curve = found["curves"][0]
    assert len(curve["hours"]) == len(curve["percent"])
    known = [hours for hours in curve["hours"] if hours is not None]
    assert known == sorted(known)
    problem(client.get("/api/v1/runs/run_0000000000000000/so-far"), 404, "not-found")


def test_runs_compared(client, run):
    asked = {**ASKED, "upgrades": ["kiosk-lanes"]}
    other = finished(client, submitted(client, asked)["id"])
    found = client.get(f"/api/v1/compare?runs={run['id']},{other['id']}").json()
    assert [one["id"] for one in found["runs"]] == [run["id"], other["id"]]
    assert [one["upgrades"] for one in found["runs"]] == [[], ["More kiosk lanes"]]
    assert [one["costs"]["capital_usd"]["base"] for one in found["runs"]] == [0, 1e6]
    changed = {one["what"]: one["values"] for one in found["changed"]}
    assert changed["stages.kiosk-in-cn.lanes.loaded.lanes"] == ["4", "6"]
    assert "seed" not in changed
    assert found["paired"]
    assert len(found["numbers"]) == 8
    chosen = {"runs": f"{run['id']},{other['id']}", "number": "utilisation.share@bay-cn"}
    (number,) = client.get("/api/v1/compare", params=chosen).json()["numbers"]
    assert (number["direction"], number["better"], number["as_good_as_best"]) == (None, "neither", None)
    problem(client.get("/api/v1/compare", params={**chosen, "number": "utilisation.share"}), 404, "not-found")
    problem(client.get(f"/api/v1/compare?runs={run['id']}"), 422, "invalid")
    problem(client.get(f"/api/v1/compare?runs={run['id']},{run['id']}"), 422, "invalid")
    problem(client.get(f"/api/v1/compare?runs={run['id']},run_0000000000000000"), 404, "not-found")
