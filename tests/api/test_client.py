"""A server from Python: the same calls and the same results as on this machine."""

from __future__ import annotations

import io
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import bordergate as bg
from api.client.server import _unpacked
from tests.api.servers import access_key, process, threaded

SHORT: dict[str, Any] = {"days": 2, "warmup_days": 1, "replications": 3, "seed": 701}


@pytest.fixture(scope="module")
def server(client: httpx.Client) -> Iterator[bg.Server]:
    with bg.connect(str(client.base_url)) as found:
        yield found


def hashes(folder: Path) -> dict[str, bytes]:
    drawn = ("plots", "report.html", "manifest.json")  # drawn where they are asked for, and listed then
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in drawn
    }


@pytest.mark.slow
def test_a_run_there_is_a_run_here(server, tmp_path):
    seen: list[str] = []
    there = server.run("minimal", **SHORT, name="There", tags=["both"], progress=lambda one: seen.append(one["status"]))
    here = bg.run("minimal", **SHORT)
    assert seen[-1] == "succeeded"
    assert repr(there) == repr(here)
    assert hashes(there.folder) == hashes(here.folder)
    assert there.metric("clearance_h.mean.northbound") == here.metric("clearance_h.mean.northbound")
    assert bg.compare(there, here).paired
    (listed,) = server.runs(tag="both", limit=1)
    assert listed["label"]["name"] == "There"
    kept = server.result(listed["id"], out=tmp_path / "kept")
    assert isinstance(kept, bg.Result)
    assert kept.folder == tmp_path / "kept"
    assert kept.metrics.equals(there.metrics)
    assert server.label(listed["id"], name=None)["label"] == {"name": None, "tags": ["both"], "note": None}
    with pytest.raises(bg.ServiceError, match="nothing to cancel"):
        server.cancel(listed["id"])
    server.delete(listed["id"])
    with pytest.raises(bg.ServiceError) as gone:
        server.state(listed["id"])
    assert gone.value.kind == "not-found"


def test_a_gate_of_this_machine_is_sent_whole(server, tmp_path):
    gate = bg.load_gate("minimal").with_({"stages.booth.lanes": 4})
    there, here = server.run(gate, **SHORT), bg.run(gate, **SHORT)
    assert there.manifest["scenario"]["gate"] == here.manifest["scenario"]["gate"]
    assert hashes(there.folder) == hashes(here.folder)
    changed = server.run("minimal", **SHORT, changes={"stages.booth.lanes": 4})
    assert changed.metric("clearance_h.mean.northbound") == here.metric("clearance_h.mean.northbound")
    (tmp_path / "mine.yaml").write_text("name: [")
    with pytest.raises(bg.ConfigError, match=r"mine\.yaml"):
        server.run(tmp_path / "mine.yaml", **SHORT)


@pytest.mark.slow
def test_a_study_there_is_a_study_here(server):
    asked = {"name": "two", "question": "More booths?", "gate": "minimal", "days": 1, "replications": 2}
    two = bg.Study.model_validate({**asked, "scenarios": [{"name": "more", "set": {"stages.booth.lanes": 4}}]})
    there, here = server.study(two), bg.study(two)
    assert there.advice == here.advice
    assert there.table("estimates").equals(here.table("estimates"))
    assert [one["id"] for one in server.studies(limit=1)]


def test_findings_of_the_server_are_those_of_this_machine(server):
    with pytest.raises(bg.ConfigError) as there:
        server.run("minimall", days=0)
    with pytest.raises(bg.ConfigError) as here:
        bg.run("minimall", days=0)
    assert {each.path for each in there.value.findings} == {each.path for each in here.value.findings}
    with pytest.raises(bg.ConfigError, match="is not the id of a run or a study"):
        server.result("minimal")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("gates.example", "is not the address of a server"),
        ("http://gates.example", "would send the key unencrypted"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_sent(url, told):
    with pytest.raises(bg.ConfigError, match=told):
        bg.connect(url, key="secret")


def test_a_server_that_is_not_there_or_is_another_is_told(monkeypatch):
    monkeypatch.delenv("BORDERGATE_KEY", raising=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(bg.ServiceError, match="cannot be reached") as refused:
        bg.connect(f"http://127.0.0.1:{port}", patience_s=0)
    assert refused.value.kind == "unreachable"
    with pytest.raises(bg.ConfigError):
        bg.connect("http://127.0.0.1:port", patience_s=0)


@pytest.mark.slow
def test_a_key_opens_what_it_may(tmp_path):
    data = tmp_path / "data"
    with threaded(data):
        pass
    key = access_key(data, "office", "run", "north")["Authorization"].removeprefix("Bearer ")
    with process(data, "--keys") as served:
        with pytest.raises(bg.ServiceError) as refused:
            bg.connect(served.url, key="wrong", patience_s=0)
        assert refused.value.kind == "no-key"
        with bg.connect(served.url, key=key) as server:
            assert server.run("minimal", **SHORT, project="north").metrics is not None


@pytest.mark.long
def test_a_server_that_is_killed_meanwhile_is_waited_for(tmp_path):
    """A program that waits for a run sees nothing of a crash but the time that it takes."""
    data = tmp_path / "data"
    first = process(data, "--port", "0")
    with first as served:
        port = served.url.rpartition(":")[2]
        found: list[bg.Result] = []
        asked = {**SHORT, "days": 30, "replications": 60, "keep_events": "none"}

        def wait() -> None:
            with bg.connect(served.url) as server:
                found.append(server.run("friendship-pass", **asked))

        waits = threading.Thread(target=wait)
        waits.start()
        while not served.client.get("/api/v1/runs").json()["items"]:
            time.sleep(0.05)
        served.kill()
    with process(data, "--port", port):
        waits.join(timeout=300)
    assert found[0].manifest["replications"] == 60


def archived(*names: str) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return packed


@pytest.mark.parametrize("name", ["../x", "run_1/../../x", "/etc/x", "run_1", "run_1//x", "run_1/a\\..\\x", "run_2/x"])
def test_an_archive_writes_nowhere_else(tmp_path, name):
    (tmp_path / "archive.zip").write_bytes(archived(name).getvalue())
    with pytest.raises(bg.ServiceError, match="belongs to no result"):
        _unpacked(tmp_path / "archive.zip", "run_1", tmp_path / "target")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["archive.zip"]


def test_an_archive_that_is_cut_is_no_result(tmp_path):
    whole = archived("run_1/manifest.json").getvalue()
    (tmp_path / "archive.zip").write_bytes(whole[:-10])
    with pytest.raises(bg.ServiceError, match="arrived incomplete"):
        _unpacked(tmp_path / "archive.zip", "run_1", tmp_path / "target")
