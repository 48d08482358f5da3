"""One server for all tests that only talk to it: in a thread, so that coverage sees what it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.servers import ASKED, finished, submitted, threaded


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    return Path(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def client(data) -> Iterator[httpx.Client]:
    with threaded(data) as found:
        yield found


@pytest.fixture(scope="session")
def run(client) -> dict[str, Any]:
    """A run that is done."""
    found = finished(client, submitted(client, ASKED)["id"])
    assert found["status"] == "succeeded", found
    return found
