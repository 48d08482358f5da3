"""The service as others reach it: by name, with a key, over TLS, PostgreSQL behind it, by the files in deploy/."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.servers import LONG, SHORT, process
from tests.api.test_cli import bordergate
from tests.e2e import postgres
from tests.needed import needs

ROOT = Path(__file__).resolve().parents[2]
NAME = "gates.example.org"
pytestmark = [pytest.mark.long, postgres.NEEDED, needs("caddy", "openssl")]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """A certificate made by ourselves, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    line = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    line += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(key), "-out", str(made)]
    subprocess.run(line, check=True, capture_output=True)
    return made, key


class Outside:
    """Someone who reaches the service by its name."""

    def __init__(self, certificate: Path, port: int, plain_port: int) -> None:
        self.port, self.plain_port = port, plain_port
        self.client = httpx.Client(
            base_url=f"https://127.0.0.1:{port}", verify=ssl.create_default_context(cafile=certificate), timeout=60
        )

    def ask(self, method: str, path: str, host: str = NAME, **more: Any) -> httpx.Response:
        headers = {"Host": host, **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, extensions={"sni_hostname": NAME}, **more)


@pytest.fixture(scope="module")
def outside(tmp_path_factory, certificate) -> Iterator[tuple[Outside, dict[str, str]]]:
    """Give someone outside, and the header with their key."""
    folder = tmp_path_factory.mktemp("served")
    port, plain_port = free_port(), free_port()
    with postgres.database() as database:
        options = ("--data", str(folder / "data"), "--database", database.url)
        secret = bordergate("keys", "add", "planner", "--scope", "run", *options, cwd=folder).stdout.strip()
        with process(folder / "data", "--database", database.url, "--allow-host", NAME) as server:
            environment = {
                **os.environ,
                "GATES_HOST": NAME,
                "GATES_TLS": " ".join(map(str, certificate)),
                "GATES_SERVICE": server.url.removeprefix("http://"),
                "GATES_HTTPS_PORT": str(port),
                "GATES_HTTP_PORT": str(plain_port),
                "XDG_DATA_HOME": str(folder),
                "XDG_CONFIG_HOME": str(folder),
            }
            line = ["caddy", "run", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]
            with (folder / "log").open("wb") as log:
                proxy = subprocess.Popen(line, env=environment, stdout=log, stderr=log)
            found = Outside(certificate[0], port, plain_port)
            try:
                _answering(found, proxy, folder / "log")
                yield found, {"Authorization": f"Bearer {secret}"}
            finally:
                found.client.close()
                proxy.terminate()
                proxy.wait(timeout=30)


def _answering(outside: Outside, proxy: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        assert proxy.poll() is None, log.read_text(encoding="utf-8")
        try:
            outside.ask("GET", "/health").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.1)


def test_a_run_from_outside(outside):
    planner, key = outside
    answer = planner.ask("POST", "/api/v1/runs", json=SHORT)
    assert (answer.status_code, answer.json()["type"]) == (401, "/api/v1/problems/no-key")
    answer = planner.ask("POST", "/api/v1/runs", json=SHORT, headers=key)
    assert answer.status_code == 202, answer.text
    assert answer.headers["strict-transport-security"]
    where = answer.headers["location"]
    assert where.startswith("/api/v1/runs/"), "it holds under whatever name the service is reached"
    while (found := planner.ask("GET", where, headers={**key, "Prefer": "wait=30"}).json())["finished"] is None:
        assert found["status"] in ("queued", "running")
    assert found["status"] == "succeeded", found
    log = planner.ask("GET", f"{where}/event-log", headers={**key, "Range": "bytes=0-3"})
    assert (log.status_code, log.content) == (206, b"PAR1")


def test_events_come_as_they_happen(outside):
    planner, key = outside
    run = planner.ask("POST", "/api/v1/runs", json=LONG, headers=key).json()
    headers = {"Host": NAME, **key}
    asked = planner.client.build_request("GET", run["links"]["events"], headers=headers)
    asked.extensions["sni_hostname"] = NAME
    seen: list[str] = []
    with contextlib.closing(planner.client.send(asked, stream=True)) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: "))["status"])
                if len(seen) == 1:  # it goes on, and yet this was told: nothing waits for the end
                    assert planner.ask("POST", run["links"]["cancel"], headers=key).status_code == 202
    assert seen[-1] == "cancelled"


def test_problems_pass_unchanged(outside):
    planner, key = outside
    answer = planner.ask("POST", "/api/v1/runs", json={"gate": "x" * 300_000}, headers=key)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_other_names_and_plain_http_are_not_served(outside):
    planner, key = outside
    answer = planner.ask("GET", "/api/v1/runs", host="evil.example", headers=key)
    assert "items" not in answer.text
    plain = httpx.get(f"http://127.0.0.1:{planner.plain_port}/api/v1/runs", headers={"Host": NAME, **key})
    assert plain.status_code == 308
    assert plain.headers["location"].startswith(f"https://{NAME}")
