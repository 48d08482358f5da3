"""What every result folder holds beside its results: a manifest that lists each file with its size and SHA-256.

By that list a reader sees whether the folder is whole, and a writer sees what a run wrote and may replace. Only a
folder whose every file is listed, and still is as it was written, is replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.operating_system import move
from experiments.runs.files import atomic_file, atomic_folder, writers_of
from gates.findings import ConfigError, Finding

MANIFEST = "manifest.json"
DRAWN = ("plots/", "report.html")
"""What `bordergate plot` makes again from the rest."""
NEWEST = {"run": ("schema", 1), "study": ("format", 2)}
"""Kind of result -> the field with the number of the folder's format, and the newest that this version reads."""
OLDEST = {"run": 1, "study": 2}
"""Kind of result -> the oldest format that this version reads."""
HASHED_BYTES = 64 << 20
"""Larger files, such as event logs, are compared by size unless every byte is to be read."""
NAMED = 3
"""Files that a finding names."""


# Writing.


@contextmanager
def new_result(folder: Path, kind: str, gate: str, *, force: bool = False) -> Iterator[Path]:
    """Give a provisional folder that becomes the result folder `folder` when the block ends well.

    Parameters
    ----------
    kind
        `run` or `study`.
    gate
        Name of the gate.
    force
        Whether a result of another gate or kind, or one that was changed, may be replaced.

    Raises
    ------
    ConfigError
        At the beginning, if something stands there that is not replaced, or another process writes there. At the end,
        if something was put there meanwhile: the new result is then kept beside it.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    refuse_other_content(folder, kind, gate, force=force)
    with atomic_folder(folder.resolve()) as partial:
        if others := writers_of(folder.resolve()):
            problem = f"another run is writing there (process {others[0]})"
            raise _refused(folder, problem, "Wait until it has ended, or name another folder.")
        yield partial
        seal(partial)
        try:
            refuse_other_content(folder, kind, gate, force=force)
        except ConfigError as error:
            kept = _free_name(folder.resolve())
            move(partial, kept)
            remedy = f"The new result is in {folder.parent / kept.name}."
            raise ConfigError([_with_remedy(each, remedy) for each in error.findings]) from None


def _with_remedy(finding: Finding, remedy: str) -> Finding:
    return Finding(finding.path, finding.value, f"{finding.problem} (since the run began)", remedy)


def _free_name(folder: Path) -> Path:
    number = 2
    while folder.with_name(f"{folder.name}-{number}").exists():
        number += 1
    return folder.with_name(f"{folder.name}-{number}")


def seal(folder: Path) -> None:
    """List every file of a result folder in its manifest, with size and SHA-256."""
    _write_list(folder, {name: _listing(folder / name) for name in _files(folder) if name != MANIFEST})


def list_drawn(folder: Path, drawn: Iterable[Path]) -> None:
    """List plots and a report that were drawn again in the manifest; files that are not ours stay unlisted."""
    if "files" not in (document := read_json(folder / MANIFEST)):
        return  # it is of an earlier version
    listed = {name: at for name, at in document["files"].items() if (folder / name).is_file()}
    _write_list(folder, listed | {path.relative_to(folder).as_posix(): _listing(path) for path in drawn})


def _write_list(folder: Path, files: dict[str, Any]) -> None:
    document = read_json(folder / MANIFEST) | {"files": dict(sorted(files.items()))}
    with atomic_file(folder / MANIFEST) as partial:
        write_json(partial, document)


def _listing(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _files(folder: Path) -> list[str]:
    """Return the files of a folder and of those in it, by their names from there; links are not followed."""
    return sorted(
        (Path(where) / name).relative_to(folder).as_posix()
        for where, folders, names in os.walk(folder)
        for name in (*names, *(each for each in folders if (Path(where) / each).is_symlink()))
    )


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document."""
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


# What may be replaced.


def refuse_other_content(folder: Path, kind: str = "", gate: str = "", *, force: bool = False) -> None:
    """Raise `ConfigError` if `folder` holds what no run wrote, or another result, or could not be made.

    Parameters
    ----------
    kind
        `run` or `study`; empty leaves kind and gate of an earlier result unchecked.
    force
        Whether a result of another gate or kind, or one that was changed, may be replaced.
    """
    place = folder.resolve()
    here = Path.cwd().resolve()
    if place == here or place in here.parents or os.path.ismount(place):
        problem = "cannot be replaced as a whole: it is in use" if place != here else "is the folder you are in"
        raise _refused(folder, problem, "Name a folder inside it, such as --out result.")
    standing = next(each for each in (place, *place.parents) if each.exists())
    if not os.access(standing if standing.is_dir() else standing.parent, os.W_OK):
        raise _refused(folder, "cannot be written", "Name another folder.")
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not (place / MANIFEST).is_file():
        remedy = "Name a folder that does not exist yet, or one with an earlier result to replace."
        raise _refused(folder, "exists and is not a result folder", remedy)
    document = _manifest(place, "--out", str(folder))
    if "files" not in document:
        problem = "was written by an earlier version, which did not list its files"
        raise _refused(folder, problem, "Run it again, into another folder.")
    if foreign := sorted(set(_files(place)) - {MANIFEST, *document["files"]}):
        problem = f"holds files that no run wrote: {_named(foreign)}"
        raise _refused(folder, problem, "Move them elsewhere, or name another folder.")
    if force:
        return
    if changed := damaged_files(place, document, every_byte=True):
        problem = f"holds a result that was changed after it was written: {_named(changed)}"
        raise _refused(folder, problem, "Name another folder, or replace it with --force.")
    standing_gate = document["scenario"]["gate"]["name"]
    if kind and (document["kind"], standing_gate) != (kind, gate):
        problem = f"holds the result of another {'gate' if document['kind'] == kind else 'kind'}"
        remedy = "Name another folder, or replace it with --force."
        raise _refused(folder, f"{problem}, a {document['kind']} of {standing_gate}", remedy)


