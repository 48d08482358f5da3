"""A run as others see it: links and time left, by its state."""

from __future__ import annotations

import dataclasses
import time

import pytest

from api.http.answers import run_document
from api.service.store import Row

ROW = Row("run_1", "run", "queued", "d", "minimal", "", "{}", '{"seconds": 1.0}', 0, 8, created=1.0)
BASE = "/api/v1/runs/run_1"
RESULTS = {"answer", "metrics", "queue_series", "clearance", "event_log", "replay", "plots", "report"}
RESULTS |= {"manifest", "archive"}
STUDY_RESULTS = {"answer", "comparison", "tables", "plots", "report", "manifest", "archive"}


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
        ({"ends_at": 60.0}, 60.0),
        ({"ends_at": -5.0}, 0.0),  # late, or the clock was put forward
        ({}, None),
    ],
)
def test_time_left(change, eta):
    now = {name: time.time() + value for name, value in change.items()}
    found = run_document(dataclasses.replace(ROW, status="running", **now))["progress"]["eta_s"]
    assert found == (None if eta is None else pytest.approx(eta, abs=3))


@pytest.mark.parametrize(
    ("status", "doing", "told"),
    [("queued", "", "queued"), ("running", "", "waiting"), ("running", "drawing", "drawing"), ("failed", "", "failed")],
)
def test_what_is_done_just_now(status, doing, told):
    assert run_document(dataclasses.replace(ROW, status=status, phase=doing))["progress"]["phase"] == told


def test_nobody_is_no_owner():
    found = run_document(ROW)
    assert (found["owner"], found["project"]) == (None, None)
    found = run_document(dataclasses.replace(ROW, owner="a", project="p"))
    assert (found["owner"], found["project"]) == ("a", "p")
