"""Runs over HTTP, from submission to removal, against a real server on a real socket."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import pytest

from api.service.queue.admission import Admission
from api.service.settings import Limits
from experiments import run_scenario
from experiments.runs.folder import write_result
from experiments.runs.request import resolve
from tests.api.servers import ASKED, LONG, SHORT, finished, problem, submitted, threaded, told


@pytest.mark.slow
def test_a_run_goes_from_submission_to_its_numbers(client, run):
    assert run["progress"] == {"done": 4, "total": 4, "phase": "succeeded", "eta_s": None} | {"stage": 1, "stages": 1}
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
    assert not (data / "work" / run["id"]).exists()


def test_nothing_stored_is_a_pickle(client, data, run):
    for path in (path for path in data.rglob("*") if path.is_file()):
        assert path.suffix not in {".pickle", ".pkl", ".npy"}, path
        content = b""
        with contextlib.suppress(FileNotFoundError):  # work of a run that has ended meanwhile
            content = path.read_bytes()
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
    assert run["id"] in [item["id"] for item in some["items"]]
    assert {(item["status"], item["request"]["gate"]) for item in some["items"]} == {("succeeded", "friendship-pass")}
    problem(client.get("/api/v1/runs", params={"cursor": "x!"}), 422, "invalid")
    problem(client.get("/api/v1/runs", params={"limit": 101}), 422, "invalid")


def test_a_state_is_sent_once(client, run):
    for coding, tag in (("identity", f'"{run["version"]}"'), ("br", f'"{run["version"]}+br"')):
        answer = client.get(run["links"]["self"], headers={"Accept-Encoding": coding})
        assert answer.headers["etag"] == tag
        again = client.get(run["links"]["self"], headers={"If-None-Match": tag})
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


@pytest.mark.slow
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


# limits of a small server


@pytest.mark.slow
def test_a_full_queue_and_a_full_disk(tmp_path):
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
    [({"run_seconds": 8.0}, 3000, "time-limit"), ({"worker_mb": 512}, 1500, "memory-limit")],
)
def test_a_run_that_takes_more_than_predicted_is_stopped(tmp_path, monkeypatch, change, days, kind):
    monkeypatch.setattr(Admission, "refuse_what_is_too_large", lambda *_: None)
    with threaded(tmp_path, limits=Limits(free_mb=1, **change)) as small:
        asked = {"gate": "friendship-pass", "days": days, "replications": 2, "keep_events": "all"}
        found = finished(small, submitted(small, asked)["id"])
        assert found["status"] == "failed"
        assert found["problem"]["kind"] == kind
        # the server goes on; on a busy machine a short run may take more than the limit, too
        tries = (finished(small, submitted(small, {**SHORT, "seed": seed})["id"])["status"] for seed in range(1, 6))
        assert "succeeded" in tries


@pytest.mark.parametrize("name", ["policy", "trace"])
@pytest.mark.parametrize("value", ["lambda live: None", {"arrival": [1]}, None])
def test_rules_and_trucks_of_ones_own_do_not_come_over_http(client, name, value):
    answer = client.post("/api/v1/runs", json={**SHORT, name: value})
    problem(answer, 422, "invalid")
    assert [finding["path"] for finding in answer.json()["findings"]] == [name]
