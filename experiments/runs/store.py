"""Finished replications in a folder, kept by content: what was stopped goes on, and studies share what is common.

A file `<folder>/<ab>/<digest of the setup>/<first>-<end>.replications` holds the replications `first` to `end - 1`, one
after the other, each with its length before it. Beside it stand the tables of event logs that a run keeps,
`<number>.events.parquet` and `<number>.trucks.parquet`. The digest covers the setup, the dates and
clocks that it looks up, the versions of the libraries, the code and the format, so that a name never stands for two
results, and what another version left is never read.
Files appear whole or not at all, so that several processes can share a folder; a damaged file counts as missing. The
folder can be deleted whenever nothing runs.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import struct
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from experiments.runs.files import atomic_file
from experiments.runs.provenance import digest, identity, inputs_document
from experiments.runs.settings import Setup

if TYPE_CHECKING:
    import pyarrow as pa

Read = TypeVar("Read")

FORMAT = 2
"""Number of the format of these files and of a replication in them; a part of the digest."""
ATTEMPTS = 5
WRITING_S = 3600.0
"""A file that another process is writing is not older than this [s]."""
_BLOCK = re.compile(r"(\d{5})-(\d{5})\.replications")
_LENGTH = struct.Struct("<Q")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CURRENT = re.compile(r"\d{5}-\d{5}\.replications|\d{5}\.(events|trucks)\.parquet")
_LEFT_OVER = re.compile(r"\d{5}\.npz|\.\d{5}.*")
"""Names of format 1, and of files that a killed process was writing."""


class LogFiles(NamedTuple):
    """The event log of a replication, as tables in files."""

    events: Path
    trucks: Path


def setup_digest(setup: Setup) -> str:
    """Return the name of a setup's replications: all that they depend on, the software included."""
    how = [setup.seed, setup.engine, setup.streamed]
    return digest([FORMAT, *identity(setup.scenario), *how, inputs_document(setup.trace, setup.policy)])


def ranges(numbers: Iterable[int], most: int) -> list[tuple[int, int]]:
    """Return ascending numbers as ranges (first, end) of at most `most` each."""
    parts: list[tuple[int, int]] = []
    for number in numbers:
        if parts and parts[-1][1] == number and number - parts[-1][0] < most:
            parts[-1] = (parts[-1][0], number + 1)
        else:
            parts.append((number, number + 1))
    return parts


class Store:
    """A folder of finished replications.

    Parameters
    ----------
    durable
        Whether each file is on the disk before it appears. Without it the last ones may be damaged by a power cut,
        and are then made again.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self._durable = durable

    def _folder(self, setup: str) -> Path:
        return self.folder / setup[:2] / setup

    def _blocks(self, setup: str) -> Iterator[tuple[range, Path]]:
        for path in sorted(self._folder(setup).glob("*.replications")):
            if name := _BLOCK.fullmatch(path.name):
                yield range(int(name[1]), int(name[2])), path

    def numbers(self, setup: str, logs: int = 0) -> set[int]:
        """Return the numbers of the replications that are there, judged by the names of files.

        Parameters
        ----------
        setup
            A setup's digest.
        logs
            How many of the first replications count only together with their event log.
        """
        there = set(itertools.chain.from_iterable(numbers for numbers, _ in self._blocks(setup)))
        logged = (number for number in there if number < logs)
        return there - {n for n in logged if not all(path.is_file() for path in self.log_files(setup, n))}

    def get(self, setup: str, numbers: Collection[int], unpack: Callable[[bytes], Read]) -> Iterator[tuple[int, Read]]:
        """Yield those of some replications that are there and sound, each once, with their numbers.

        Parameters
        ----------
        unpack
            Reads a replication, and raises `ValueError` if it is damaged.
        """
        wanted = set(numbers)
        for held, path in self._blocks(setup):
            if wanted.isdisjoint(held):
                continue
            with contextlib.suppress(FileNotFoundError, ValueError):
                for number, content in zip(held, _split(path.read_bytes()), strict=True):
                    if number in wanted:
                        replication = unpack(content)
                        wanted.remove(number)
                        yield number, replication

    def put(self, setup: str, first: int, replications: Sequence[bytes]) -> None:
        """Keep the replications from number `first` on, as `experiments.runs.replications.packed` gives them.

        Raises
        ------
        OSError
            If the disk is full or the place cannot be written.
        """
        path = self._folder(setup) / f"{first:05d}-{first + len(replications):05d}.replications"
        content = b"".join(_LENGTH.pack(len(packed)) + packed for packed in replications)
        for attempt in range(ATTEMPTS):
            try:
                with atomic_file(path, durable=self._durable) as partial:
                    partial.write_bytes(content)
                return
            except FileNotFoundError:  # trimmed by another in that moment: the folder was empty
                if attempt == ATTEMPTS - 1:
                    raise

    def log_files(self, setup: str, number: int) -> LogFiles:
        """Return where the event log of a replication stands, or would stand."""
        folder = self._folder(setup)
        return LogFiles(folder / f"{number:05d}.events.parquet", folder / f"{number:05d}.trucks.parquet")

    def put_log(self, setup: str, number: int, events: pa.Table, trucks: pa.Table) -> None:
        """Keep the event log of a replication.

        Raises
        ------
        OSError
            If the disk is full or the place cannot be written.
        """
        from experiments.runs.tables import write_table

        for path, table in zip(self.log_files(setup, number), (events, trucks), strict=True):
            with atomic_file(path, durable=self._durable) as partial:
                write_table(partial, table)

    def trim(self, most_bytes: float) -> None:
        """Remove the oldest files, until those left take at most `most_bytes`.

        What another version or a killed process left goes first. A file that no version of this software wrote is
        never touched, and none that others who use the folder may be writing just now; a replication that they find
        gone they make again. Interrupted, it has merely removed less.
        """
        kept, written_before = [], time.time() - WRITING_S
        for path in self.folder.glob("??/*/*"):
            if not _DIGEST.fullmatch(path.parent.name):
                continue
            with contextlib.suppress(FileNotFoundError):  # another one trims, too
                status = path.stat()
                if _CURRENT.fullmatch(path.name):
                    kept.append((status, path))
                elif _LEFT_OVER.fullmatch(path.name) and status.st_mtime < written_before:
                    _remove(path)
        size = sum(stat.st_size for stat, _ in kept)
        for stat, path in sorted(kept, key=lambda one: one[0].st_mtime_ns):
            if size <= most_bytes:
                break
            _remove(path)
            size -= stat.st_size


def _split(content: bytes) -> list[bytes]:
    """Return what a file holds, one entry a replication.

    Raises
    ------
    ValueError
        If the lengths do not add up.
    """
    at, entries = 0, []
    while at < len(content):
        start = at + _LENGTH.size
        if start > len(content):
            raise ValueError("ends within a length")
        at = start + _LENGTH.unpack_from(content, at)[0]
        entries.append(content[start:at])
    if at != len(content):
        raise ValueError("ends within a replication")
    return entries


def _remove(path: Path) -> None:
    """Remove a file, and its folders if nothing else is in them."""
    path.unlink(missing_ok=True)  # another one may trim, too
    for folder in (path.parent, path.parent.parent):
        with contextlib.suppress(OSError):  # others are in it
            folder.rmdir()
