"""The description at `/docs` in a real browser that reaches nothing but the server."""

from __future__ import annotations

import html
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.servers import Process, process
from tests.e2e.browser import BROWSER, FLAGS, IN_A_BROWSER

QUIET = [*FLAGS, "--headless", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Process]:
    with process(tmp_path_factory.mktemp("docs") / "data") as found:
        yield found


def shown(server: Process, folder: Path, part: str = "") -> str:
    """Return the text of the page once its scripts have run."""
    assert BROWSER is not None
    address = f"{server.url}/docs{part}"
    line = [BROWSER, *QUIET, f"--user-data-dir={folder}", "--virtual-time-budget=20000", "--dump-dom", address]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=300)
    whole = re.sub(r"</?wbr>", "", done.stdout)  # places where a long path may go on in the next line
    texts = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", whole, flags=re.DOTALL)
    return " ".join(html.unescape(texts).replace("\u200b", "").split())


def test_every_operation_is_listed_with_what_it_does(server, tmp_path):
    page = shown(server, tmp_path)
    described = server.client.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path} {operation['summary']}" in page


def test_an_operation_shows_an_example_its_answers_and_its_errors(server, tmp_path):
    described = server.client.get("/openapi.json").json()
    submit = described["paths"]["/api/v1/runs"]["post"]
    page = shown(server, tmp_path, f"#/runs/{submit['operationId']}")
    assert '"gate" : "friendship-pass"' in page
    assert "Idempotency-Key" in page
    for status, answer in submit["responses"].items():
        assert f"{status} {answer['description']}" in page
    assert "days = 0 - too small. Use at least 1." in page
