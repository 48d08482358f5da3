"""`bordergate keys`: access keys of a server that others can reach."""

from __future__ import annotations

import datetime as dt
import getpass
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import console, mistakes_shown
from api.cli.options import DatabaseOption, DataOption, KeyScope, default_data_folder
from api.cli.server.opening import opened

if TYPE_CHECKING:
    from api.service.security.keys import AccessKey
    from api.service.store import Store

keys = typer.Typer(help="Access keys of a server that others can reach.", no_args_is_help=True)

HOUR_S = 3600.0
SCOPE_HELP = "read: see runs; run: also submit, and cancel and delete its own; admin: see, cancel and delete any."

NameArgument = Annotated[str, typer.Argument(help="Name of the key.")]
ProjectOption = Annotated[
    list[str] | None,
    typer.Option(metavar="PROJECT", help="Project whose runs the key sees; may be repeated; `all` for every project."),
]
ExpiresOption = Annotated[
    str | None, typer.Option(metavar="DATE", help="Last day on which the key works (UTC), such as 2027-06-30.")
]
WeightOption = Annotated[
    float | None,
    typer.Option(min=0.1, max=100, help="How much of the workers its runs get beside those of others; 1 by default."),
]
QuotaOption = Annotated[
    int | None,
    typer.Option(
        min=1, max=100_000, metavar="RUNS", help="Most runs that are not finished; the server's limit if left out."
    ),
]


@keys.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="Name of the key's owner: lower-case letters, digits, hyphens.")],
    scope: Annotated[KeyScope, typer.Option(help=SCOPE_HELP)] = KeyScope.RUN,
    project: ProjectOption = None,
    expires: ExpiresOption = None,
    weight: WeightOption = None,
    quota: QuotaOption = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Make an access key and print it; it is not shown again.

    A key sees its own runs, and those of its projects. New runs belong to its first project.

    Example: `bordergate keys add planning-office --scope run --project north-gates`
    """
    with mistakes_shown():
        from api.service.security.keys import add, new_key
        from gates import ConfigError, Finding

        _check_names("NAME", [name])
        _check_names("--project", project or [])
        until = _end_of(expires)
        with opened(data, database) as (_, stored):
            if _keys_of(stored, name):
                remedy = "Use another name, or make a new key for it: bordergate keys rotate."
                raise ConfigError([Finding("NAME", name, "has a key already", remedy)])
            secret, key = new_key(name, scope.value, project or [], until, weight=weight or 1.0, quota=quota)
            stored.at_once(add(key))
            _note(data, "add key", name, scope=scope.value, projects=project)
        console.print(secret, markup=False)


@keys.command("list")
def list_keys(data: DataOption = None, database: DatabaseOption = None) -> None:
    """List the access keys, when they expire and when they were last used; the keys themselves are not stored.

    Example: `bordergate keys list`
    """
    with mistakes_shown():
        from api.cli.tables import print_table
        from api.service.security.keys import all_keys

        with opened(data, database) as (_, stored):
            listed = stored.at_once(all_keys())
        columns = ("Name", "Scope", "Projects", "Weight", "Quota", "Made", "Expires", "Last used")
        print_table(console, "", columns, [_line(key) for key in listed])


@keys.command("rotate")
def rotate_key(
    name: NameArgument,
    overlap: Annotated[
        float, typer.Option(min=0, max=24 * 366, metavar="HOURS", help="How long the old key still works.")
    ] = 24.0,
    expires: ExpiresOption = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Make a new key for a name and print it; the old one works for some hours more.

    The new key has the scope, projects, weight and quota of the old one. If the old one expires, so does the new one,
    after as long a time, unless `--expires` says otherwise.

    Example: `bordergate keys rotate planning-office --overlap 48`
    """
    with mistakes_shown():
        from api.service.security.keys import new_key, rotate

        until = _end_of(expires)
        with opened(data, database) as (_, stored):
            old = _known(stored, name)[-1]
            if until is None and old.expires is not None:
                until = time.time() + old.expires - old.created
            allowed = old.scope, old.projects, until
            secret, key = new_key(name, *allowed, weight=old.weight, quota=old.quota)
            stored.at_once(rotate(key, ends=key.created + overlap * HOUR_S))
            _note(data, "rotate key", name)
        console.print(secret, markup=False)


