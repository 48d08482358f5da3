"""Files and folders that appear whole or not at all, also after a crash of the machine."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from experiments.operating_system import is_alive, move, sync
from gates.findings import ConfigError, Finding


@contextmanager
def atomic_file(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a provisional path that becomes `path` when the block ends well.

    Parameters
    ----------
    durable
        Whether to wait until the file is on the disk, so that it is whole after a power cut too.

    Raises
    ------
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        yield partial
        if durable:
            sync(partial)
        move(partial, path)
        if durable:
            sync(path.parent)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give a provisional folder that becomes `folder`, which must be new or empty, when the block ends well.

    Raises
    ------
    ConfigError
        If something stands there.
    OSError
        If the disk is full or the place cannot be written; nothing is left behind.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError([Finding("--out", str(folder), "exists already", "Name a new folder, or remove this one.")])
    with atomic_folder(folder.resolve()) as partial:
        yield partial


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Give a provisional folder beside `folder` that takes its place when the block ends well; else nothing is left."""
    made = [place for place in folder.parents if not place.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    partial = folder.parent / f".{folder.name}.partial-{os.getpid()}"
    partial.mkdir()
    try:
        yield partial
        replaced = folder.parent / f".{folder.name}.replaced-{os.getpid()}"
        with suppress(FileNotFoundError):
            move(folder, replaced)
        try:
            move(partial, folder)
        except BaseException:
            with suppress(FileNotFoundError):
                move(replaced, folder)
            raise
        shutil.rmtree(replaced, ignore_errors=True)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):  # something else is in one of them
            for place in made:
                place.rmdir()
        raise


def writers_of(folder: Path) -> list[int]:
    """Return the other processes that have a provisional folder for `folder`."""
    owners = (partial.name.rpartition("-")[2] for partial in _provisional(folder, "partial"))
    return sorted(int(owner) for owner in owners if owner.isdigit() and int(owner) != os.getpid())


def _provisional(folder: Path, what: str) -> Iterator[Path]:
    return folder.parent.glob(f".{glob.escape(folder.name)}.{what}-*")


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left of an earlier attempt at the same folder."""
    for stale in _provisional(folder, "*"):
        owner = stale.name.rpartition("-")[2]
        if owner.isdigit() and (int(owner) == os.getpid() or not is_alive(int(owner))):
            shutil.rmtree(stale, ignore_errors=True)


def sync_tree(folder: Path) -> None:
    """Wait until all that is in a folder is on the disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)
