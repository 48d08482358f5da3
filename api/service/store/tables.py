"""The tables, and how they are opened."""

from __future__ import annotations

import sqlalchemy as sa

FORMAT = 1
"""Number of the tables' layout; a newer one is refused."""

_metadata = sa.MetaData()
meta = sa.Table("bordergate_meta", _metadata, sa.Column("format", sa.Integer, nullable=False))
runs = sa.Table(
    "bordergate_runs",
    _metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("status", sa.String(12), nullable=False, index=True),
    sa.Column("digest", sa.String(64), nullable=False, index=True),
    sa.Column("gate", sa.String(80), nullable=False),
    sa.Column("owner", sa.String(80), nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("predicted", sa.Text, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
    sa.Column("started", sa.Float(53)),
    sa.Column("finished", sa.Float(53)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("problem", sa.Text),
    sqlite_autoincrement=True,
)
idempotency = sa.Table(
    "bordergate_idempotency",
    _metadata,
    sa.Column("owner", sa.String(80), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("run", sa.String(40), nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
)
keys = sa.Table(
    "bordergate_keys",
    _metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("scope", sa.String(10), nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
)


def prepare(engine: sa.Engine) -> int:
    """Create the tables that are missing, and return the number of the layout."""
    _metadata.create_all(engine)
    with engine.begin() as connection:
        known: int | None = connection.scalar(sa.select(meta.c.format))
        if known is None:
            connection.execute(meta.insert().values(format=FORMAT))
        return FORMAT if known is None else known
