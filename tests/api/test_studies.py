"""Studies over HTTP."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest

from api.service.settings import Limits
from experiments.plots import theme
from tests.api.servers import problem, threaded, told

STUDY = {
    "name": "kiosks",
    "question": "What do more kiosk lanes bring?",
    "gate": "friendship-pass",
    "days": 2,
    "warmup_days": 1,
    "replications": 6,
    "scenarios": [{"name": "more-lanes", "upgrades": ["kiosk-lanes"]}],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return Path(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def client(data) -> Iterator[httpx.Client]:
    with threaded(data) as found:
        yield found


def finished(client: httpx.Client, study: dict[str, str]) -> dict[str, str]:
    while True:
        found: dict[str, str] = client.get(f"/api/v1/studies/{study['id']}", headers={"Prefer": "wait=30"}).json()
        if found["status"] not in ("queued", "running"):
            return found


@pytest.mark.long
def test_a_study_goes_from_submission_to_its_comparison(client, data, tmp_path):
    answer = client.post("/api/v1/studies", json=STUDY)
    assert answer.status_code == 202, answer.text
    study = answer.json()
    assert answer.headers["location"] == f"/api/v1/studies/{study['id']}"
    events = told(client, study)
    done = events[-1][2]
    assert done["status"] == "succeeded", done
    # two scenarios, six replications, under three readings of the gate
    assert (done["progress"]["done"], done["progress"]["total"]) == (36, 36)
    for link in done["links"].values():
        assert client.get(link).status_code == 200, link
    first = client.get(done["links"]["answer"]).json()["tables"][0]
    assert (first["columns"][0], len(first["rows"])) == ("Scenario", 1)
    rows = client.get(done["links"]["comparison"]).json()["rows"]
    assert {row["scenario"] for row in rows} == {"more-lanes"}
    table = pd.read_csv(io.StringIO(client.get(done["links"]["comparison"], headers={"Accept": "text/csv"}).text))
    assert len(table) == len(rows)
    for named in ("tables", "plots"):
        listed = client.get(done["links"][named]).json()["items"]
        assert "readings" in {item["name"] for item in listed}
        for item in listed[:3]:
            for link in item["links"].values():
                assert client.get(link).status_code == 200, link
    assert not list((data / "work").iterdir())

    # the same study at the command line gives the same bytes
    import json

    from api.cli.study import run_and_write
    from experiments.studies.model import study_from_text

    asked = study_from_text(json.dumps(STUDY))
    run_and_write(asked, tmp_path / "out", 2, None, tmp_path / "store", png=True)

    def hashes(where: Path) -> dict[str, str]:
        files = (path for path in where.rglob("*") if path.is_file())
        return {str(f.relative_to(where)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}

    assert hashes(data / "runs" / study["id"]) == hashes(tmp_path / "out")

    again = client.post("/api/v1/studies", json=STUDY).json()
    assert (again["id"], again["reused"]) == (study["id"], True)
    assert [item["id"] for item in client.get("/api/v1/studies").json()["items"]] == [study["id"]]
    assert client.get("/api/v1/runs").json()["items"] == []
    problem(client.get(f"{done['links']['tables']}/nothing.csv"), 404, "not-found")
    problem(client.get(f"{done['links']['plots']}/nothing.svg"), 404, "not-found")
    light = client.get(done["links"]["plots"]).json()["items"][0]["links"]["svg"]
    dark = client.get(light, params={"theme": "dark"}).text
    assert theme.DARK_PAPER in dark
    assert dark.count("<text") == client.get(light).text.count("<text")
    assert client.delete(done["links"]["self"]).status_code == 204
    problem(client.get(done["links"]["self"]), 404, "not-found")


def test_a_study_is_cancelled(client):
    study = client.post("/api/v1/studies", json={**STUDY, "days": 200, "replications": 300}).json()
    assert client.post(study["links"]["cancel"]).json()["status"] == "cancelled"
    assert finished(client, study)["status"] == "cancelled"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"gate": "/etc/passwd"}, "gate"),
        ({"gate": "../minimal.yaml"}, "gate"),
        ({"upgrades": ["./own.yaml"]}, "upgrades[0]"),
        ({"scenarios": [{"name": "x", "upgrades": ["/etc/x.yaml"]}]}, "scenarios[0].upgrades[0]"),
        ({"days": 0}, "days"),
        ({"scenarios": []}, "file"),
    ],
)
def test_findings(client, change, path):
    found = problem(client.post("/api/v1/studies", json={**STUDY, **change}), 422, "invalid")
    assert path in [one["path"] for one in found["findings"]], found


@pytest.mark.slow
def test_what_is_too_large(client):
    problem(client.post("/api/v1/studies", json={**STUDY, "days": 3660, "replications": 9000}), 422, "too-large")


def test_catalogue_of_upgrades(client):
    names = [item["name"] for item in client.get("/api/v1/upgrades").json()["items"]]
    assert "5g" in names
    found = client.get("/api/v1/upgrades/5g").json()
    assert found["upgrade"]["changes"]
    problem(client.get("/api/v1/upgrades/6g"), 404, "not-found")
    assert "scenarios" in client.get("/api/v1/schema/study").json()["properties"]
    assert "changes" in client.get("/api/v1/schema/upgrade").json()["properties"]
    run = client.post(
        "/api/v1/runs", json={"gate": "friendship-pass", "upgrades": ["5g"], "days": 2, "replications": 2}
    )
    assert run.status_code == 202, run.text


@pytest.mark.slow
def test_replications_of_studies_do_not_pile_up(tmp_path):
    small = {**STUDY, "gate": "minimal", "scenarios": [{"name": "third", "set": {"stages.booth.lanes": 3}}]}
    with threaded(tmp_path, limits=Limits(free_mb=1, kept_mb=0)) as client:
        study = client.post("/api/v1/studies", json=small).json()
        assert finished(client, study)["status"] == "succeeded"
    assert not [path for path in (tmp_path / "replications").rglob("*") if path.is_file()]
