"""What the server says about gates, costs and itself, and how it refuses."""

from __future__ import annotations

from tests.api.servers import ASKED, SHORT, problem, submitted


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
    figures = client.get("/metrics").text
    assert 'bordergate_runs{status="succeeded"}' in figures
    assert "bordergate_http_seconds_bucket" in figures


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
