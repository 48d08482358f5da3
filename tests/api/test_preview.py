"""What a page needs of the service before a run: previews, maps, costs; HEAD, and compression."""

from __future__ import annotations

import gzip
import json
from importlib import resources
from pathlib import Path

import brotli
import pytest

from tests.api.servers import ASKED, problem

PREVIEW = "/api/v1/preview"
LIBRARY = Path(str(resources.files("gates"))) / "library" / "gates"


def test_a_preview_holds_changes_costs_map_and_cost_of_the_run(client):
    shown = client.post(PREVIEW, params={"lang": "zh"}, json={**ASKED, "upgrades": ["kiosk-lanes"]}).json()
    assert (shown["valid"], shown["accepted"], shown["findings"]) == (True, True, [])
    assert [change["before"] for change in shown["changes"]] == ["4", "4"]
    assert shown["costs"]["capital_usd"]["base"] == 1_000_000
    assert shown["map"]["sides"][0]["title"] == "越南"
    assert shown["predicted"]["seconds"] > 0


def test_a_preview_of_a_mistake_has_its_findings(client):
    shown = client.post(PREVIEW, json={**ASKED, "days": 0, "upgrades": ["nothing"]}).json()
    assert not shown["valid"]
    assert {finding["path"] for finding in shown["findings"]} == {"days", "upgrades[0]"}
    assert (shown["map"], shown["costs"], shown["changes"]) == (None, None, [])


def test_a_preview_of_what_is_too_large_says_why_not(client):
    shown = client.post(PREVIEW, json={**ASKED, "days": 3660, "replications": 10_000}).json()
    assert (shown["valid"], shown["accepted"]) == (True, False)
    assert shown["refusal"]
    assert shown["map"]


def test_maps_as_data_and_as_pictures(client):
    base = "/api/v1/gates/friendship-pass/map"
    plain, changed = (
        client.get(f"{base}.json", params=more).json() for more in ({}, {"upgrade": ["igv-smart-lane", "data-link"]})
    )
    assert len(changed["stages"]) > len(plain["stages"])
    picture = client.get(f"{base}.svg", params={"lang": "vi"})
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "Trung Quốc" in picture.text
    assert client.get(f"{base}.png").content.startswith(b"\x89PNG")
    problem(client.get("/api/v1/gates/nowhere/map.svg"), 404, "not-found")
    problem(client.get(f"{base}.svg", params={"upgrade": "nothing"}), 422, "invalid")


def test_the_list_of_upgrades_has_needs_and_costs(client):
    items = {item["name"]: item for item in client.get("/api/v1/upgrades").json()["items"]}
    assert items["kiosk-lanes"]["costs"]["capital_usd"] == {"low": 200_000, "base": 1_000_000, "high": 4_800_000}
    assert items["kiosk-lanes"]["gate"] == "friendship-pass"
    assert any(item["needs"] for item in items.values())
    assert any(item["excludes"] for item in items.values())


@pytest.mark.parametrize("path", ["/health", "/api/v1/gates/friendship-pass", "/api/v1/runs", "/docs"])
def test_head_is_get_without_the_body(client, path):
    asked = {"Accept-Encoding": "identity"}
    get, head = client.get(path, headers=asked), client.head(path, headers=asked)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers.get("etag") == get.headers.get("etag")


def test_head_of_results(client, run):
    for name in ("metrics", "plots", "manifest"):
        head = client.head(run["links"][name])
        assert (head.status_code, head.content) == (200, b"")
    problem_of_none = client.head("/api/v1/runs/run_0000000000000000")
    assert (problem_of_none.status_code, problem_of_none.content) == (404, b"")
    assert client.head(run["links"]["events"]).status_code == 405  # a stream without end


@pytest.mark.parametrize(("coding", "unpacked"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_answers_are_compressed_for_who_accepts_it(client, coding, unpacked):
    path = "/api/v1/gates/friendship-pass"
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with client.stream("GET", path, headers={"Accept-Encoding": f"{coding}, other;q=0"}) as packed:
        body = b"".join(packed.iter_raw())
        assert packed.headers["content-encoding"] == coding
        assert packed.headers["content-length"] == str(len(body))
    assert len(body) * 3 < len(plain.content)
    assert json.loads(unpacked(body)) == plain.json()
    known = {"If-None-Match": packed.headers["etag"], "Accept-Encoding": coding}
    assert client.get(path, headers=known).status_code == 304


def test_what_is_not_text_or_is_a_range_travels_as_it_is(client, run):
    accepting = {"Accept-Encoding": "br"}
    picture = client.get(f"{run['links']['plots']}/utilisation.png", headers=accepting)
    assert "content-encoding" not in picture.headers
    part = client.get(run["links"]["manifest"], headers={**accepting, "Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert "content-encoding" not in part.headers
    refused = {"Accept-Encoding": "br;q=0"}
    assert "content-encoding" not in client.get("/api/v1/gates/friendship-pass", headers=refused).headers


@pytest.mark.slow
def test_a_window_that_holds_too_much_is_a_mistake_of_the_request(tmp_path):
    from api.service.settings import Limits
    from tests.api.servers import SHORT, finished, submitted, threaded

    with threaded(tmp_path, limits=Limits(free_mb=1, replay_rows=5)) as client:
        run = finished(client, submitted(client, SHORT)["id"])
        found = problem(client.get(run["links"]["replay"], params={"to": 72}), 422, "invalid")
        assert "the limit is 5" in found["findings"][0]["problem"]
        problem(client.get(run["links"]["replay"], params={"rep": 7}), 404, "not-found")


def test_a_gate_file_is_read_and_can_be_run(client):
    text = (LIBRARY / "minimal.yaml").read_text(encoding="utf-8")
    read = client.post("/api/v1/read-gate", json={"text": text}).json()
    assert (read["valid"], read["findings"], read["gate"]["name"]) == (True, [], "minimal")
    shown = client.post("/api/v1/preview", json={"gate": read["gate"], "days": 2}).json()
    assert shown["accepted"]
    wrong = client.post("/api/v1/read-gate", json={"text": text.replace("lanes:", "lane:", 1)}).json()
    assert not wrong["valid"]
    assert wrong["gate"] is None
    assert any("lane" in one["path"] for one in wrong["findings"])
    problem(client.post("/api/v1/read-gate", json={"txt": text}), 422, "invalid")
    problem(client.post("/api/v1/read-gate", json={"text": 3}), 422, "invalid")
