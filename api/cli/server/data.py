"""`bordergate data`: copies of a server's data, damaged results, a lost database, and what is too old."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import console, mistakes_shown
from api.cli.options import DatabaseOption, DataOption
from api.cli.server.opening import opened, owned

data = typer.Typer(help="Keep the data of a server: copy it, check it, trim it.", no_args_is_help=True)


@data.command("backup")
def back_up(
    target: Annotated[Path, typer.Argument(help="Folder to make.")],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Copy every finished result, the list of runs and the access keys (as hashes) into a new folder.

    The server may run meanwhile. Runs that are not finished are in the list, and are done again after a restore.

    Example: `bordergate data backup ../backup-2026-11-28`
    """
    with mistakes_shown():
        from api.service.keeping import back_up as copied

        with opened(data, database) as (folder, stored):
            console.print(f"{copied(folder, stored, target)} results copied to {target}", markup=False)


@data.command()
def restore(
    backup: Annotated[Path, typer.Argument(help="Folder that `backup` made.")],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Fill a new data folder and a new database from a backup.

    Example: `bordergate data restore ../backup-2026-11-28 --data new-data`
    """
    with mistakes_shown():
        from api.service.keeping import restore as restored

        with owned(data, database) as (folder, stored):
            console.print(f"{restored(backup, folder, stored)} results restored to {folder.root}", markup=False)


@data.command()
def reindex(data: DataOption = None, database: DatabaseOption = None) -> None:
    """Add results to the list of runs that it does not know, for instance after the database was lost.

    Stop the server first.

    Example: `bordergate data reindex`
    """
    with mistakes_shown():
        from api.service.keeping import reindex as added

        with owned(data, database) as (folder, stored):
            console.print(f"{len(added(folder, stored))} results added", markup=False)


@data.command()
def check(data: DataOption = None, database: DatabaseOption = None) -> None:
    """Read every byte of every result and compare it with its checksum. The exit code is 1 if any is damaged.

    Example: `bordergate data check`
    """
    with mistakes_shown():
        from api.service.keeping import damages

        with opened(data, database) as (folder, stored):
            found = list(damages(folder, stored))
        for each in found:
            console.print(f"{each.run} - {each.problem}. Delete it and submit it again.", markup=False, soft_wrap=True)
        console.print(f"{len(found)} results are damaged" if found else "No result is damaged")
    if found:
        raise typer.Exit(1)


@data.command()
def trim(
    days: Annotated[float | None, typer.Option(min=0, help="Remove what ended more than so many days ago.")] = None,
    keep_mb: Annotated[
        float | None, typer.Option(min=0, help="Remove the oldest until the results left take so much.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; without it they are only listed.")] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """List the finished runs that are too old, or beyond a size, and remove them with `--yes`.

    Stop the server first, if you remove.

    Example: `bordergate data trim --days 365 --yes`
    """
    with mistakes_shown():
        from api.service.keeping import beyond, remove, too_old
        from gates import ConfigError, Finding

        if days is None and keep_mb is None:
            raise ConfigError(
                [Finding("--days", "", "says nothing about which runs to remove", "Give --days, --keep-mb or both.")]
            )
        with (owned if yes else opened)(data, database) as (folder, stored):
            gone = [] if days is None else too_old(stored, days)
            gone += [] if keep_mb is None else [run for run in beyond(folder, stored, keep_mb) if run not in gone]
            for run in gone:
                if yes:
                    remove(folder, stored, run)
                console.print(run, markup=False)
        runs = f"{len(gone):,} run{'' if len(gone) == 1 else 's'}"
        console.print(f"{runs} {'removed' if yes else 'would be removed; add --yes to do so'}")
