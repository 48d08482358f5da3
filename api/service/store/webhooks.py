"""Calls that were asked for: which address is to hear of the end of which run."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from api.service.store.database import Statement
from api.service.store.rows import FINISHED, Row
from api.service.store.tables import runs, webhooks


class Call(NamedTuple):
    """A call that was asked for."""

    seq: int
    url: str
    attempts: int
    """How often it was tried in vain."""
    due: float
    """When it is to be tried, in seconds since 1970."""
    row: Row
    """The run, as it ended."""


def ask(run: str, url: str) -> Statement[None]:
    """Store that an address is to hear of the end of a run."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(webhooks.insert().values(run=run, url=url, attempts=0, due=0.0))

    return statement


def asked_with(adding: Statement[Row], url: str | None) -> Statement[Row]:
    """Store a run, and if there is an address that it is to hear of its end: both or neither."""

    def statement(connection: sa.Connection) -> Row:
        stored = adding(connection)
        if url is not None:
            ask(stored.id, url)(connection)
        return stored

    return statement


def next_calls(limit: int) -> Statement[list[Call]]:
    """Return the calls about runs that have ended, those that are due first before others."""
    columns = (webhooks.c.seq.label("call"), webhooks.c.url, webhooks.c.attempts, webhooks.c.due)
    query = sa.select(runs, *columns).join(webhooks, webhooks.c.run == runs.c.id)
    query = query.where(runs.c.status.in_(FINISHED)).order_by(webhooks.c.due, webhooks.c.seq).limit(limit)

    def statement(connection: sa.Connection) -> list[Call]:
        found = []
        for each in connection.execute(query):
            of_run = dict(each._mapping)
            call, url, attempts, due = (of_run.pop(name) for name in ("call", "url", "attempts", "due"))
            found.append(Call(call, url, attempts, due, Row(**of_run)))
        return found

    return statement


def put_off(call: Call, due: float) -> Statement[None]:
    """Note that a call was tried in vain, and when it is tried again."""

    def statement(connection: sa.Connection) -> None:
        changed = webhooks.update().where(webhooks.c.seq == call.seq)
        connection.execute(changed.values(attempts=call.attempts + 1, due=due))

    return statement


def done(call: Call) -> Statement[None]:
    """Note that a call is not tried again."""

    def statement(connection: sa.Connection) -> None:
        connection.execute(webhooks.delete().where(webhooks.c.seq == call.seq))

    return statement
