"""Finished replications, kept by content: a study that was stopped goes on, and studies share what they have in common.

A replication stands in `<store>/<ab>/<digest of scenario and seed>/<number>.npz`. The digest covers the resolved
scenario, the seed, the versions of the libraries and the code, so a name never stands for two results. Files appear
whole or not at all; a damaged one counts as missing. The folder can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable
from pathlib import Path

from experiments.runs.replications import Replication


class Store:
    """A folder of finished replications."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._counter = itertools.count()

    def _path(self, digest: str, number: int) -> Path:
        return self.folder / digest[:2] / digest / f"{number:05d}.npz"

    def get(self, digest: str, number: int) -> Replication | None:
        """Return a replication, or None if it is not there, or damaged."""
        try:
            return Replication.unpacked(self._path(digest, number).read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None

    def put(self, digest: str, number: int, replication: Replication) -> None:
        """Keep a replication; it appears whole or not at all.

        Raises
        ------
        OSError
            If the disk is full or the place cannot be written.
        """
        path = self._path(digest, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.parent / f".{path.name}.{os.getpid()}-{next(self._counter)}"
        try:
            partial.write_bytes(replication.packed())
            partial.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise

    def missing(self, digest: str, numbers: Iterable[int]) -> list[int]:
        """Return those of some replications that are not there."""
        return [number for number in numbers if not self._path(digest, number).is_file()]

    def trim(self, most_bytes: float) -> None:
        """Remove the oldest replications, until those left take no more than so much; only while no study runs.

        What a study that was killed left half written goes first. Stopped in the middle, it has merely removed less.
        """
        files = [path for path in self.folder.glob("*/*/*") if path.is_file()]
        found = sorted(((path.stat(), path) for path in files), key=lambda one: one[0].st_mtime_ns)
        found.sort(key=lambda one: one[1].name.startswith("."), reverse=True)
        size = sum(stat.st_size for stat, _ in found)
        for stat, path in found:
            if size <= most_bytes and not path.name.startswith("."):
                break
            path.unlink()
            size -= stat.st_size
            for folder in (path.parent, path.parent.parent):
                with contextlib.suppress(OSError):  # others are in it
                    folder.rmdir()


class NoStore(Store):
    """Keeps nothing."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))

    def get(self, digest: str, number: int) -> Replication | None:
        return None

    def put(self, digest: str, number: int, replication: Replication) -> None:
        pass
