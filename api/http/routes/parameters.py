"""Parameters that several routes share."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import Header, Path, Query, Request
from pydantic import Field

from gates.findings import ConfigError, Finding, suggestion


def id_path(kind: str) -> Any:
    """Return the id of a run or a study in a path."""
    return Path(alias=f"{kind}_id", pattern=rf"^{kind}_[0-9a-f]{{16}}$", examples=[f"{kind}_0123456789abcdef"])


RunIdPath = Annotated[str, id_path("run")]
StudyIdPath = Annotated[str, id_path("study")]
IdempotencyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="A request repeated with the same key and body within a day makes no second run: the answer is the "
        "first one.",
    ),
]
IfMatchHeader = Annotated[
    str | None,
    Header(alias="If-Match", description="Change it only if it still has this `ETag`; otherwise the answer is 412."),
]
PreferHeader = Annotated[
    str | None,
    Header(alias="Prefer", description="With `wait=30` the answer comes when the work is done, or after 30 s."),
]
LastEventHeader = Annotated[str | None, Header(alias="Last-Event-ID", description="Number of the last event received.")]
LimitQuery = Annotated[int, Query(ge=1, le=100, description="Largest number of entries in the answer.")]
CursorQuery = Annotated[str | None, Query(max_length=40, description="`next` of the previous page.")]
LanguageQuery = Annotated[
    Literal["en", "vi", "zh"], Query(description="Language of names; English where one is missing.")
]
ThemeQuery = Annotated[Literal["light", "dark"], Query(description="Colours of the picture.")]
GateQuery = Annotated[
    str | None, Query(max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$", description="Only those of this gate.")
]
OwnerQuery = Annotated[
    str | None, Query(max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$", description="Only those that this key submitted.")
]
NameQuery = Annotated[
    str | None,
    Query(max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$", description="Only those whose name holds this text."),
]
TagQuery = Annotated[
    list[Annotated[str, Field(max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]] | None,
    Query(max_length=20, description="Only those with this tag; with several, those that have all."),
]
MomentQuery = Annotated[
    str | None,
    Query(
        max_length=40,
        examples=["2026-07-01", "2026-07-01T08:00:00+07:00"],
        description="Only those submitted from this day or moment on (`created_from`), or before it (`created_to`). "
        "A day begins at 00:00 UTC.",
    ),
]
SortQuery = Annotated[Literal["newest", "oldest"], Query(description="Which come first.")]
NamePath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$", examples=["utilisation"])]


def moment(written: str | None, name: str) -> float | None:
    """Return the seconds since 1970 of a day or a moment of a query.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    if written is None:
        return None
    try:
        found = dt.datetime.fromisoformat(written)
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError):
        remedy = "Write 2026-07-01, or 2026-07-01T08:00:00+07:00."
        raise ConfigError([Finding(f"query.{name}", written, "is neither a day nor a moment", remedy)]) from None


async def only_known_parameters(request: Request) -> None:
    """Refuse parameters that the route does not have: a filter with a mistake in its name would filter nothing.

    Raises
    ------
    ConfigError
        With a finding for each.
    """
    if not request.scope["query_string"] or not request.url.path.startswith("/api/"):
        return
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    findings = [
        Finding(f"query.{name[:60]}", value[:60], "there is no such parameter", suggestion(known, name[:60]))
        for name, value in request.query_params.multi_items()
        if name not in known
    ]
    if findings:
        raise ConfigError(findings)
