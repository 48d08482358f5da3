"""Parameters that several routes share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Header, Path, Query


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
        description="The same key with the same body gives the same run, for a day.",
    ),
]
PreferHeader = Annotated[
    str | None, Header(alias="Prefer", description="`wait=30` answers once it is finished, or after 30 s.")
]
LastEventHeader = Annotated[str | None, Header(alias="Last-Event-ID", description="Number of the last event received.")]
LimitQuery = Annotated[int, Query(ge=1, le=100, description="Most entries.")]
CursorQuery = Annotated[str | None, Query(max_length=40, description="`next` of the previous page.")]
LanguageQuery = Annotated[
    Literal["en", "vi", "zh"], Query(description="Language of names; English where one is missing.")
]
GateQuery = Annotated[str | None, Query(max_length=80, description="Only those of this gate.")]
NamePath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,62}$", examples=["utilisation"])]
