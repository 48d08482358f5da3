"""What the server says about gates, costs and itself, and how it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ruamel.yaml import YAML

from tests.api.servers import ASKED, LONG, SHORT, problem, submitted

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


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
    assert large["refusal"] == "The run exceeds the limits of this server."


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


def test_health_readiness_limits_figures(client, run):
    assert client.get("/health").json()["status"] == "ok"
    ready = client.get("/ready").json()
    assert ready["ready"]
    assert ready["database"]
    assert client.get("/api/v1/limits").json()["body_bytes"] == 262_144


def figures_of(client) -> dict[str, float]:
    """Return what the server measures of itself, by name and labels as they are written."""
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, _, value in (one.rpartition(" ") for one in lines if one[0] != "#")}


def test_figures_tell_routes_apart_and_gauges_go_back_to_zero(client, run):
    def answers(route: str, method: str, status: int, waits: str) -> float:
        labels = f'method="{method}",route="{route}",status="{status}",waits="{waits}"'
        return figures_of(client).get(f"bordergate_http_seconds_count{{{labels}}}", 0.0)

    one = "/api/v1/runs/{run_id}"
    before = answers(one, "GET", 200, "no"), answers(one, "HEAD", 200, "no"), answers(one, "GET", 200, "yes")
    client.get(f"/api/v1/runs/{run['id']}")
    client.head(f"/api/v1/runs/{run['id']}")
    client.get(f"/api/v1/runs/{run['id']}", headers={"Prefer": "wait=1"})
    after = answers(one, "GET", 200, "no"), answers(one, "HEAD", 200, "no"), answers(one, "GET", 200, "yes")
    assert [late - early for early, late in zip(before, after, strict=True)] == [1, 1, 1]
    client.get("/api/v1/nothing/of/this/name")
    assert answers("none", "GET", 404, "no") >= 1

    waiting = submitted(client, {**LONG, "seed": 41})
    busy = figures_of(client)
    assert busy['bordergate_unfinished{key=""}'] >= 1
    assert busy["bordergate_workers"] == 2
    client.post(f"/api/v1/runs/{waiting['id']}/cancel")
    idle = figures_of(client)
    assert idle['bordergate_runs{status="queued"}'] == idle['bordergate_runs{status="running"}'] == 0
    assert 'bordergate_unfinished{key=""}' not in idle
    assert idle["bordergate_workers_busy"] == 0
    assert idle['bordergate_runs{status="succeeded"}'] >= 1


def test_alerts_and_dashboard_ask_for_figures_that_there_are(client, run):
    known = {name.partition("{")[0] for name in figures_of(client)} | {"up"}
    known |= {line.split()[2] for line in client.get("/metrics").text.splitlines() if line.startswith("# TYPE")}
    rules = YAML(typ="safe").load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    board = json.loads((DEPLOY / "dashboard.json").read_text(encoding="utf-8"))
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    for expression in asked:
        names = set(re.findall(r"\b(?:bordergate|process)_\w+|\bup\b", expression))
        assert names, expression
        assert names <= known, expression
    assert all(rule["annotations"]["remedy"] for rule in rules)


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
