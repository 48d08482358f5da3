"""What can be wrong with a request, as problem details (RFC 9457).

Every error answer is `application/problem+json` with `type`, `title`, `status`, `detail`, and `findings`, each with its
path, its value, the problem and a remedy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from gates.findings import Finding

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/v1/problems/"


@dataclass(frozen=True)
class Kind:
    """One kind of problem."""

    status: int
    title: str
    retry_s: int | None = None
    """When to repeat the request [s]."""


KINDS: dict[str, Kind] = {
    "malformed": Kind(400, "The request cannot be read"),
    "bad-host": Kind(400, "The request names another host"),
    "no-key": Kind(401, "An access key is needed"),
    "forbidden": Kind(403, "The access key does not allow this"),
    "cross-site": Kind(403, "Requests from pages of other websites are refused"),
    "not-found": Kind(404, "Not found"),
    "method-not-allowed": Kind(405, "The method is not allowed"),
    "not-acceptable": Kind(406, "None of the accepted formats is available"),
    "too-slow": Kind(408, "The request did not arrive in time"),
    "finished": Kind(409, "The run is finished"),
    "not-finished": Kind(409, "The run is not finished"),
    "in-progress": Kind(409, "The first request is still being answered", 1),
    "damaged": Kind(410, "The result is damaged or missing"),
    "changed": Kind(412, "It has changed since it was read"),
    "body-too-large": Kind(413, "The body is too large"),
    "not-json": Kind(415, "The body is not JSON"),
    "encoded": Kind(415, "The body has a Content-Encoding"),
    "range": Kind(416, "The range is not satisfiable"),
    "invalid": Kind(422, "The request has findings"),
    "too-large": Kind(422, "The run exceeds the limits of the server"),
    "idempotency-key-reused": Kind(422, "The Idempotency-Key was used for another request"),
    "queue-full": Kind(429, "The queue is full", 10),
    "internal": Kind(500, "The server failed"),
    "unavailable": Kind(503, "The server cannot answer this now", 5),
    "disk-full": Kind(507, "The disk is full", 60),
}

STATUS_KINDS = {400: "malformed", 404: "not-found", 405: "method-not-allowed", 406: "not-acceptable", 416: "range"}
"""Kind of a problem of which only the status is known."""


@dataclass
class Problem(Exception):
    """A request that is answered with a problem."""

    kind: str
    detail: str
    findings: list[Finding] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    """What the log says of it, if more than the answer."""

    @property
    def status(self) -> int:
        """The status of the answer."""
        return KINDS[self.kind].status

    def document(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return document(self.kind, self.detail, self.findings)

    def response(self) -> Response:
        """Return the answer."""
        kind = KINDS[self.kind]
        headers = {"Cache-Control": "no-store", **self.headers}
        if kind.retry_s is not None:
            headers["Retry-After"] = str(kind.retry_s)
        body = json.dumps(self.document(), ensure_ascii=False).encode("utf-8", "replace")
        return Response(body, kind.status, headers, MEDIA_TYPE)


def document(kind: str, detail: str, findings: Iterable[Finding] = ()) -> dict[str, Any]:
    """Return a problem as JSON."""
    known = KINDS[kind]
    body: dict[str, Any] = {"type": PREFIX + kind, "title": known.title, "status": known.status, "detail": detail}
    listed = [
        {k: v for k, v in one.as_dict().items() if k in ("path", "value", "problem", "remedy")} for one in findings
    ]
    return {**body, "findings": listed}


def with_findings(findings: list[Finding], kind: str = "invalid") -> Problem:
    """Return the problem of a request with findings."""
    first = findings[0] if findings else None
    more = f" And {len(findings) - 1} more." if len(findings) > 1 else ""
    return Problem(kind, f"{first}{more}", findings)
