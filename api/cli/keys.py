"""`bordergate keys`: access keys of a server that others can reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import console, mistakes_shown
from api.cli.options import DatabaseOption, DataOption, KeyScope, default_data_folder

if TYPE_CHECKING:
    from api.service.store import Store

keys = typer.Typer(help="Access keys of a server that others can reach.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Name of the key.")]


@keys.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="Name of the key's owner: lower-case letters, digits, hyphens.")],
    scope: Annotated[
        KeyScope,
        typer.Option(help="read: see runs; run: also submit, and cancel its own; admin: cancel any."),
    ] = KeyScope.RUN,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Make an access key and print it; it is not shown again.

    Example: `bordergate keys add planning-office --scope run`
    """
    with mistakes_shown():
        from api.http.keys import NAME, new_key
        from api.service import store
        from gates import ConfigError, Finding

        if not NAME.fullmatch(name):
            remedy = "Use lower-case letters, digits and hyphens, 40 at most."
            raise ConfigError([Finding("NAME", name[:60], "is not a valid name", remedy)])
        with _stored(data, database) as stored:
            if any(key.name == name for key in stored.at_once(store.keys())):
                remedy = "Use another name, or remove it first: bordergate keys remove."
                raise ConfigError([Finding("NAME", name, "has a key already", remedy)])
            secret, key = new_key(name, scope.value)
            stored.at_once(store.add_key(key))
        console.print(secret, markup=False)


@keys.command("list")
def list_keys(data: DataOption = None, database: DatabaseOption = None) -> None:
    """List the access keys; the keys themselves are not stored.

    Example: `bordergate keys list`
    """
    with mistakes_shown():
        import datetime as dt

        from api.service import store

        with _stored(data, database) as stored:
            for key in stored.at_once(store.keys()):
                made = dt.datetime.fromtimestamp(key.created, dt.UTC).date()
                console.print(f"{key.name:<40} {key.scope:<6} {made}", markup=False)


@keys.command("remove")
def remove_key(name: NameArgument, data: DataOption = None, database: DatabaseOption = None) -> None:
    """Remove an access key; a running server refuses it within seconds.

    Example: `bordergate keys remove planning-office`
    """
    with mistakes_shown():
        from api.service import store
        from gates import ConfigError, Finding

        with _stored(data, database) as stored:
            if not stored.at_once(store.remove_key(name)):
                raise ConfigError([Finding("NAME", name[:60], "has no key", "bordergate keys list shows all keys.")])


@contextmanager
def _stored(data: Path | None, database: str | None) -> Iterator[Store]:
    """Open the database of a server, which may be running."""
    from api.service.data_folder import open_folder
    from api.service.store import Store

    folder = open_folder(data or default_data_folder())
    stored = Store(database or f"sqlite:///{folder.database}")
    try:
        yield stored
    finally:
        stored.close()
