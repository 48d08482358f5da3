"""Runs over HTTP, from submission to removal, against a real server on a real socket."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments import run_scenario
from experiments.runs.folder import write_result
from experiments.runs.request import resolve
from tests.api.servers import LONG, SHORT, finished, submitted, threaded

ASKED = {"gate": "friendship-pass", "days": 3, "warmup_days": 1, "replications": 4, "keep_events": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return Path(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def client(data) -> Iterator[httpx.Client]:
    with threaded(data) as found:
        yield found


@pytest.fixture(scope="module")
def run(client) -> dict[str, Any]:
    """A run that is done."""
    found = finished(client, submitted(client, ASKED)["id"])
    assert found["status"] == "succeeded", found
    return found


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Return a problem that is as it should be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"/api/v1/problems/{kind}"
    assert found["status"] == status
    assert found["detail"]
    return found


# the life of a run


def test_a_run_goes_from_submission_to_its_numbers(client, run):
    assert run["progress"] == {"done": 4, "total": 4, "eta_s": None}
    assert run["request"] == ASKED
    assert run["created"] <= run["started"] <= run["finished"]
    for link in run["links"].values():
        assert client.get(link).status_code == 200, link


def test_the_result_is_that_of_the_command_line_byte_for_byte(data, run, tmp_path):
    asked = resolve(ASKED)
    folder = write_result(run_scenario(asked.scenario, asked.settings), tmp_path / "out")

    def hashes(where: Path) -> dict[str, str]:
        files = (path for path in where.rglob("*") if path.is_file())
        return {str(f.relative_to(where)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}

    assert hashes(data / "runs" / run["id"]) == hashes(folder)
    assert not list((data / "work").iterdir())


def test_nothing_stored_is_a_pickle(client, data, run):
    for path in (path for path in data.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert path.suffix not in {".pickle", ".pkl", ".npy"}, path
        assert b"gASV" not in content, path
        assert not content.startswith(b"\x80\x04"), path


def test_an_identical_run_is_given_again_unless_asked_otherwise(client, run):
    again = submitted(client, {**ASKED, "replications": 4.0})
    assert (again["id"], again["reused"], again["status"]) == (run["id"], True, "succeeded")
    other = submitted(client, {**SHORT, "seed": 91})
    same = submitted(client, {**SHORT, "seed": 91})
    assert (same["id"], same["reused"]) == (other["id"], True)
    fresh = submitted(client, {**SHORT, "seed": 91, "reuse": False})
    assert fresh["id"] != other["id"]
    assert not fresh["reused"]
    assert finished(client, fresh["id"])["digest"] == finished(client, other["id"])["digest"]


def test_an_idempotency_key_stands_for_one_request(client):
    key = {"Idempotency-Key": "order-7"}
    first = submitted(client, {**SHORT, "seed": 92, "reuse": False}, **key)
    again = submitted(client, {**SHORT, "seed": 92, "reuse": False}, **key)
    assert again["id"] == first["id"]
    answer = client.post("/api/v1/runs", json={**SHORT, "seed": 93, "reuse": False}, headers=key)
    problem(answer, 422, "idempotency-key-reused")


def test_runs_are_listed_in_pages(client, run):
    made = [submitted(client, {**SHORT, "seed": seed})["id"] for seed in range(100, 105)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/api/v1/runs", params={"limit": 2, **cursor}).json()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in made] == made[::-1], "the newest first"
    some = client.get("/api/v1/runs", params={"status": "succeeded", "gate": "friendship-pass"}).json()
    assert [item["id"] for item in some["items"]] == [run["id"]]
    problem(client.get("/api/v1/runs", params={"cursor": "x!"}), 422, "invalid")
    problem(client.get("/api/v1/runs", params={"limit": 101}), 422, "invalid")


def test_a_state_is_sent_once(client, run):
    answer = client.get(run["links"]["self"])
    assert answer.headers["etag"] == f'"{run["version"]}"'
    again = client.get(run["links"]["self"], headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_run_can_be_cancelled_and_removed(client, data):
    run = submitted(client, LONG)
    problem(client.get(f"{run['links']['self']}/metrics"), 409, "not-finished")
    problem(client.delete(run["links"]["self"]), 409, "not-finished")
    for _ in range(2):
        answer = client.post(run["links"]["cancel"])
        assert answer.status_code == 202
        assert answer.json()["status"] == "cancelled"
    assert not (data / "work" / run["id"]).exists()
    assert client.delete(run["links"]["self"]).status_code == 204
    problem(client.get(run["links"]["self"]), 404, "not-found")
    problem(client.delete(run["links"]["self"]), 404, "not-found")


def test_a_finished_run_is_not_cancelled(client, run):
    problem(client.post(f"{run['links']['self']}/cancel"), 409, "finished")


# events


def told(client: httpx.Client, run: dict[str, Any], **headers: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Return the events of a run up to its end."""
    found = []
    with client.stream("GET", run["links"]["events"], headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        text = "".join(stream.iter_text())
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def test_events_lead_to_the_end(client):
    run = submitted(client, {**ASKED, "seed": 5, "days": 20, "replications": 40, "keep_events": "none"})
    events = told(client, run)
    assert [number for number, _, _ in events] == sorted({number for number, _, _ in events})
    names = [name for _, name, _ in events]
    assert names[-1] == "end"
    assert set(names) <= {"state", "progress", "end"}
    done = [run["progress"]["done"] for _, _, run in events]
    assert done == sorted(done)
    assert done[-1] == 40
    assert events[-1][2] == client.get(run["links"]["self"]).json()
    later = told(client, run, **{"Last-Event-ID": str(events[-2][0])})
    assert later == events[-1:], "only what the asker has not seen"
    seen = client.get(run["links"]["events"], headers={"Last-Event-ID": str(events[-1][0])})
    assert seen.status_code == 204


# results


def test_metrics_as_json_and_as_a_table(client, run, data):
    stored = json.loads((data / "runs" / run["id"] / "metrics.json").read_text(encoding="utf-8"))
    answer = client.get(run["links"]["metrics"])
    assert answer.json() == stored
    assert client.get(run["links"]["metrics"], headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    table = client.get(run["links"]["metrics"], headers={"Accept": "text/csv"}).text.splitlines()
    assert table[0] == "metric,statistic,direction,class,stage,unit,value,low,high"
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


def test_every_plot_in_every_form(client, run):
    listed = client.get(run["links"]["plots"]).json()["items"]
    assert {"utilisation", "queue-by-hour", "journeys"} <= {plot["name"] for plot in listed}
    for plot in listed:
        assert plot["caption"]
        assert plot["alt"]
    links = next(plot["links"] for plot in listed if plot["name"] == "utilisation")
    chart = client.get(links["json"]).json()
    assert "vega-lite" in chart["$schema"]
    assert chart["usermeta"]["title"]
    assert client.get(links["svg"]).text.startswith("<svg")
    assert client.get(links["png"]).content.startswith(b"\x89PNG")
    problem(client.get(links["png"].replace("utilisation", "utilization")), 404, "not-found")
    problem(client.get(links["png"].replace(".png", ".gif")), 422, "invalid")


def test_report_and_manifest(client, run):
    page = client.get(run["links"]["report"])
    assert page.text.lower().startswith("<!doctype html>")
    assert "script-src" not in page.headers["content-security-policy"]
    manifest = client.get(run["links"]["manifest"]).json()
    assert (manifest["kind"], manifest["seed"], manifest["replications"]) == ("run", 1, 4)


# what there is, and what it costs


def test_catalogue_and_schemas(client):
    names = [item["name"] for item in client.get("/api/v1/gates").json()["items"]]
    assert "friendship-pass" in names
    gate = client.get("/api/v1/gates/minimal")
    assert gate.headers["cache-control"] == "private, max-age=3600"
    assert any(number["ids"] or number["assumption"] for number in gate.json()["numbers"])
    whole = {**SHORT, "gate": gate.json()["gate"]}
    assert submitted(client, whole)["digest"] == submitted(client, SHORT)["digest"]
    problem(client.get("/api/v1/gates/nowhere"), 404, "not-found")
    assert client.get("/api/v1/schema/run").json()["required"] == ["gate"]
    assert "stages" in client.get("/api/v1/schema/gate").json()["properties"]


def test_validation_tells_findings_or_costs(client):
    good = client.post("/api/v1/validate", json=ASKED).json()
    assert (good["valid"], good["accepted"], good["findings"]) == (True, True, [])
    assert 0 < good["predicted"]["seconds"] < 10
    bad = client.post("/api/v1/validate", json={**ASKED, "days": 0, "gates": 1}).json()
    assert (bad["valid"], [f["path"] for f in bad["findings"]]) == (False, ["days", "gates"])
    large = client.post("/api/v1/validate", json={**ASKED, "days": 3660, "replications": 10_000}).json()
    assert (large["valid"], large["accepted"]) == (True, False)
    assert "larger than this server allows" in large["refusal"]


def test_every_finding_of_a_bad_gate(client):
    gate = client.get("/api/v1/gates/minimal").json()["gate"]
    gate["stages"]["booth"]["lanes"] = 0
    gate["flows"]["general"]["class"] = "nothing"
    answer = client.post("/api/v1/runs", json={"gate": gate, "days": 0})
    found = problem(answer, 422, "invalid")["findings"]
    assert {"days", "gate.stages.booth.lanes", "gate.flows.general.class"} <= {one["path"] for one in found}
    assert all(one["remedy"] for one in found)


def test_what_is_too_large_is_refused_at_once(client):
    answer = client.post("/api/v1/runs", json={**ASKED, "days": 3660, "replications": 10_000})
    found = problem(answer, 422, "too-large")
    assert "replications" in [one["path"] for one in found["findings"]]


# the server itself


def test_health_readiness_limits_figures(client, run):
    assert client.get("/health").json()["status"] == "ok"
    ready = client.get("/ready").json()
    assert ready["ready"]
    assert ready["database"]
    assert client.get("/api/v1/limits").json()["body_bytes"] == 262_144
    figures = client.get("/metrics").text
    assert 'bordergate_runs{status="succeeded"}' in figures
    assert "bordergate_http_seconds_bucket" in figures


def test_the_description_is_complete_and_needs_nothing_from_elsewhere(client):
    description = client.get("/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert " " in operation["summary"], f"{method} {path}"
            assert "401" in operation["responses"], f"{method} {path}"
            for body in operation.get("requestBody", {}).get("content", {}).values():
                assert body["example"], f"{method} {path}"
            for status, answer in operation["responses"].items():
                assert answer["description"], f"{method} {path} {status}"
                shown = answer.get("content", {}).get("application/problem+json")
                assert shown is None or shown["example"]["status"] == int(status), f"{method} {path} {status}"
    page = client.get("/docs").text
    assert "http" not in page.replace("HTTP", "")
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        assert f"/docs/{name}" in page
        assert client.get(f"/docs/{name}").status_code == 200
    problem(client.get("/docs/other"), 404, "not-found")


def test_every_kind_of_problem_has_a_page(client):
    found = client.get("/api/v1/problems/invalid").json()
    assert found == {"type": "/api/v1/problems/invalid", "title": "The request has findings", "status": 422}
    problem(client.get("/api/v1/problems/unknown"), 404, "not-found")


def test_what_is_not_there_and_what_cannot_be_done(client):
    problem(client.get("/nothing"), 404, "not-found")
    answer = client.put("/api/v1/runs")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, POST"


def test_a_result_that_is_removed_meanwhile(client, data):
    made = finished(client, submitted(client, {**SHORT, "seed": 404})["id"])
    shutil.rmtree(data / "runs" / made["id"])
    for name in ("metrics", "queue_series", "event_log", "report", "manifest"):
        problem(client.get(made["links"][name]), 404, "not-found")
    assert client.delete(made["links"]["self"]).status_code == 204


# limits of a small server


def test_a_full_queue_and_a_full_disk(tmp_path):
    from api.service.settings import Limits

    with threaded(tmp_path / "queue", limits=Limits(queued=1, free_mb=1)) as small:
        run = submitted(small, LONG)
        answer = small.post("/api/v1/runs", json=SHORT)
        problem(answer, 429, "queue-full")
        assert int(answer.headers["retry-after"]) > 0
        small.post(run["links"]["cancel"])
        submitted(small, SHORT)
    with threaded(tmp_path / "disk", limits=Limits(free_mb=1e9)) as full:
        problem(full.post("/api/v1/runs", json=SHORT), 507, "disk-full")
        answer = full.get("/ready")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "days", "kind"),
    [({"run_seconds": 3.0}, 2000, "time-limit"), ({"worker_mb": 350}, 500, "memory-limit")],
)
def test_a_run_that_takes_more_than_predicted_is_stopped(tmp_path, monkeypatch, change, days, kind):
    from api.service.queue.admission import Admission
    from api.service.settings import Limits

    monkeypatch.setattr(Admission, "refuse_what_is_too_large", lambda *_: None)
    with threaded(tmp_path, limits=Limits(free_mb=1, **change)) as small:
        asked = {"gate": "friendship-pass", "days": days, "replications": 2, "keep_events": "all"}
        found = finished(small, submitted(small, asked)["id"])
        assert found["status"] == "failed"
        assert found["problem"]["kind"] == kind
        # the server goes on; on a busy machine a short run may take more than the limit, too
        tries = (finished(small, submitted(small, {**SHORT, "seed": seed})["id"])["status"] for seed in range(1, 6))
        assert "succeeded" in tries
