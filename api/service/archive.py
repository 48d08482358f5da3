"""All files of a result in one ZIP file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from experiments.result_folder import MANIFEST, read_json

CHUNK = 1 << 18
"""What is read and sent at a time [B]."""
PACKED = (".parquet", ".png", ".woff2")
"""Files that deflating would not make smaller."""


class _Sent(io.RawIOBase):
    """What was written and not sent yet: the archive is never whole, in memory or on the disk."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(memoryview(data))  # type: ignore[arg-type]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """Return what was written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zipped(folder: Path, name: str) -> Iterator[bytes]:
    """Yield a ZIP file with the manifest and every file that it lists, in a folder `name`; equal results, equal bytes.

    Raises
    ------
    OSError
        If a file cannot be read; what was sent is then no ZIP file.
    """
    listed = read_json(folder / MANIFEST).get("files", {})
    sent = _Sent()
    with zipfile.ZipFile(sent, "w") as packed:
        for file in (MANIFEST, *sorted(listed)):
            entry = zipfile.ZipInfo(f"{name}/{file}")
            entry.compress_type = zipfile.ZIP_STORED if file.endswith(PACKED) else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.file_size = (folder / file).stat().st_size
            with (folder / file).open("rb") as source, packed.open(entry, "w") as target:
                while part := source.read(CHUNK):
                    target.write(part)
                    yield sent.take()
    yield sent.take()
