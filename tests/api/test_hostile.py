"""What strangers send: every one is refused with a problem, and none disturbs the server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from api.http.bodies import read_json
from api.http.guard import host_name
from api.http.problems import Problem
from api.service.reading import csv_cell
from api.service.settings import Limits
from tests.api.hostile import BODIES, PATHS
from tests.api.servers import SHORT, finished, submitted, threaded

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[httpx.Client]:
    with threaded(tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.mark.parametrize("name", BODIES)
def test_hostile_bodies_are_refused(client, name):
    for path in ("/api/v1/runs", "/api/v1/validate"):
        answer = client.post(path, content=BODIES[name], headers=JSON)
        if path.endswith("validate") and answer.status_code == 200:
            assert not answer.json()["valid"] or not answer.json()["accepted"]
            continue
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", PATHS)
def test_hostile_paths_are_refused(client, path):
    answer = client.get(httpx.URL(str(client.base_url), raw_path=path.encode()))
    assert answer.status_code in (404, 405, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_request_names_an_address_to_fetch(client):
    described = client.get("/openapi.json").text
    assert '"format":"uri' not in described
    assert '"callbacks"' not in described
    assert '"webhooks"' not in described


def test_bodies_of_another_kind(client):
    answer = client.post("/api/v1/runs", content=b"gate=minimal", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    answer = client.post("/api/v1/runs", content=json.dumps(SHORT).encode())
    assert answer.status_code == 415


def test_large_bodies_are_refused_before_they_are_read(client):
    large = json.dumps({"gate": "x" * 300_000}).encode()
    assert client.post("/api/v1/runs", content=large, headers=JSON).status_code == 413
    pieces = (b"[" * 65_536 for _ in range(64))  # no length is said
    assert client.post("/api/v1/runs", content=pieces, headers=JSON).status_code == 413


def test_requests_for_another_host_or_from_another_site(client):
    answer = client.get("/health", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/api/v1/problems/bad-host")
    for site in ("cross-site", "same-site", "unheard-of"):
        answer = client.post("/api/v1/runs", json=SHORT, headers={"Sec-Fetch-Site": site})
        assert (answer.status_code, answer.json()["type"]) == (403, "/api/v1/problems/cross-site")
        assert client.get("/api/v1/runs", headers={"Sec-Fetch-Site": site}).status_code == 200, "a link may lead here"
    for site in ("same-origin", "none"):
        assert client.post("/api/v1/validate", json=SHORT, headers={"Sec-Fetch-Site": site}).status_code == 200
    answer = client.options("/api/v1/runs", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_what_is_no_http_at_all(client):
    where = urlsplit(str(client.base_url))
    for noise in (b"\x00" * 100, b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", b"x" * 70_000):
        with socket.create_connection((where.hostname, where.port), timeout=10) as plug:
            plug.sendall(noise)
            plug.shutdown(socket.SHUT_WR)
            answer = plug.recv(1000)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert client.get("/health").status_code == 200


def test_the_server_still_works_afterwards(client):
    assert finished(client, submitted(client, SHORT)["id"])["status"] == "succeeded"


def test_other_sites_may_be_allowed(tmp_path):
    with threaded(tmp_path, origins=["https://planner.example"]) as client:
        asked = {"Origin": "https://planner.example", "Access-Control-Request-Method": "POST"}
        answer = client.options("/api/v1/runs", headers=asked)
        assert answer.headers["access-control-allow-origin"] == "https://planner.example"
        refused = client.options("/api/v1/runs", headers={**asked, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8000", "localhost"),
        ("[::1]:8000", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("Gate.Example", "gate.example"),
        ("[::1", ""),
        ("", ""),
    ],
)
def test_names_of_hosts(header, name):
    assert host_name(header) == name


def names(count: int) -> bytes:
    return json.dumps({f"key{n}": n for n in range(count)}).encode()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"a": 1, "a": 2}', 'The body is not JSON: the key "a" is repeated.'),
        (b'{"a": NaN}', "The body is not JSON: NaN is not a JSON number."),
        (b"[]", "The body is not a JSON object. Send one in braces."),
        (b'"x"', "The body is not a JSON object. Send one in braces."),
        (b"{", "The body is not JSON: Expecting property name"),
        (b"\xff{}", "UTF-8"),
        (b'{"a": "\\u0000"}', "control character"),
        (b'{"\\ud800": 1}', "A text holds a control character or an unpaired surrogate. Remove it."),
        (b'{"a":' * 41 + b"1" + b"}" * 41, "below 40 levels"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": [' + b"1," * 5000 + b"1]}", "more than 5,000 entries"),
        (names(501), "the limit is 500 in an object"),
        (b'{"a": [' + b",".join(names(500) for _ in range(11)) + b"]}", "5,000 in all"),
    ],
)
def test_json_that_is_none(body, text):
    with pytest.raises(Problem) as refused:
        read_json(body, Limits())
    assert text in refused.value.detail


def test_json_that_is_fine():
    assert read_json('{"a": [1, 2.5, "tên 友谊关\\n"], "b": {"c": null}}'.encode(), Limits()) == {
        "a": [1, 2.5, "tên 友谊关\n"],
        "b": {"c": None},
    }
    assert read_json(b'{"a": ' + b"9" * 5000 + b"}", Limits()) == {"a": float("inf")}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(text):
    assert csv_cell(text) == f"'{text}"
    assert csv_cell("bay-cn") == "bay-cn"
    assert csv_cell(None) == ""
    assert csv_cell(-1.5) == -1.5