@keys.command("set")
def set_key(
    name: NameArgument,
    scope: Annotated[KeyScope | None, typer.Option(help=SCOPE_HELP)] = None,
    project: ProjectOption = None,
    expires: ExpiresOption = None,
    weight: WeightOption = None,
    quota: QuotaOption = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Change what a key may do, or when it expires; what is left out stays. A running server knows within seconds.

    Example: `bordergate keys set planning-office --project north-gates --project south-gates`
    """
    with mistakes_shown():
        from api.service.security.keys import change
        from gates import ConfigError, Finding

        _check_names("--project", project or [])
        options = {
            "scope": scope and scope.value,
            "projects": project,
            "expires": _end_of(expires),
            "weight": weight,
            "quota": quota,
        }
        changes: dict[str, Any] = {field: value for field, value in options.items() if value is not None}
        if not changes:
            remedy = "Give --scope, --project, --expires, --weight or --quota."
            raise ConfigError([Finding("NAME", name[:60], "nothing to change", remedy)])
        with opened(data, database) as (_, stored):
            _known(stored, name)
            stored.at_once(change(name, changes))
            _note(data, "change key", name, **changes)


@keys.command("remove")
def remove_key(
    name: NameArgument,
    force: Annotated[bool, typer.Option("--force", help="Remove it even if it is the last one that works.")] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Remove an access key; a running server refuses it within seconds.

    Example: `bordergate keys remove planning-office`
    """
    with mistakes_shown():
        from api.service.security.keys import remove
        from gates import ConfigError, Finding

        with opened(data, database) as (_, stored):
            _known(stored, name)
            if not stored.at_once(remove(name, even_the_last=force)):
                problem = "is the last valid key; without it, nobody can use a server that requires keys"
                remedy = "Make another key first, or use --force."
                raise ConfigError([Finding("NAME", name, problem, remedy)])
            _note(data, "remove key", name)


def _note(data: Path | None, what: str, name: str, **values: Any) -> None:
    """Write into the audit log what was done to a key, and by which user of this machine."""
    from api.service.logs import note

    note(data or default_data_folder(), who=getpass.getuser(), what=what, key=name, **values)


def _line(key: AccessKey) -> tuple[str, ...]:
    day, minute = "%Y-%m-%d", "%Y-%m-%d %H:%M"
    expires = "never" if key.expires is None else _text(key.expires, minute)
    if not key.is_valid(time.time()):
        expires = f"expired {expires}"
    used = "never" if key.last_used is None else _text(key.last_used, minute)
    shares = f"{key.weight:g}", "–" if key.quota is None else str(key.quota)
    return key.name, key.scope, " ".join(key.projects) or "–", *shares, _text(key.created, day), expires, used


def _text(moment: float, form: str) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime(form)


def _end_of(day: str | None) -> float | None:
    """Return the moment at which a day ends, in UTC.

    Raises
    ------
    ConfigError
        If it is not a date, or is over.
    """
    from gates import ConfigError, Finding

    if day is None:
        return None
    try:
        end = dt.datetime.fromisoformat(f"{dt.date.fromisoformat(day)}T00:00+00:00") + dt.timedelta(days=1)
    except (ValueError, OverflowError):
        raise ConfigError([Finding("--expires", day[:60], "is not a date", "Write it as 2027-06-30.")]) from None
    if end.timestamp() <= time.time():
        raise ConfigError([Finding("--expires", day, "is in the past", "Use today or a later day.")])
    return end.timestamp()


def _check_names(path: str, names: Sequence[str]) -> None:
    """Refuse names of keys and projects that cannot be used."""
    from api.service.security.keys import NAME
    from gates import ConfigError, Finding

    remedy = "Use lower-case letters, digits and hyphens, 40 at most."
    wrong = [Finding(path, name[:60], "is not a valid name", remedy) for name in names if not NAME.fullmatch(name)]
    if wrong:
        raise ConfigError(wrong)


def _keys_of(stored: Store, name: str) -> list[AccessKey]:
    from api.service.security.keys import all_keys

    return [key for key in stored.at_once(all_keys()) if key.name == name]


def _known(stored: Store, name: str) -> list[AccessKey]:
    """Return the keys of a name, the newest last, or refuse a name that has none."""
    from gates import ConfigError, Finding

    known = _keys_of(stored, name)
    if not known:
        raise ConfigError([Finding("NAME", name[:60], "has no key", "bordergate keys list shows all keys.")])
    return known
