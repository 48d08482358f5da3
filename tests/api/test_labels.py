"""Names, tags and notes on runs, lists that filter by them, many runs at once, and a result as one file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.service.labels import Label, read_label
from experiments.result_folder import checked_manifest
from gates.findings import ConfigError
from tests.api.servers import SHORT, access_key, finished, process, submitted, threaded


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (None, "label = 7 - "),
        ({"name": 7}, "label.name = 7 - is not a text"),
        ({"name": "n" * 121}, "has 121 letters"),
        ({"name": "two\nlines"}, "label.name = two\nlines - has more than one line"),
        ({"note": "n" * 2001}, "has 2,001 letters"),
        ({"tags": "bays"}, "label.tags = bays - is not a list"),
        ({"tags": ["bays", "bays!"]}, "label.tags[1] = bays! - is not a tag"),
        ({"tags": ["b" * 41]}, "is not a tag"),
        ({"tags": [7]}, "label.tags[0] = 7 - is not a tag"),
        ({"tags": [f"t{n}" for n in range(21)]}, "21 tags - too many"),
        ({"tag": []}, "label.tag"),
    ],
)
def test_a_label_that_cannot_be_used_is_explained(written, found):
    with pytest.raises(ConfigError) as refused:
        read_label(7 if written is None else written)
    assert found in str(refused.value)


def test_what_is_left_out_of_a_label_stays_and_null_removes():
    before = Label("Bays", ("2026", "cửa khẩu"), "five more")
    assert read_label({}, before) == before
    assert read_label({"name": None, "tags": ["通关", " 通关 "]}, before) == Label("", ("通关",), "five more")
    assert read_label({"tags": None, "note": "n" * 2000}, before) == Label("Bays", (), "n" * 2000)
    assert read_label({"name": "n" * 120, "tags": ["b" * 40, "a"]}).tags == ("b" * 40, "a")


@pytest.fixture(scope="module")
def three(client) -> list[str]:
    """Three runs, in this order, the last of which has failed to be written on."""
    labels = [{"name": "Five more bays", "tags": ["2026", "bays"]}, {"tags": ["2026", "bays at night"]}, {}]
    asked = [{**SHORT, "seed": 501 + n, "label": label} for n, label in enumerate(labels)]
    return [finished(client, submitted(client, each)["id"])["id"] for each in asked]


def listed(client: httpx.Client, three: list[str], **wanted: Any) -> list[int]:
    """Return which of the three runs a list holds, by number."""
    answer = client.get("/api/v1/runs", params={"limit": 100, **wanted})
    assert answer.status_code == 200, answer.text
    return [three.index(one["id"]) for one in answer.json()["items"] if one["id"] in three]


def test_runs_are_found_by_what_is_written_on_them(client, three):
    assert listed(client, three) == [2, 1, 0]
    assert listed(client, three, sort="oldest") == [0, 1, 2]
    assert listed(client, three, tag="2026") == [1, 0]
    assert listed(client, three, tag="bays") == [0]  # a whole tag, not a part of one
    assert listed(client, three, tag=["2026", "bays at night"]) == [1]
    assert listed(client, three, tag="%") == []
    assert listed(client, three, name="more BAYS") == [0]
    assert listed(client, three, name="_") == []
    assert listed(client, three, status=["succeeded", "failed"]) == [2, 1, 0]
    assert listed(client, three, status=["queued", "failed"]) == []
    assert listed(client, three, owner="nobody") == []
    first = client.get(f"/api/v1/runs/{three[1]}").json()["created"]
    assert listed(client, three, created_from=first) == [2, 1]
    assert listed(client, three, created_to=first) == [0]
    assert listed(client, three, created_to="2026-01-01") == []
    refused = client.get("/api/v1/runs", params={"created_from": "yesterday"})
    assert refused.status_code == 422
    assert refused.json()["findings"][0]["remedy"] == "Write 2026-07-01, or 2026-07-01T08:00:00+07:00."


def test_pages_follow_each_other_in_both_orders_and_say_how_many_there_are(client, three):
    for sort, order in (("newest", [1, 0]), ("oldest", [0, 1])):
        wanted = {"tag": "2026", "limit": 1, "sort": sort, "count": True}
        first = client.get("/api/v1/runs", params=wanted).json()
        second = client.get("/api/v1/runs", params={**wanted, "cursor": first["next"]}).json()
        assert [page["items"][0]["id"] for page in (first, second)] == [three[n] for n in order]
        assert (first["total"], second["total"], second["next"]) == (2, 2, None)
    assert client.get("/api/v1/runs").json()["total"] is None


def test_a_label_is_changed_and_is_no_part_of_a_result(client, data, three):
    place = f"/api/v1/runs/{three[2]}"
    before = client.get(place)
    assert before.json()["label"] == {"name": None, "tags": [], "note": None}
    files = {path: path.read_bytes() for path in (data / "runs" / three[2]).rglob("*") if path.is_file()}
    changed = client.patch(
        place, json={"name": "Nights", "note": "as\nasked"}, headers={"If-Match": before.headers["etag"]}
    )
    assert changed.json() == client.get(place).json()
    assert changed.json()["label"] == {"name": "Nights", "tags": [], "note": "as\nasked"}
    assert changed.json()["version"] == before.json()["version"] + 1
    late = client.patch(place, json={"name": "Days"}, headers={"If-Match": before.headers["etag"]})
    assert late.status_code == 412
    never = client.patch(place, json={"name": "n" * 121}, headers={"If-Match": before.headers["etag"]})
    assert never.status_code == 422
    assert client.patch(place, json={"title": "Days"}).json()["findings"][0]["path"] == "body.title"
    assert client.patch(place, json={"name": None}).json()["label"]["name"] is None
    assert files == {path: path.read_bytes() for path in files}
    again = submitted(client, {**SHORT, "seed": 503, "label": {"name": "Another"}})
    assert (again["id"], again["label"]["note"]) == (three[2], "as\nasked")


@pytest.mark.slow
def test_a_label_outlives_the_server_and_belongs_to_the_owner(tmp_path):
    data = tmp_path / "data"
    with threaded(data):
        pass
    office = access_key(data, "office", "run", "north")
    other = access_key(data, "other", "run", "north")
    with process(data, "--keys") as server:
        run = submitted(server.client, {**SHORT, "label": {"name": "Ours"}}, **office)["id"]
        place = f"/api/v1/runs/{run}"
        assert server.client.patch(place, json={"tags": ["kept"]}, headers=office).status_code == 200  # as it runs
        assert server.client.patch(place, json={"name": "Theirs"}, headers=other).status_code == 403
        while server.client.get(place, headers={**office, "Prefer": "wait=20"}).json()["status"] != "succeeded":
            pass
        server.kill()
    with process(data, "--keys") as server:
        assert server.client.get(place, headers=office).json()["label"] == {
            "name": "Ours",
            "tags": ["kept"],
            "note": None,
        }
        found = server.client.get("/api/v1/runs", params={"owner": "office", "tag": "kept"}, headers=other).json()
        assert [one["id"] for one in found["items"]] == [run]


def test_many_are_cancelled_and_deleted_at_once_and_each_is_told_apart(client):
    short = [submitted(client, {**SHORT, "seed": 601 + n})["id"] for n in range(2)]
    for one in short:
        finished(client, one)
    gone = "run_0123456789abcdef"
    cancelled = client.post("/api/v1/cancel", json={"ids": [short[0], gone]}).json()["items"]
    assert [(each["done"], each["problem"]["status"]) for each in cancelled] == [(False, 409), (False, 404)]
    deleted = client.post("/api/v1/delete", json={"ids": [*short, short[0], gone]}).json()["items"]
    assert [(each["id"], each["done"]) for each in deleted] == [(short[0], True), (short[1], True), (gone, False)]
    assert client.get(f"/api/v1/runs/{short[0]}").status_code == 404
    wrong: dict[str, Any]
    for wrong in ({}, {"ids": []}, {"ids": "all"}, {"ids": ["gate_0123456789abcdef"]}, {"ids": [gone] * 101}):
        assert client.post("/api/v1/delete", json=wrong).status_code == 422
    assert client.post("/api/v1/delete", json={"ids": [gone], "all": True}).status_code == 422


def test_a_result_that_is_a_link_is_not_followed_and_its_deletion_is_not_claimed(client, data: Path, tmp_path):
    run = submitted(client, {**SHORT, "seed": 611})["id"]
    finished(client, run)
    elsewhere = (data / "runs" / run).rename(tmp_path / "elsewhere")
    (data / "runs" / run).symlink_to(elsewhere)
    answer = client.delete(f"/api/v1/runs/{run}")
    assert answer.status_code == 503
    assert "some files stay until the next start of the server" in answer.json()["detail"]
    assert (elsewhere / "manifest.json").is_file()
    assert client.get(f"/api/v1/runs/{run}").status_code == 404


def test_a_result_comes_as_one_file(client, run, data, tmp_path):
    answer = client.get(run["links"]["archive"])
    assert answer.headers["content-disposition"] == f'attachment; filename="{run["id"]}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    assert checked_manifest(tmp_path / run["id"], drawn=False, every_byte=True)["kind"] == "run"
    kept = {path.name: path.read_bytes() for path in (data / "runs" / run["id"]).iterdir() if path.is_file()}
    assert {path.name: path.read_bytes() for path in (tmp_path / run["id"]).iterdir() if path.is_file()} == kept
    assert client.get(run["links"]["archive"]).content == answer.content
    assert client.get(run["links"]["archive"], headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert client.head(run["links"]["archive"]).status_code == 200
