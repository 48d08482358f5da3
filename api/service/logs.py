"""What a server writes down for those who answer for it: who did what (audit), and every answer (access).

Each is a file of JSON lines in the data folder, `logs/audit.jsonl` and `logs/access.jsonl`, rotated by size. No
key and no body is in them.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import logging.handlers
import queue
from pathlib import Path
from typing import Any

log = logging.getLogger("bordergate")

FILE_BYTES = 10_000_000
FILES_KEPT = 9
"""Files of the past beside the one that is written."""


class _Handler(logging.handlers.RotatingFileHandler):
    """Writes lines; a disk that is full costs lines, never answers."""

    _is_told = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Say once that lines are lost."""
        del record
        if not self._is_told:
            log.warning("%s cannot be written; lines are lost until it can", self.baseFilename)
        self._is_told = True


class Journal:
    """A file of JSON lines, written by a thread of its own, so that no request waits for the disk."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handler = _Handler(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True)
        self._lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        self._listener = logging.handlers.QueueListener(self._lines, self._handler)
        self._listener.start()

    def write(self, **values: Any) -> None:
        """Write a line, with the time before what is given; what is none is left out."""
        self._lines.put(logging.makeLogRecord({"msg": line(**values)}))

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._listener.stop()
        self._handler.close()


def line(**values: Any) -> str:
    """Return a line of a journal."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kept = {name: value for name, value in values.items() if value is not None}
    return json.dumps({"time": now, **kept}, ensure_ascii=True)


def audit_path(data: Path) -> Path:
    """Return where the audit log of a data folder is."""
    return data / "logs" / "audit.jsonl"


def access_path(data: Path) -> Path:
    """Return where the access log of a data folder is."""
    return data / "logs" / "access.jsonl"


def note(data: Path, **values: Any) -> None:
    """Append a line to the audit log from outside of the server."""
    path = audit_path(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"{line(**values)}\n")
