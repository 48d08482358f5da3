"""`POST /forecasts`: the numbers and sentences of a forecast, and what is wrong with a request."""

from __future__ import annotations

from tests.api.servers import problem

FORECASTS = "/api/v1/forecasts"
ASKED = {
    "gate": "minimal",
    "at": "2025-07-01T10:00+07:00",
    "state": [
        {"class": "general", "stage": "booth", "trucks": 12},
        {"class": "general", "arrives": "2025-07-01 12:00"},
    ],
    "replications": 4,
    "what_ifs": [{"name": "one more lane", "set": {"stages.booth.lanes": 3}}],
}


def test_a_forecast_has_its_numbers_and_its_answers(client):
    made = client.post(FORECASTS, json=ASKED).json()
    assert (made["trucks_there"], made["trucks_announced"]) == (12, 1)
    stock = made["directions"]["northbound"]["stock"]
    assert stock["p5"][0] == stock["p95"][0] == 12
    assert len(stock["p50"]) == len(made["marks"])
    assert made["answers"][0].startswith("Northbound: 12 trucks not yet released now")
    assert made["what_ifs"][0]["name"] == "one more lane"
    assert client.post(FORECASTS, json=ASKED).json() == made


def test_a_forecast_with_mistakes_has_its_findings(client):
    wrong = problem(client.post(FORECASTS, json={**ASKED, "state": [{"class": "x"}]}), 422, "invalid")
    assert wrong["findings"][0]["path"] == "state.class[0]"
    assert problem(client.post(FORECASTS, json={**ASKED, "state": 5}), 422, "invalid")
    wrong = problem(client.post(FORECASTS, json={**ASKED, "at": "2025-07-01"}), 422, "invalid")
    assert wrong["findings"][0]["path"] == "at"
    wrong = problem(client.post(FORECASTS, json={**ASKED, "gate": "/etc/passwd"}), 422, "invalid")
    assert wrong["findings"][0]["path"] == "gate"
