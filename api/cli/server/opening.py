"""The data of a server, opened for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.options import default_data_folder

if TYPE_CHECKING:
    from api.service.data_folder import DataFolder
    from api.service.store import Store


@contextmanager
def opened(data: Path | None, database: str | None) -> Iterator[tuple[DataFolder, Store]]:
    """Open the data of a server, which may be running."""
    from api.service.data_folder import open_folder
    from api.service.store import Store

    folder = open_folder(data or default_data_folder())
    stored = Store(database or f"sqlite:///{folder.database}")
    try:
        yield folder, stored
    finally:
        stored.close()


@contextmanager
def owned(data: Path | None, database: str | None) -> Iterator[tuple[DataFolder, Store]]:
    """Open the data of a server that does not run."""
    from api.service.data_folder import Lock, open_folder

    lock = Lock(open_folder(data or default_data_folder()))
    try:
        with opened(data, database) as found:
            found[1].own()
            yield found
    finally:
        lock.release()
