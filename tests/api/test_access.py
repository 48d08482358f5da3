"""What a key sees and changes: its own runs, those of its projects, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.service.security.access import EVERYBODY, LOCAL, Access
from api.service.store import Row
from tests.api.servers import LONG, SHORT, access_key, problem, submitted, threaded
from tests.api.test_studies import STUDY

pytestmark = pytest.mark.slow  # each has servers of its own

WHO = {
    "north": ("run", "north-gates"),
    "colleague": ("run", "south-gates", "north-gates"),
    "stranger": ("run", "south-gates"),
    "alone": ("run",),
    "reader": ("read", "north-gates"),
    "monitor": ("read", "all"),
    "boss": ("admin",),
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, dict[str, str]]:
    data = tmp_path_factory.mktemp("data")
    return {name: access_key(data, name, *allowed) for name, allowed in WHO.items()} | {"data": {"path": str(data)}}


@pytest.fixture(scope="module")
def client(keys) -> Iterator[httpx.Client]:
    with threaded(Path(keys["data"]["path"]), keys=True) as found:
        yield found


@pytest.fixture(scope="module")
def run(client, keys) -> dict[str, Any]:
    """A finished run of `north`, in the project `north-gates`."""
    made = submitted(client, SHORT, **keys["north"])
    while (found := client.get(made["links"]["self"], headers=keys["north"]).json())["status"] != "succeeded":
        assert found["status"] in ("queued", "running"), found
    return dict(found)


def ids(client: httpx.Client, header: dict[str, str]) -> list[str]:
    return [item["id"] for item in client.get("/api/v1/runs", headers=header).json()["items"]]


def test_owner_and_project_are_shown(run):
    assert (run["owner"], run["project"]) == ("north", "north-gates")


@pytest.mark.parametrize("name", ["north", "colleague", "reader", "monitor", "boss"])
def test_those_who_see_it(client, keys, run, name):
    assert run["id"] in ids(client, keys[name])
    for link in run["links"].values():
        assert client.get(link, headers=keys[name]).status_code == 200, link


@pytest.mark.parametrize("name", ["stranger", "alone"])
def test_to_others_it_is_not_there(client, keys, run, name):
    assert run["id"] not in ids(client, keys[name])
    links = {**run["links"], "log": f"{run['links']['self']}/event-log", "plot": f"{run['links']['plots']}/queues.svg"}
    for link in links.values():
        found = problem(client.get(link, headers=keys[name]), 404, "not-found")
        assert found["detail"] == f"{run['id']} does not exist."
    problem(client.post(f"{run['links']['self']}/cancel", headers=keys[name]), 404, "not-found")
    problem(client.delete(run["links"]["self"], headers=keys[name]), 404, "not-found")


def test_who_sees_a_run_may_not_change_it(client, keys, caplog):
    made = submitted(client, LONG, **keys["north"])
    for header in (keys["colleague"], keys["monitor"], keys["reader"]):
        problem(client.post(made["links"]["cancel"], headers=header), 403, "forbidden")
        problem(client.delete(made["links"]["self"], headers=header), 403, "forbidden")
    answer = client.post(made["links"]["cancel"], headers=keys["colleague"])
    assert answer.json()["detail"] == "The run belongs to another key."
    assert f"refused: key colleague may not change {made['id']} of north" in caplog.text
    assert client.post(made["links"]["cancel"], headers=keys["boss"]).status_code == 202
    assert client.delete(made["links"]["self"], headers=keys["north"]).status_code == 204


def test_no_run_is_given_that_another_may_cancel(client, keys, run):
    again = submitted(client, SHORT, **keys["north"])
    assert (again["id"], again["reused"]) == (run["id"], True)
    for name in ("colleague", "stranger", "boss"):
        first = submitted(client, SHORT, **keys[name])
        assert (first["id"] != run["id"], first["reused"]) == (True, False), name
        again = submitted(client, SHORT, **keys[name])
        assert (again["id"], again["reused"]) == (first["id"], True), name
    other = {**SHORT, "project": "north-gates"}
    assert submitted(client, other, **keys["colleague"])["reused"] is False, "other keys see it"


def test_a_run_that_is_not_finished_is_shared_with_its_owner_only(client, keys):
    made = submitted(client, {**LONG, "seed": 2}, **keys["north"])
    again = submitted(client, {**LONG, "seed": 2}, **keys["north"])
    other = submitted(client, {**LONG, "seed": 2}, **keys["colleague"])
    assert again["id"] == made["id"] != other["id"]
    for one, name in ((made, "north"), (other, "colleague")):
        assert client.post(one["links"]["cancel"], headers=keys[name]).status_code == 202


@pytest.mark.parametrize(
    ("name", "project", "given"),
    [
        ("colleague", None, "south-gates"),
        ("colleague", "north-gates", "north-gates"),
        ("alone", None, None),
        ("boss", "any", "any"),
    ],
)
def test_the_project_of_a_run(client, keys, name, project, given):
    asked = SHORT if project is None else {**SHORT, "project": project}
    made = submitted(client, {**asked, "seed": 8}, **keys[name])
    assert made["project"] == given
    assert "project" not in made["request"]


@pytest.mark.parametrize(
    ("name", "project", "finding"),
    [
        ("colleague", "north", ("north", "is not a project of this key", "Did you mean north-gates?")),
        ("alone", "north-gates", ("north-gates", "is not a project of this key", "Leave it out.")),
        ("boss", "North gates", ("North gates", "is not a valid name", "Use a project of this key.")),
        ("north", 7, ("7", "not a text", "Write the name of a project.")),
    ],
)
def test_projects_that_cannot_be(client, keys, name, project, finding):
    answer = client.post("/api/v1/runs", json={**SHORT, "project": project}, headers=keys[name])
    (found,) = problem(answer, 422, "invalid")["findings"]
    assert (found["path"], found["value"], found["problem"], found["remedy"]) == ("project", *finding)


def test_studies_have_owners_too(client, keys):
    study = client.post("/api/v1/studies", json={**STUDY, "days": 200}, headers=keys["north"]).json()
    assert (study["owner"], study["project"]) == ("north", "north-gates")
    problem(client.get(study["links"]["self"], headers=keys["alone"]), 404, "not-found")
    problem(client.post(study["links"]["cancel"], headers=keys["colleague"]), 403, "forbidden")
    assert client.get("/api/v1/studies", headers=keys["alone"]).json()["items"] == []
    assert client.post(study["links"]["cancel"], headers=keys["north"]).status_code == 202


def test_an_idempotency_key_belongs_to_its_owner(client, keys):
    same = {"Idempotency-Key": "order-1"}
    asked = {**SHORT, "seed": 21, "reuse": False}
    first = submitted(client, asked, **same, **keys["north"])
    other = submitted(client, {**asked, "seed": 22}, **same, **keys["colleague"])
    assert other["id"] != first["id"]
    assert submitted(client, asked, **same, **keys["north"])["id"] == first["id"]
    problem(client.post("/api/v1/runs", json=SHORT, headers={**same, **keys["north"]}), 422, "idempotency-key-reused")


@pytest.mark.slow
def test_an_idempotency_key_is_free_again_after_a_delete(client, keys):
    same = {"Idempotency-Key": "order-2", **keys["boss"]}
    first = submitted(client, {**SHORT, "seed": 31}, **same)
    while client.delete(first["links"]["self"], headers=keys["boss"]).status_code == 409:
        pass
    again = submitted(client, {**SHORT, "seed": 31}, **same)
    assert (again["id"] != first["id"], again["reused"]) == (True, False)
    while client.delete(again["links"]["self"], headers=keys["boss"]).status_code == 409:
        pass
    assert submitted(client, {**SHORT, "seed": 32}, **same)["reused"] is False, "for another request, too"


ROW = Row("run_1", "run", "running", "d", "minimal", "a", "{}", "{}", 0, 1, 1.0, project="p")


@pytest.mark.parametrize(
    ("access", "sees", "changes"),
    [
        (LOCAL, True, True),
        (EVERYBODY, False, False),
        (Access("a", "read"), True, False),
        (Access("a", "run"), True, True),
        (Access("b", "run"), False, False),
        (Access("b", "run", ("p",)), True, False),
        (Access("b", "run", ("q",)), False, False),
        (Access("b", "run", ("q", "all")), True, False),
        (Access("b", "admin"), True, True),
    ],
)
def test_what_an_access_allows(access, sees, changes):
    assert (access.may_see(ROW), access.may_change(ROW)) == (sees, changes)


def test_runs_without_a_project_have_nothing_in_common():
    assert not Access("b", "run").may_see(Row(**{**vars(ROW), "project": ""}))
    assert not Access("b", "run", ("",)).may_submit_to("p")


def test_probes_ask_by_address_without_a_key_and_learn_yes_or_no(tmp_path):
    data = tmp_path / "data"
    with threaded(data):
        pass
    office = access_key(data, "office", "read")
    with threaded(data, keys=True) as client:
        by_address = {"Host": "10.1.2.3:8000"}
        for probe in ("/health", "/ready"):
            assert client.get(probe, headers=by_address).status_code == 200
            assert client.head(probe, headers=by_address).status_code == 200
        nobody = client.get("/ready").json()
        assert nobody == {"ready": True, "database": True, "disk_free_mb": None, "unfinished": None, "trouble": None}
        told = client.get("/ready", headers=office).json()
        assert (told["ready"], told["unfinished"], told["trouble"]) == (True, 0, "")
        assert client.get("/ready", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert client.get("/ready", headers={"Host": "rebound.example"}).status_code == 400
        assert client.get("/api/v1/limits", headers={**by_address, **office}).status_code == 400
        assert client.get("/metrics").status_code == 401
