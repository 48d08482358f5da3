"""`bordergate view`: one result folder through the page, without the server that made it and without changing it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from api.cli.app import app
from api.service.viewing import viewed
from experiments.result_folder import MANIFEST, read_json
from gates.findings import ConfigError
from tests.api.servers import problem, threaded
from tests.experiments.folders import HOSTILE, one_way, write_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = write_folder(tmp_path_factory.mktemp("view") / "result", one_way(), days=2)
    (found / "report.html").write_text(f"<h1>{HOSTILE}</h1>", encoding="utf-8")
    return found


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_page_shows_the_result_and_takes_nothing(folder):
    before = content(folder)
    with viewed(folder) as (data, address), threaded(data, shows=address) as client:
        assert f'data-shows="{address}"' in client.get("/").text
        run = client.get(f"/api/v1{address}").json()
        assert (run["status"], run["gate"], run["request"]["keep_events"]) == ("succeeded", "one-way", 1)
        assert client.get(f"/api/v1{address}/answer").json()["headlines"]
        assert client.get(f"/api/v1{address}/map.json").json()["stages"]
        assert client.get(f"/api/v1{address}/replay?from=24&to=30").json()["rows"]
        refused = problem(client.post("/api/v1/runs", json={"gate": "minimal"}), 403, "forbidden")
        assert "bordergate serve" in refused["detail"]
        problem(client.delete(f"/api/v1{address}"), 403, "forbidden")
        root = data
    assert not root.exists()
    assert content(folder) == before


@pytest.mark.slow
def test_its_own_pages_are_not_shown(folder):
    with viewed(folder) as (data, address), threaded(data, shows=address) as client:
        report = client.get(f"/api/v1{address}/report")
        assert HOSTILE not in report.text
        assert "One-way" in report.text or "one way" in report.text.lower()


def test_what_is_no_result_or_reaches_elsewhere_is_refused(folder, tmp_path):
    with pytest.raises(ConfigError, match="not a result folder"), viewed(tmp_path):
        pass
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    secret = tmp_path / "secret.parquet"
    shutil.move(copy / "days.parquet", secret)
    (copy / "days.parquet").symlink_to(secret)
    with pytest.raises(ConfigError, match="is a link, or is outside the folder"), viewed(copy):
        pass
    manifest = read_json(copy / MANIFEST)
    manifest["files"] = {"../secret.parquet": {"bytes": secret.stat().st_size, "sha256": ""}}
    (copy / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ConfigError), viewed(copy):
        pass


@pytest.mark.slow
def test_the_command_says_where_and_leaves_nothing_behind(folder, tmp_path):
    line = [sys.executable, "-m", "api.cli", "view", str(folder)]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "200", "NO_COLOR": "1"}
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as command:
        assert command.stdout is not None
        said = command.stdout.readline().strip()
        found = re.search(r"is shown at (http://127\.0\.0\.1:\d+)/runs/run_[0-9a-f]{16}$", said)
        assert found is not None
        assert "data-shows" in httpx.get(found[1]).text
        assert [path.name.startswith("bordergate-view-") for path in tmp_path.iterdir()] == [True]
        command.send_signal(signal.SIGTERM)
    assert list(tmp_path.iterdir()) == []


def test_the_command_refuses_what_is_no_result(tmp_path):
    done = CliRunner().invoke(app, ["view", str(tmp_path)], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert "not a result folder" in done.output
