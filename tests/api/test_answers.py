"""A run as others see it: links and time left, by its state."""

from __future__ import annotations

import dataclasses
import time

import pytest

from api.http.answers import run_document
from api.service.store import Row

ROW = Row("run_1", "run", "queued", "d", "minimal", "", "{}", '{"seconds": 1.0}', 0, 8, created=1.0)
BASE = "/api/v1/runs/run_1"
RESULTS = {"answer", "metrics", "queue_series", "clearance", "event_log", "replay", "plots", "report", "manifest"}
STUDY_RESULTS = {"answer", "comparison", "tables", "plots", "report", "manifest"}


@pytest.mark.parametrize(
    ("status", "links"),
    [
        ("queued", {"cancel"}),
        ("running", {"cancel"}),
        ("succeeded", RESULTS),
        ("failed", set()),
        ("cancelled", set()),
    ],
)
def test_links_by_state(status, links):
    found = run_document(dataclasses.replace(ROW, status=status))["links"]
    assert found.keys() == {"self", "events"} | links
    assert found["self"] == BASE
    assert all(link == f"{BASE}/{name.replace('_', '-')}" for name, link in found.items() if name != "self")


def test_links_of_a_study():
    found = run_document(dataclasses.replace(ROW, id="study_1", kind="study", status="succeeded"))["links"]
    assert found.keys() == {"self", "events"} | STUDY_RESULTS
    assert found["tables"] == "/api/v1/studies/study_1/tables"


@pytest.mark.parametrize(
    ("change", "eta"),
    [
        ({"done": 2}, 60.0),  # 20 s for two of eight: ten seconds each, six to go
        ({"done": 8}, 0.0),
        ({"done": 0}, None),
        ({"done": 2, "status": "queued"}, None),
        ({"done": 2, "status": "succeeded"}, None),
        ({"done": 2, "started": None}, None),
    ],
)
def test_time_left(change, eta):
    running = dataclasses.replace(ROW, status="running", started=time.time() - 20)
    found = run_document(dataclasses.replace(running, **change))["progress"]["eta_s"]
    assert found == (None if eta is None else pytest.approx(eta, abs=3))


def test_nobody_is_no_owner():
    found = run_document(ROW)
    assert (found["owner"], found["project"]) == (None, None)
    found = run_document(dataclasses.replace(ROW, owner="a", project="p"))
    assert (found["owner"], found["project"]) == ("a", "p")
