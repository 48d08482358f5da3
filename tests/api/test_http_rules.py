"""What HTTP asks of a server, and what those ask who answer for one: conditions, origins, limits, journals, stops."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http import guard
from api.http import server as http_server
from api.http.server import refuse_what_is_no_origin
from api.service.logs import access_path, audit_path
from gates.findings import ConfigError
from tests.api.servers import LONG, SHORT, access_key, finished, problem, process, submitted, threaded

PLANNER = "https://planner.example.org"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [("/runs?gaet=minimal", "gaet"), ("/gates?x=1", "x"), ("/limits?a=1", "a")],
)
def test_a_parameter_that_is_not_there_is_a_finding(client, path, parameter):
    found = problem(client.get(f"/api/v1{path}"), 422, "invalid")["findings"]
    assert [one["path"] for one in found] == [f"query.{parameter}"]
    assert found[0]["problem"] == "there is no such parameter"


def test_the_remedy_names_the_parameter_that_was_meant(client):
    (found,) = problem(client.get("/api/v1/runs?gaet=minimal"), 422, "invalid")["findings"]
    assert "gate" in found["remedy"]


def test_a_name_with_a_control_character_is_a_finding(client):
    problem(client.get("/api/v1/runs?gate=a%00b"), 422, "invalid")


def raw(client: httpx.Client, *lines: str) -> str:
    """Send lines as they are, and return the first line of the answer."""
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=30) as connection:
        connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
        return connection.recv(10_000).decode().partition("\r\n")[0]


def test_two_hosts_are_refused(client):
    host = f"Host: {client.base_url.host}"
    assert " 200 " in raw(client, "GET /health HTTP/1.1", host, "Connection: close", "")
    assert " 400 " in raw(client, "GET /health HTTP/1.1", host, host, "Connection: close", "")
    assert " 400 " in raw(client, "GET /health HTTP/1.1", host, "Host: evil.example", "Connection: close", "")


def test_an_encoded_body_is_refused(client):
    answer = client.post("/api/v1/runs", json=SHORT, headers={"Content-Encoding": "gzip"})
    problem(answer, 415, "encoded")
    assert answer.headers["accept-encoding"] == "identity"
    assert client.post("/api/v1/validate", json=SHORT, headers={"Content-Encoding": "identity"}).status_code == 200


def test_a_version_that_has_changed_is_neither_given_nor_deleted(client):
    run = finished(client, submitted(client, {**SHORT, "seed": 77})["id"])
    address, tag = run["links"]["self"], f'"{run["version"]}"'
    problem(client.get(address, headers={"If-Match": '"0"'}), 412, "changed")
    assert client.get(address, headers={"If-Match": f'"0", {tag}'}).status_code == 200
    problem(client.delete(address, headers={"If-Match": '"0"'}), 412, "changed")
    problem(client.delete(address, headers={"If-Match": f"W/{tag}"}), 412, "changed")
    metrics = client.get(f"{address}/metrics")
    problem(client.get(f"{address}/metrics", headers={"If-Match": '"0"'}), 412, "changed")
    assert client.get(f"{address}/metrics", headers={"If-Match": metrics.headers["etag"]}).status_code == 200
    problem(client.get(f"{address}/manifest", headers={"If-Match": '"0"'}), 412, "changed")
    assert client.delete(address, headers={"If-Match": tag}).status_code == 204


def test_pages_of_the_websites_named_may_send_and_no_others(tmp_path: Path):
    cross = {"Sec-Fetch-Site": "cross-site"}
    with threaded(tmp_path / "data", origins=[PLANNER]) as client:
        for method in ("GET", "POST", "DELETE"):
            asked = {"Origin": PLANNER, "Access-Control-Request-Method": method}
            answer = client.options("/api/v1/runs", headers=asked)
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PLANNER)
            assert method in answer.headers["access-control-allow-methods"]
        theirs = {**cross, "Origin": PLANNER}
        answer = client.post("/api/v1/validate", json=SHORT, headers=theirs)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PLANNER)
        other = {**cross, "Origin": "https://evil.example"}
        problem(client.post("/api/v1/validate", json=SHORT, headers=other), 403, "cross-site")
        problem(client.post("/api/v1/validate", json=SHORT, headers=cross), 403, "cross-site")
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        assert client.options("/api/v1/runs", headers=asked).status_code == 400


@pytest.mark.parametrize(
    ("origin", "needs_key", "text"),
    [
        ("*", False, "every website could send requests without a key"),
        ("planner.example.org", True, "is not the origin of a website"),
        ("https://planner.example.org/", True, "is not the origin of a website"),
        ("ftp://planner.example.org", True, "is not the origin of a website"),
        ("null", True, "is not the origin of a website"),
    ],
)
def test_origins_that_cannot_be(origin, needs_key, text):
    with pytest.raises(ConfigError, match=text):
        refuse_what_is_no_origin([origin], needs_key=needs_key)


@pytest.mark.parametrize(("origin", "needs_key"), [("*", True), (PLANNER, False), ("http://localhost:5173", False)])
def test_origins_that_can_be(origin, needs_key):
    refuse_what_is_no_origin([origin], needs_key=needs_key)


def test_who_sends_slowly_is_not_waited_for(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(guard, "BODY_S", 0.3)
    monkeypatch.setattr(http_server, "HEADERS_S", 0.3)
    with threaded(tmp_path / "data") as client:
        host = f"Host: {client.base_url.host}"
        assert raw(client, "GET /health HTTP/1.1") == "", "closed: the head never ends"
        begun = ("POST /api/v1/runs HTTP/1.1", host, "Content-Type: application/json", "Content-Length: 9", "")
        assert " 408 " in raw(client, *begun)
        time.sleep(0.5)
        assert client.get("/health").status_code == 200, "others are served, and an idle connection stays"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
def test_who_did_what_is_written_down(tmp_path: Path):
    data = tmp_path / "data"
    office = access_key(data, "office", "run")
    with process(data, "--keys", "--access-log") as server:
        client = server.client
        answer = client.post("/api/v1/runs", json=LONG, headers=office)
        run = answer.json()["id"]
        client.post(f"/api/v1/runs/{run}/cancel", headers=office)
        client.get(f"/api/v1/runs/{run}", headers=office)
        client.get(f"/api/v1/runs/{run}")
        secret = office["Authorization"].split()[1]
    audited, all_of_them = lines(audit_path(data)), lines(access_path(data))
    said = [(one.get("who"), one["method"], one.get("run"), one["status"]) for one in audited]
    assert said == [("office", "POST", run, 202), ("office", "POST", run, 202), (None, "GET", run, 401)]
    assert audited[0]["request"] == answer.headers["x-request-id"]
    assert audited[0]["from"] == "127.0.0.1"
    assert [one["status"] for one in all_of_them] == [202, 202, 200, 401]
    assert secret not in audit_path(data).read_text(encoding="utf-8") + access_path(data).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_stop_leaves_nobody_waiting(tmp_path: Path):
    """Who waits for the end of a run gets its present state, a stream ends, and the process says 0."""
    answers: dict[str, Any] = {}
    with process(tmp_path / "data") as server:
        run = submitted(server.client, LONG)

        def waits() -> None:
            with httpx.Client(base_url=server.url, timeout=60) as other:
                answers["poll"] = other.get(run["links"]["self"], headers={"Prefer": "wait=50"}).json()["status"]

        def follows() -> None:
            with (
                httpx.Client(base_url=server.url, timeout=60) as other,
                other.stream("GET", run["links"]["events"]) as stream,
            ):
                answers["stream"] = "".join(stream.iter_text()).count("event: ") > 0

        threads = [threading.Thread(target=each) for each in (waits, follows)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        code = server.stop()
        for thread in threads:
            thread.join(30)
    assert (code, answers) == (0, {"poll": answers["poll"], "stream": True})
    assert answers["poll"] in ("queued", "running")
