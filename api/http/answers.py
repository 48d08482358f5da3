"""How answers are written: JSON with entity tags, files, and the document of a run."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from api.http.problems import KINDS, MEDIA_TYPE, Problem, document
from api.http.schemas import ProblemShape
from api.service.archive import zipped
from api.service.labels import label_of
from api.service.store import FINISHED, Row
from experiments.result_folder import MANIFEST
from gates.findings import Finding

ROOT = "/api/v1"
JSON = "application/json"
_DETAILS = {
    "malformed": "The body is not UTF-8 text.",
    "no-key": "Send `Authorization: Bearer KEY` with a key of this server.",
    "forbidden": "This key may only read.",
    "not-found": "run_0123456789abcdef does not exist.",
    "not-acceptable": "Accept one of application/json, text/csv.",
    "finished": "The run has succeeded; there is nothing to cancel.",
    "changed": 'It has the entity tag "3" now. Read it again.',
    "body-too-large": "The body may have 262,144 bytes at most.",
    "not-json": "Send the body as JSON, with `Content-Type: application/json`.",
    "range": "The file has 20,480 bytes.",
    "queue-full": "Too many runs are waiting. Try again when some are finished.",
    "unavailable": "The database cannot be reached. Try again later.",
    "disk-full": "The disk is full. Free some space; nothing was changed.",
}
KNOWN: dict[int | str, dict[str, Any]] = {304: {"description": "The client has the current version."}}
AN_HOUR_S = 3600
A_DAY_S = 86_400
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
RESULTS = {
    "answer": "/answer",
    "metrics": "/metrics",
    "queue_series": "/queue-series",
    "clearance": "/clearance",
    "event_log": "/event-log",
    "replay": "/replay",
    "plots": "/plots",
    "report": "/report",
    "manifest": "/manifest",
    "archive": "/archive",
}
STUDY_RESULTS = {
    "answer": "/answer",
    "comparison": "/comparison",
    "tables": "/tables",
    "plots": "/plots",
    "report": "/report",
    "manifest": "/manifest",
    "archive": "/archive",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of answers that are problems, with those that every route may send."""
    sentences = {
        400: "It cannot be read, or names another host.",
        401: "An access key is needed.",
        403: "The key does not allow it, or the request comes from another website.",
        404: "Nothing of this name exists.",
        406: "None of the accepted formats is available.",
        409: "The state of the run does not allow it.",
        410: "The result is damaged or missing.",
        412: "It has changed since it was read.",
        413: "The body is too large.",
        415: "The body is not JSON.",
        416: "The range is not satisfiable.",
        422: "It has findings.",
        429: "The queue is full.",
        503: "The server cannot answer this now.",
        507: "The disk is full.",
    }
    schema = {"$ref": f"#/components/schemas/{ProblemShape.__name__}"}
    return {
        status: {
            "description": sentences[status],
            "content": {MEDIA_TYPE: {"schema": schema, "example": _example(status)}},
        }
        for status in (400, 401, *statuses)
    }