def _refused(folder: Path, problem: str, remedy: str) -> ConfigError:
    return ConfigError([Finding("--out", str(folder), problem, remedy)])


def _named(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


# Reading.


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON document of a result folder."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def checked_manifest(folder: Path, *, drawn: bool = True, every_byte: bool = False) -> dict[str, Any]:
    """Return the manifest of a result folder whose files are as they were written.

    Parameters
    ----------
    drawn
        Whether plots and report are checked, too.
    every_byte
        Whether large files are hashed as well; a result of an earlier version, which lists no files, is then refused.

    Raises
    ------
    ConfigError
        If it is not a result folder, was written by another version that this one does not read, or is damaged.
    """
    document = _manifest(folder, "DIR", str(folder))
    listed = "files" in document or not every_byte
    if _number(document) < OLDEST[document["kind"]] or not listed:
        problem = "was written by an earlier version" + ("" if listed else ", which did not list its files")
        raise ConfigError([Finding("DIR", str(folder), problem, _run_again(folder, document))])
    broken = damaged_files(folder, document, every_byte=every_byte)
    if not drawn:
        broken = [name for name in broken if not name.startswith(DRAWN)]
    if broken:
        problem = f"is damaged: {_named(broken)} {'is' if len(broken) == 1 else 'are'} missing or changed"
        raise ConfigError([Finding("DIR", str(folder), problem, _run_again(folder, document))])
    return document


def damaged_files(folder: Path, document: Mapping[str, Any], *, every_byte: bool = False) -> list[str]:
    """Return the listed files that are missing or not as they were written; an earlier version listed none."""
    listed = document.get("files", {})
    return [name for name, at in listed.items() if not _is_sound(folder / name, at, every_byte)]


def resized_files(folder: Path) -> list[str]:
    """Return the listed files of a result that is there whose size is not as written, at the cost of a look at each.

    A result of an earlier version lists none, and one that was removed is left to its reader.
    """
    try:
        document = read_json(folder / MANIFEST)
    except FileNotFoundError:
        return []
    except ValueError:
        return [MANIFEST]
    return [name for name, listed in document.get("files", {}).items() if _size(folder / name) != listed["bytes"]]


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _is_sound(path: Path, listed: Mapping[str, Any], every_byte: bool) -> bool:
    try:
        if path.stat().st_size != listed["bytes"]:
            return False
        if listed["bytes"] > HASHED_BYTES and not every_byte:
            return True
        return _sha256(path) == str(listed["sha256"])
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False


def _manifest(folder: Path, path: str, value: str) -> dict[str, Any]:
    """Return the manifest of a result folder that this version can read.

    Raises
    ------
    ConfigError
        If there is none.
    """

    def refused(problem: str, remedy: str) -> ConfigError:
        return ConfigError([Finding(path, value, problem, remedy)])

    remedy = "Name a folder that `bordergate run` or `bordergate study` wrote."
    try:
        document: Any = read_json(folder / MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        raise refused("is not a result folder", remedy) from None
    except ValueError:
        raise refused("is not a result folder: its manifest.json cannot be read", remedy) from None
    if not is_ours(document):
        raise refused("is not a result folder: its manifest.json is of another program", remedy)
    refuse_newer(document, path, value)
    if not isinstance(document.get("files", {}), dict):
        raise refused("is not a result folder: its manifest.json lists no files", remedy)
    return dict(document)


def is_ours(document: Any) -> bool:
    """Tell whether a JSON document is the manifest of a result."""
    return isinstance(document, dict) and document.get("kind") in tuple(NEWEST) and "versions" in document


def refuse_newer(document: Mapping[str, Any], path: str, value: str) -> None:
    """Raise `ConfigError` if a newer version wrote a manifest."""
    number, newest = _number(document), NEWEST[document["kind"]][1]
    if not isinstance(number, int) or number > newest:
        problem = f"was written by a newer version (format {number}; this one reads {newest})"
        raise ConfigError([Finding(path, value, problem, "Install that version, or name another folder.")])


def is_outdated(folder: Path) -> bool:
    """Tell whether a result that is there has a format older than this version reads."""
    document = read_json(folder / MANIFEST)
    return bool(_number(document) < OLDEST[document["kind"]])


def _number(document: Mapping[str, Any]) -> Any:
    return document.get(NEWEST[document["kind"]][0])


def refuse_result(path: Path) -> None:
    """Raise `ConfigError` if a path is a result folder or its manifest: a result is run again, not rewritten."""
    folder = path if path.is_dir() else path.parent
    if path.is_dir() or path.name == MANIFEST:
        document = _manifest(folder, "file", str(path))
        raise ConfigError([Finding("file", str(path), "is a result", _run_again(folder, document))])


def _run_again(folder: Path, document: Mapping[str, Any]) -> str:
    again = f"bordergate {document['kind']} {folder / MANIFEST} --out {folder}-again"
    return f"Run it again: {again}."
