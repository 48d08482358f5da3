"""Pages of other websites, in a real browser: those that `--cors` names may send every method, all others nothing."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.api.servers import SHORT, access_key, process, threaded
from tests.e2e.browser import BROWSER, FLAGS, IN_A_BROWSER

pytestmark = IN_A_BROWSER
ASK = """async ([address, method, key, body]) => {
    try {
        const headers = {Authorization: key, ...(body ? {'Content-Type': 'application/json'} : {})};
        const answer = await fetch(address, {method, headers, body: body && JSON.stringify(body)});
        return [answer.status, answer.headers.get('location'), answer.headers.get('x-request-id') !== null];
    } catch (error) {
        return [0, String(error), false];
    }
}"""


class Silent(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>planner</title>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def websites() -> Iterator[list[str]]:
    """Two websites on this machine: other ports are other origins."""
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    yield [f"http://127.0.0.1:{server.server_address[1]}" for server in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_named_website_may_use_every_method_and_another_none(tmp_path, websites):
    planner, stranger = websites
    data = tmp_path / "data"
    with threaded(data):
        pass
    key = access_key(data, "office", "run")["Authorization"]
    with process(data, "--keys", "--cors", planner) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        page: Page = browser.new_page()

        def asked(method: str, path: str, body: Any = None) -> list[Any]:
            found: list[Any] = page.evaluate(ASK, [server.url + path, method, key, body])
            return found

        page.goto(planner)
        status, place, has_number = asked("POST", "/api/v1/runs", SHORT)
        assert (status, has_number) == (202, True)
        assert asked("PATCH", place, {"name": "from a planner's page"})[0] == 200
        while asked("GET", place)[0] == 200 and server.client.get(
            place, headers={"Authorization": key, "Prefer": "wait=20"}
        ).json()["status"] in ("queued", "running"):
            pass
        assert asked("DELETE", place)[0] == 204
        page.goto(stranger)
        for method in ("GET", "POST", "PATCH", "DELETE"):
            status, why, _ = asked(method, "/api/v1/runs", None if method in ("GET", "DELETE") else SHORT)
            assert (status, why) == (0, "TypeError: Failed to fetch"), method
        assert server.client.get("/api/v1/runs", headers={"Authorization": key}).json()["items"] == []
        browser.close()
