"""People whom a proxy has signed in: believed from its address, and from nowhere else."""

from __future__ import annotations

import json

import pytest

from api.http.server import asks_for_keys
from api.service.security.identity import IdentityRefused, read_identity
from gates.findings import ConfigError
from tests.api.servers import SHORT, access_key, problem, submitted, threaded

PROXY = read_identity("X-Forwarded-User", ["127.0.0.1"], "X-Forwarded-Groups", ["planners"])
ANNA = {"X-Forwarded-User": "anna@gates.example"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("X Forwarded", ["10.0.0.5"], None, []), "cannot say who it is"),
        (("Authorization", ["10.0.0.5"], None, []), "cannot say who it is"),
        (("X-User", [], None, []), "anyone could write it"),
        (("X-User", ["10.0.0"], None, []), "does not appear to be an IPv4 or IPv6 network"),
        (("X-User", ["10.0.0.5/24"], None, []), "has host bits set"),
        (("X-User", ["0.0.0.0/0"], None, []), "is everyone"),
        (("X-User", ["::/0"], None, []), "is everyone"),
        ((None, ["10.0.0.5"], None, []), "is missing"),
        (("X-User", ["10.0.0.5"], None, ["boss"]), "nobody is known to be in a group"),
    ],
)
def test_options_that_would_let_anyone_in_are_refused(given, told):
    with pytest.raises(ConfigError, match=told):
        read_identity(*given)
    assert read_identity(None, [], None, []) is None


def test_a_name_is_believed_from_the_proxy_only():
    identity = read_identity("X-User", ["10.0.0.0/24", "fd00::7"], "X-Groups", ["boss"])
    assert identity is not None
    sent = {b"x-user": b"anna", b"x-groups": b"north-gates, Not A Project,boss"}
    known = identity.access("10.0.0.9", sent)
    assert known is not None
    assert (known.owner, known.scope, known.projects) == ("user:anna", "admin", ("north-gates", "boss"))
    assert identity.access("fd00::7", {b"x-user": b"anna"}).scope == "run"  # type: ignore[union-attr]
    for peer in ("10.0.1.9", "fd00::8", "", "unix:"):
        assert identity.access(peer, sent) is None
    assert identity.access("10.0.0.9", {b"x-groups": b"boss"}) is None
    for name in (b"-anna", b"anna smith", b"user:anna", b"a" * 75, b"anna\xff"):
        with pytest.raises(IdentityRefused):
            identity.access("10.0.0.9", {b"x-user": name})


def test_people_see_their_own_runs_and_those_of_their_groups(tmp_path):
    data = tmp_path / "data"
    with threaded(data):
        pass
    key = access_key(data, "office", "run", "north")
    with threaded(data, identity=PROXY) as client:
        groups = {"X-Forwarded-Groups": "north"}
        run = submitted(client, SHORT, **ANNA, **groups)
        assert (run["owner"], run["project"]) == ("user:anna@gates.example", "north")
        place = f"/api/v1/runs/{run['id']}"
        assert client.get(place, headers=ANNA).status_code == 200
        assert client.get(place, headers=key).status_code == 200
        assert client.get(place, headers={"X-Forwarded-User": "binh"}).status_code == 404
        assert client.get(place, headers={"X-Forwarded-User": "binh", **groups}).status_code == 200
        assert client.post(f"{place}/cancel", headers={"X-Forwarded-User": "binh", **groups}).status_code == 403
        boss = {"X-Forwarded-User": "chen", "X-Forwarded-Groups": "planners"}
        assert client.patch(place, json={"name": "seen"}, headers=boss).status_code == 200
        problem(client.get(place), 401, "no-key")
        problem(client.get(place, headers={"X-Forwarded-User": "-"}), 401, "no-key")
        problem(client.get(place, headers={**ANNA, "Authorization": "Bearer wrong"}), 401, "no-key")
        away = {**ANNA, "X-Forwarded-For": "203.0.113.9"}  # for whom the proxy asks; it is the proxy that asks
        assert client.get(place, headers=away).status_code == 200
    lines = [json.loads(line) for line in (data / "logs/audit.jsonl").read_text().splitlines()]
    assert {"user:anna@gates.example", "user:chen"} <= {line.get("who") for line in lines}


def test_a_name_from_elsewhere_is_not_believed(tmp_path):
    data = tmp_path / "data"
    elsewhere = read_identity("X-Forwarded-User", ["203.0.113.9"], None, [])
    with threaded(data, identity=elsewhere) as client:
        problem(client.get("/api/v1/runs", headers=ANNA), 401, "no-key")
        pretended = {**ANNA, "X-Forwarded-For": "203.0.113.9"}
        problem(client.get("/api/v1/runs", headers=pretended), 401, "no-key")


def test_keys_must_be_asked_of_all_others():
    assert asks_for_keys([], "0.0.0.0", [], None, has_proxy=True)
    assert asks_for_keys([], "127.0.0.1", [], None, has_proxy=True)
    with pytest.raises(ConfigError, match="has no effect without keys, because everyone has access"):
        asks_for_keys([], "127.0.0.1", [], False, has_proxy=True)
