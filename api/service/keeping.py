"""Keeping the data of a server: copies, what is damaged, what is too old, and a database that was lost."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from api.service.data_folder import DataFolder
from api.service.store import FINISHED, Row, Statement, Store, rows, tables
from experiments.result_folder import MANIFEST, checked_manifest, read_json, write_json
from experiments.runs.files import atomic_file, atomic_folder
from gates.findings import ConfigError, Finding

BACKUP = "backup.json"
FORMAT = 1
"""Number of the format of a backup; a newer one is refused."""
KEPT = (tables.runs, tables.idempotency, tables.keys)
_RUN = re.compile(r"(run|study)_[0-9a-f]{16}")


class Damage(NamedTuple):
    """A result that is not as it was written."""

    run: str
    problem: str


def write_entry(folder: DataFolder, row: Row) -> None:
    """Keep what the database says of a finished run.

    Raises
    ------
    OSError
        If the disk is full or the place cannot be written.
    """
    folder.entry(row.id).parent.mkdir(exist_ok=True)
    with atomic_file(folder.entry(row.id)) as partial:
        write_json(partial, {name: value for name, value in vars(row).items() if name not in rows.NOT_STORED})


def damages(folder: DataFolder, stored: Store) -> Iterator[Damage]:
    """Yield the results whose files are missing or changed; every byte is read."""
    for row in stored.at_once(rows.with_status("succeeded")):
        place = folder.result(row.id)
        try:
            checked_manifest(place, drawn=False, every_byte=True)
        except ConfigError as error:
            yield Damage(row.id, "; ".join(found.problem for found in error.findings))


def back_up(folder: DataFolder, stored: Store, target: Path) -> int:
    """Copy what the database says and every finished result into a new folder, also while a server runs.

    Returns
    -------
    int
        Results copied.

    Raises
    ------
    ConfigError
        If something is there already.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError([Finding("TARGET", str(target), "is there already", "Name a folder that does not exist.")])
    content = stored.at_once(_everything())
    copied = 0
    with atomic_folder(target.resolve()) as partial:
        (partial / "runs").mkdir()
        for row in content[tables.runs.name]:
            if row["status"] == "succeeded" and folder.result(row["id"]).is_dir():
                shutil.copytree(folder.result(row["id"]), partial / "runs" / row["id"])
                copied += 1
        write_json(partial / BACKUP, {"format": FORMAT, "tables": tables.FORMAT, "content": content})
    return copied


def restore(backup: Path, folder: DataFolder, stored: Store) -> int:
    """Fill an empty data folder and an empty database from a backup.

    Returns
    -------
    int
        Results restored.

    Raises
    ------
    ConfigError
        If it is no backup, a newer version made it, or there are runs already.
    """
    try:
        document = read_json(backup / BACKUP)
        formats = int(document["format"]), int(document["tables"])
        content = {table.name: document["content"][table.name] for table in KEPT}
    except (OSError, ValueError, KeyError, TypeError):
        remedy = "Name a folder that `bordergate data backup` wrote."
        raise ConfigError([Finding("BACKUP", str(backup), "is not a backup", remedy)]) from None
    if formats[0] > FORMAT or formats[1] > tables.FORMAT:
        remedy = "Use a newer version."
        raise ConfigError([Finding("BACKUP", str(backup), "was made by a newer version", remedy)])
    if stored.at_once(rows.counts()) or any((folder.root / "runs").iterdir()):
        remedy = "Restore into a new folder (--data), and a new database."
        raise ConfigError([Finding("--data", str(folder.root), "holds runs already", remedy)])
    results = sorted(path for path in (backup / "runs").iterdir() if _RUN.fullmatch(path.name))
    for path in results:
        shutil.copytree(path, folder.result(path.name))
    stored.at_once(_filled(content))
    return len(results)


def reindex(folder: DataFolder, stored: Store) -> list[str]:
    """Add results that the database does not know: from what was kept beside them, else from their manifests.

    Returns
    -------
    list of str
        Ids of the runs added.
    """
    known = stored.at_once(_ids())
    added = []
    for path in sorted((folder.root / "runs").iterdir(), key=lambda each: each.stat().st_mtime):
        if not _RUN.fullmatch(path.name) or path.name in known or not (path / MANIFEST).is_file():
            continue
        stored.at_once(rows.add(row_of(folder, path)))
        added.append(path.name)
    return added


def row_of(folder: DataFolder, result: Path) -> Row:
    """Return what the database may say of a result: from what was kept beside it, else from its manifest."""
    try:
        kept = read_json(folder.entry(result.name))
        return Row(**{field.name: kept[field.name] for field in dataclasses.fields(Row) if field.name in kept})
    except (OSError, ValueError, TypeError):
        manifest = read_json(result / MANIFEST)
        moment = (result / MANIFEST).stat().st_mtime
        replications = int(manifest.get("replications") or manifest.get("settings", {}).get("replications", 1))
        return Row(
            id=result.name,
            kind=result.name.partition("_")[0],
            status="succeeded",
            digest="0" * 64,  # what was asked for is not known, so that nothing is ever identical to it
            gate=manifest["scenario"]["gate"]["name"],
            owner="",
            request="{}",
            predicted=json.dumps({"events": 0.0, "seconds": 0.0, "disk_mb": 0.0, "memory_mb": 0.0}),
            done=replications,
            total=replications,
            created=moment,
            started=moment,
            finished=moment,
        )


def too_old(stored: Store, days: float) -> list[str]:
    """Return the finished runs that ended more than so many days ago."""
    before = time.time() - 86_400 * days
    return [row.id for row in stored.at_once(rows.with_status(*FINISHED)) if (row.finished or row.created) < before]


def beyond(folder: DataFolder, stored: Store, most_mb: float) -> list[str]:
    """Return the oldest finished runs, so many that the results of those left take at most so much."""
    found = stored.at_once(rows.with_status(*FINISHED))
    sizes = {row.id: _size_mb(folder.result(row.id)) + _size_mb(folder.drawn(row.id)) for row in found}
    left, gone = sum(sizes.values()), []
    for row in sorted(found, key=lambda each: each.finished or each.created):
        if left <= most_mb:
            break
        left -= sizes[row.id]
        gone.append(row.id)
    return gone


def _size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def remove(folder: DataFolder, stored: Store, run: str) -> None:
    """Remove a finished run with its files."""
    stored.at_once(rows.mark_deleted(run))
    folder.remove(run)
    stored.at_once(rows.remove(run))


def _everything() -> Statement[dict[str, list[dict[str, Any]]]]:
    def statement(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
        return {table.name: [dict(row._mapping) for row in connection.execute(sa.select(table))] for table in KEPT}

    return statement


def _filled(content: dict[str, list[dict[str, Any]]]) -> Statement[None]:
    def statement(connection: sa.Connection) -> None:
        for table in KEPT:
            if content[table.name]:
                kept = [{k: v for k, v in row.items() if k != "seq"} for row in content[table.name]]
                connection.execute(table.insert(), kept)

    return statement


def _ids() -> Statement[set[str]]:
    def statement(connection: sa.Connection) -> set[str]:
        return set(connection.scalars(sa.select(tables.runs.c.id)))

    return statement
