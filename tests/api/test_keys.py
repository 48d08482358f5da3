"""Who may come in: keys, scopes, hosts, and a server that refuses to start without them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.servers import LONG, SHORT, process, submitted
from tests.api.test_cli import bordergate, refused


def key(data: Path, name: str, scope: str) -> dict[str, str]:
    done = bordergate("keys", "add", name, "--scope", scope, "--data", str(data), cwd=data.parent)
    assert done.returncode == 0, done.stderr
    secret = done.stdout.strip()
    assert secret.startswith("bg_")
    assert secret.encode() not in b"".join(path.read_bytes() for path in data.glob("bordergate.*"))
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    "options",
    [["--host", "0.0.0.0"], ["--host", "192.0.2.1"], ["--host", "::"], ["--allow-host", "gates.example"]],
)
def test_others_cannot_reach_a_server_without_a_key(options, tmp_path):
    done = bordergate("serve", "--port", "0", "--data", "data", *options, cwd=tmp_path)
    (line,) = refused(done)
    assert "it has no access key" in line
    assert "bordergate keys add" in line


def test_keys_and_their_scopes(tmp_path):
    data = tmp_path / "data"
    read, run, other, admin = (
        key(data, name, scope) for name, scope in (("a", "read"), ("b", "run"), ("c", "run"), ("d", "admin"))
    )
    listed = bordergate("keys", "list", "--data", "data", cwd=tmp_path).stdout
    assert [line.split()[:2] for line in listed.splitlines()] == [
        ["a", "read"],
        ["b", "run"],
        ["c", "run"],
        ["d", "admin"],
    ]
    with process(data, "--host", "0.0.0.0", "--allow-host", "gates.example") as server:
        client = server.client
        client.base_url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert client.get("/health").status_code == 200
        assert client.get("/docs").status_code == 200
        for wrong in ({}, {"Authorization": "Bearer bg_wrong"}, {"Authorization": "Basic YTpi"}):
            answer = client.get("/api/v1/runs", headers=wrong)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert client.get("/metrics").status_code == 401
        assert client.get("/api/v1/runs", headers=read).status_code == 200
        assert client.get("/api/v1/runs", headers={**read, "Host": "gates.example"}).status_code == 200
        assert client.get("/api/v1/runs", headers={**read, "Host": "evil.example"}).status_code == 400
        assert client.post("/api/v1/runs", json=SHORT, headers=read).status_code == 403
        made = submitted(client, LONG, **run)
        assert client.post(made["links"]["cancel"], headers=other).status_code == 403
        assert client.post(made["links"]["cancel"], headers=admin).status_code == 202
        assert client.delete(made["links"]["self"], headers=run).status_code == 204
        assert bordergate("keys", "remove", "a", "--data", "data", cwd=tmp_path).returncode == 0
        for _ in range(100):
            if client.get("/api/v1/runs", headers=read).status_code == 401:
                break
            subprocess.run([sys.executable, "-c", "import time; time.sleep(0.2)"], check=True)
        else:
            pytest.fail("a removed key still opens")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["keys", "add", "Planning Office"], "is not a valid name"),
        (["keys", "remove", "nobody"], "has no key"),
        (["serve", "--database", "mysql://x"], "no database of a known kind"),
        (["serve", "--database", "postgresql://nobody@127.0.0.1:1/none"], "cannot be opened"),
    ],
)
def test_mistakes(arguments, text, tmp_path):
    assert text in refused(bordergate(*arguments, "--data", "data", cwd=tmp_path))[0]


def test_a_name_has_one_key(tmp_path):
    key(tmp_path / "data", "a", "read")
    done = bordergate("keys", "add", "a", "--data", "data", cwd=tmp_path)
    assert "has a key already" in refused(done)[0]


def test_a_data_folder_has_one_server(tmp_path):
    with process(tmp_path / "data") as server:
        done = bordergate("serve", "--port", "0", "--data", "data", cwd=tmp_path)
        assert f"in use by another server, process {server.process.pid}" in refused(done)[0]
    (tmp_path / "data" / "format").write_text("99\n", encoding="ascii")
    assert "newer version" in refused(bordergate("serve", "--data", "data", cwd=tmp_path))[0]


def test_a_data_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("x", encoding="ascii")
    assert "cannot be used" in refused(bordergate("serve", "--data", "file/data", cwd=tmp_path))[0]