def ranged(what: str, content: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return the description of a file of a result, sent whole or in a range."""
    return {
        200: {"description": what, "content": dict(content)},
        206: {"description": "A range of it."},
        **KNOWN,
        **problems(404, 409, 410, 416, 422, 503, 507),
    }


def _example(status: int) -> dict[str, Any]:
    """Return an example of a problem with this status."""
    kind = next(name for name, kind in KINDS.items() if kind.status == status)
    detail, findings = _DETAILS.get(kind, KINDS[kind].title + "."), []
    if kind == "invalid":
        findings = [Finding("days", "0", "too small", "Use at least 1.")]
        detail = str(findings[0])
    return document(kind, detail, findings)


OF_A_RESULT = problems(404, 409, 410, 422, 503, 507)
"""What may be wrong with a request for a part of a result."""


def as_body(document: Any) -> bytes:
    """Return a document as JSON."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def json_answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a document as JSON."""
    return Response(as_body(document), status, dict(headers or {}), JSON)


def tagged(request: Request, body: bytes, media_type: str, max_age: int = 0) -> Response:
    """Return a body with its entity tag, or 304 if the client has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return with_tag(request, body, tag, media_type, f"private, max-age={max_age}")


def refuse_unmatched(given: str | None, tag: str) -> None:
    """Refuse a request whose `If-Match` is for another version: RFC 9110, section 13.1.1. Weak tags never match."""
    if given is not None and given.strip() != "*" and tag not in (one.strip() for one in given.split(",")):
        raise Problem("changed", f"It has the entity tag {tag} now. Read it again.")


def with_tag(request: Request, body: bytes, tag: str, media_type: str, caching: str = "no-cache") -> Response:
    """Return a body with this entity tag, or 304 if the client has it already."""
    refuse_unmatched(request.headers.get("if-match"), tag)
    headers = {"ETag": tag, "Cache-Control": caching}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type)


def is_known(request: Request, tag: str) -> bool:
    """Tell whether the client has the version with this entity tag."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    return given.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in given.split(","))


def file_answer(request: Request, path: Path, media_type: str, name: str | None = None) -> Response:
    """Return a file, or the requested range of it; results never change, so clients may keep them."""
    status = path.stat()
    tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=86400, immutable"}
    refuse_unmatched(request.headers.get("if-match"), tag)
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    _refuse_beyond(request, status.st_size)
    return FileResponse(path, media_type=media_type, filename=name, headers=headers, stat_result=status)


def archive_answer(request: Request, folder: Path, name: str) -> Response:
    """Return all files of a result that its manifest lists, as a ZIP file that is written while it is sent."""
    status = (folder / MANIFEST).stat()
    tag = f'"zip-{status.st_mtime_ns:x}-{status.st_size:x}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=86400, immutable"}
    refuse_unmatched(request.headers.get("if-match"), tag)
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return StreamingResponse(zipped(folder, name), headers=headers, media_type="application/zip")


def report_answer(request: Request, path: Path) -> Response:
    """Return a report: a page that shows what is in it and loads nothing."""
    answer = file_answer(request, path, "text/html; charset=utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'none'"
    answer.headers["Content-Security-Policy"] = policy
    return answer


def _refuse_beyond(request: Request, size: int) -> None:
    """Refuse a range that the file does not have; what is not a single range is ignored, as RFC 9110 allows."""
    wanted = request.headers.get("range")
    if wanted is None:
        return
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or match[1] + match[2] == "":
        request.scope["headers"] = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
    elif (match[1] and int(match[1]) >= size) or int(match[2] or "1") < int(match[1] or "1"):
        raise Problem("range", f"The file has {size:,} bytes.", headers={"Content-Range": f"bytes */{size}"})


@functools.lru_cache(maxsize=10_000)
def run_body(row: Row) -> bytes:
    """Return a run as JSON; requested thousands of times a second, so it is written once for each change."""
    return json.dumps(run_document(row), ensure_ascii=False, separators=(",", ":")).encode()


def ended_body(row: Row) -> bytes:
    """Return what a webhook is sent of a run that has ended."""
    return as_body({"type": f"{row.kind}.{row.status}", "timestamp": instant(row.finished), "data": run_document(row)})


def base_of(row: Row) -> str:
    """Return the address of a run or a study."""
    return f"{ROOT}/{'runs' if row.kind == 'run' else 'studies'}/{row.id}"


def run_document(row: Row) -> dict[str, Any]:
    """Return the document of a run or a study."""
    base = base_of(row)
    links = {"self": base, "events": f"{base}/events"}
    if row.status not in FINISHED:
        links["cancel"] = f"{base}/cancel"
    if row.status == "succeeded":
        links |= {name: base + path for name, path in (RESULTS if row.kind == "run" else STUDY_RESULTS).items()}
    predicted = json.loads(row.predicted)
    predicted.pop("replication_seconds", None)
    return {
        "id": row.id,
        "kind": row.kind,
        "status": row.status,
        "gate": row.gate,
        "owner": row.owner or None,
        "project": row.project or None,
        "label": label_of(row).document(),
        "created": instant(row.created),
        "started": instant(row.started),
        "finished": instant(row.finished),
        "progress": {"done": row.done, "total": row.total, "phase": phase(row), "eta_s": _eta(row)}
        | {"stage": row.stage, "stages": row.stages},
        "predicted": predicted,
        "request": json.loads(row.request),
        "digest": row.digest,
        "problem": json.loads(row.problem) if row.problem else None,
        "version": row.version,
        "links": links,
    }


def phase(row: Row) -> str:
    """Return what is being done for a run just now; its status once it is finished."""
    return (row.phase or "waiting") if row.status == "running" else row.status


def _eta(row: Row) -> float | None:
    """Return the expected time to the end [s], never negative."""
    return None if row.ends_at is None else round(max(0.0, row.ends_at - time.time()), 1)


def instant(seconds: float | None) -> str | None:
    """Return a time as text."""
    if seconds is None:
        return None
    text = dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
