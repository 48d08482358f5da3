"""Webhooks: who may be called, that the end of a run is told, signed and in spite of failures and crashes."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from api.service import webhooks
from api.service.webhooks import read_address, signed
from gates.findings import ConfigError
from tests.api.servers import SHORT, finished, problem, process, submitted


class Listener:
    """A server that hears calls, and answers as it is told."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self.answers: list[int] = []
        """Statuses of the next answers; then 204."""
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = listener.answers.pop(0) if listener.answers else 204
                self.send_response(status)
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()
                listener.heard.put(({name.lower(): value for name, value in self.headers.items()}, body))

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/"

    def next(self, seconds: float = 60) -> tuple[dict[str, str], dict[str, Any]]:
        headers, body = self.heard.get(timeout=seconds)
        return headers, json.loads(body)


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://gates.example/", "is not an address that can be called"),
        ("https:///path", "is not an address that can be called"),
        ("https://gates.example/" + "p" * 1000, "is not an address that can be called"),
        ("http://gates.example/", "unencrypted"),
        ("https://user:secret@gates.example/", "holds a name or a password"),
        ("https://gates.example/hooks/../admin", "does not lead where it seems to"),
        ("https://gates.example/hooks/%2e%2e/admin", "does not lead where it seems to"),
        ("https://gates.example/hooks\\admin", "does not lead where it seems to"),
        ("https://gates.example/cửa", "does not lead where it seems to"),
        ("https://gates.example:port/", "is not an address"),
        ("https://[::1/", "is not an address"),
    ],
)
def test_an_address_that_may_mislead_is_refused(url, told):
    with pytest.raises(ConfigError, match=told):
        read_address(url, "notify")


def test_a_signature_is_that_of_the_standard():
    """The example of Standard Webhooks' own tests, worked again: HMAC of `id.time.body` under the decoded secret."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.slow
def test_the_end_of_a_run_is_told_and_signed_once_it_is_answered(tmp_path, listener):
    listener.answers = [500, 302]
    with process(tmp_path / "data", "--webhook", listener.url, "--log-level", "info") as server:
        run = submitted(server.client, {**SHORT, "notify": f"{listener.url}one"})["id"]
        heard = [listener.next() for _ in range(2)]  # the second after five seconds, the third after thirty more
        assert {headers["webhook-id"] for headers, _ in heard} == {f"{run}.1"}
        headers, told = heard[-1]
        assert told["type"] == "run.succeeded"
        assert told["data"] == server.client.get(f"/api/v1/runs/{run}").json()
        assert told["timestamp"] == told["data"]["finished"]
        secret = (tmp_path / "data/webhook-secret").read_text().strip()
        assert (tmp_path / "data/webhook-secret").stat().st_mode & 0o077 == 0
        key = base64.b64decode(secret.removeprefix("whsec_"))
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"

        again = submitted(server.client, {**SHORT, "notify": f"{listener.url}two"})
        assert again["reused"]
        assert listener.next()[1]["data"]["id"] == run

        refused = server.client.post("/api/v1/runs", json={**SHORT, "notify": "https://elsewhere.example/"})
        (finding,) = problem(refused, 422, "invalid")["findings"]
        assert finding["problem"] == "is not an address that this server calls"
        beside = listener.url.replace("/hooks/", "/hooks-of-others/")
        assert server.client.post("/api/v1/runs", json={**SHORT, "notify": beside}).status_code == 422
        assert server.client.post("/api/v1/runs", json={**SHORT, "notify": 7}).status_code == 422


@pytest.mark.long
def test_a_call_outlives_the_server(tmp_path, listener):
    """The run ends while nobody listens; the server is killed; the next one tells."""
    with process(tmp_path / "data", "--webhook", listener.url) as server:
        listener.answers = [503]
        run = submitted(server.client, {**SHORT, "notify": listener.url})["id"]
        finished(server.client, run)
        listener.next()
        time.sleep(0.5)  # until it is noted that it is to be made again
        server.kill()
    with process(tmp_path / "data", "--webhook", listener.url):
        assert listener.next()[1]["data"]["id"] == run
    with process(tmp_path / "data", "--webhook", listener.url), contextlib.suppress(queue.Empty):
        listener.next(2)
        raise AssertionError("it was answered, and is called again")


def test_a_server_that_calls_nobody_says_so(client):
    refused = client.post("/api/v1/runs", json={**SHORT, "notify": "https://gates.example/"})
    assert "--webhook" in problem(refused, 422, "invalid")["findings"][0]["remedy"]


def test_pauses_grow_to_a_day():
    assert list(webhooks.PAUSES_S) == sorted(webhooks.PAUSES_S)
    assert webhooks.PAUSES_S[-1] == 86_400
