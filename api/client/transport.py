"""Requests to a server: repeated while it cannot be reached, and its problems as errors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from gates.findings import ConfigError, Finding

API = "/api/v1"
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits before a request is repeated; the last one goes on until the patience ends [s]."""
PASSING = ("in-progress", "queue-full", "unavailable", "disk-full", "unreachable", "not-a-server")
"""Problems that may be over a little later: a proxy answers for a server that starts again, too."""
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
ANSWER_S = 90.0
"""Longest wait for an answer: more than a server holds one back that waits for a change [s]."""


class ServiceError(Exception):
    """A server that refused, failed, or could not be reached."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        """`unreachable`, or the kind of problem: `forbidden`, `not-found`, `queue-full` and so on."""


class Transport:
    """One server, with the key that opens it."""

    def __init__(self, url: str, key: str | None, patience_s: float) -> None:
        address, remedy = url.rstrip("/"), "Write http://HOST:PORT."
        try:
            host = httpx.URL(address).host
        except httpx.InvalidURL as wrong:
            raise ConfigError([Finding("url", url[:100], f"is not an address: {wrong}", remedy)]) from None
        if not host or not address.startswith(("http://", "https://")):
            raise ConfigError([Finding("url", url[:100], "is not the address of a server", remedy)])
        if key is not None and address.startswith("http://") and host not in THIS_MACHINE:
            remedy = "Use https://, behind which a proxy speaks TLS."
            raise ConfigError([Finding("url", url[:100], "would send the key unencrypted", remedy)])
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        self.address, self._patience_s = address, patience_s
        self._client = httpx.Client(base_url=address, headers=headers, timeout=ANSWER_S)

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def json(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """Return what the server answers.

        A request to submit must carry an Idempotency-Key, so that repeating it is safe.

        Raises
        ------
        ConfigError
            With every finding of the server about what was asked.
        ServiceError
            If it refuses, or cannot be reached for longer than the patience.
        """
        until, attempt = time.monotonic() + self._patience_s, 0
        while True:
            try:
                answer = self._client.request(method, API + path, json=body, headers=dict(headers or {}))
                if answer.is_success:
                    return answer.json() if answer.content else None
                error = _error(answer)
                if not (isinstance(error, ServiceError) and error.kind in PASSING):
                    raise error
            except httpx.TransportError as broken:
                error = ServiceError("unreachable", f"{self.address} cannot be reached: {broken}")
            if time.monotonic() >= until:
                raise error from None
            time.sleep(min(PAUSES_S[min(attempt, len(PAUSES_S) - 1)], max(0.0, until - time.monotonic())))
            attempt += 1

    def download(self, path: str, target: Path) -> None:
        """Write what the server sends into a new file.

        Raises
        ------
        ServiceError
            If it refuses, cannot be reached, or stops in the middle.
        """
        try:
            with self._client.stream("GET", API + path) as answer, target.open("xb") as file:
                if not answer.is_success:
                    answer.read()
                    raise _error(answer)
                for part in answer.iter_bytes():
                    file.write(part)
        except httpx.TransportError as broken:
            raise ServiceError("unreachable", f"{self.address} cannot be reached: {broken}") from None


def _error(answer: httpx.Response) -> Exception:
    """Return what a problem document says, as an error."""
    try:
        problem = answer.json()
        findings = [
            Finding(each["path"], each["value"], each["problem"], each["remedy"]) for each in problem["findings"]
        ]
        kind, detail = str(problem["type"]).rpartition("/")[2], str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return ServiceError("not-a-server", f"{answer.url} answers {answer.status_code}: is it a bordergate server?")
    return ConfigError(findings) if findings else ServiceError(kind, detail)
