"""The tables, and how they are opened."""

from __future__ import annotations

import sqlalchemy as sa

FORMAT = 4
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
    sa.Column("project", sa.String(80), nullable=False, server_default=""),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("predicted", sa.Text, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("created", sa.Float(53), nullable=False),
    sa.Column("started", sa.Float(53)),
    sa.Column("finished", sa.Float(53)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("problem", sa.Text),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("weight", sa.Float(53), nullable=False, server_default="1"),
    sa.Column("name", sa.String(120), nullable=False, server_default=""),
    sa.Column("tags", sa.Text, nullable=False, server_default=""),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
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
    "bordergate_access_keys",
    _metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("scope", sa.String(10), nullable=False),
    sa.Column("projects", sa.Text, nullable=False, server_default=""),
    sa.Column("created", sa.Float(53), nullable=False),
    sa.Column("expires", sa.Float(53)),
    sa.Column("last_used", sa.Float(53)),
    sa.Column("weight", sa.Float(53), nullable=False, server_default="1"),
    sa.Column("quota", sa.Integer),
)
webhooks = sa.Table(
    "bordergate_webhooks",
    _metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("run", sa.String(40), nullable=False, index=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due", sa.Float(53), nullable=False),
    sqlite_autoincrement=True,
)
_KEYS_OF_FORMAT_1 = "bordergate_keys"


def prepare(engine: sa.Engine) -> int:
    """Create the tables, or bring older ones up to date; return the number of the layout."""
    with engine.begin() as connection:
        is_new = not sa.inspect(connection).has_table(meta.name)
        layout = None if is_new else connection.scalar(sa.select(meta.c.format))
        if layout is not None and layout > FORMAT:
            return int(layout)
        _metadata.create_all(connection)
        if layout is not None and layout < 2:
            _from_format_1(connection)
        if layout is not None and layout < 3:
            _from_format_2(connection)
        if layout is not None and layout < 4:
            _from_format_3(connection)
        if layout is None:
            connection.execute(meta.insert().values(format=FORMAT))
        elif layout < FORMAT:
            connection.execute(meta.update().values(format=FORMAT))
        return FORMAT


def _from_format_1(connection: sa.Connection) -> None:
    """Add projects; move keys to the table that holds two of a name. What is done already is left alone."""
    inspector = sa.inspect(connection)
    _add_column(connection, runs, "project VARCHAR(80) DEFAULT '' NOT NULL")
    if inspector.has_table(_KEYS_OF_FORMAT_1):
        columns = "sha256, name, scope, created"
        move = f"INSERT INTO {keys.name} ({columns}) SELECT {columns} FROM {_KEYS_OF_FORMAT_1}"
        connection.execute(sa.text(f"{move} WHERE sha256 NOT IN (SELECT sha256 FROM {keys.name})"))
        connection.execute(sa.text(f"DROP TABLE {_KEYS_OF_FORMAT_1}"))


def _from_format_2(connection: sa.Connection) -> None:
    """Add how runs and keys stand beside others."""
    _add_column(connection, runs, "priority INTEGER DEFAULT 0 NOT NULL")
    _add_column(connection, runs, "weight DOUBLE PRECISION DEFAULT 1 NOT NULL")
    _add_column(connection, keys, "weight DOUBLE PRECISION DEFAULT 1 NOT NULL")
    _add_column(connection, keys, "quota INTEGER")


def _from_format_3(connection: sa.Connection) -> None:
    """Add what people write on a run."""
    _add_column(connection, runs, "name VARCHAR(120) DEFAULT '' NOT NULL")
    _add_column(connection, runs, "tags TEXT DEFAULT '' NOT NULL")
    _add_column(connection, runs, "note TEXT DEFAULT '' NOT NULL")


def _add_column(connection: sa.Connection, table: sa.Table, column: str) -> None:
    """Add a column, unless it is there."""
    if column.split()[0] not in {each["name"] for each in sa.inspect(connection).get_columns(table.name)}:
        connection.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN {column}"))
