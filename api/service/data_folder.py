"""The folder that a server keeps its data in, owned by one process at a time."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from experiments.operating_system import hold
from gates.findings import ConfigError, Finding

FORMAT = 1
"""Number of the folder's layout; a newer one is refused."""


@dataclass(frozen=True)
class DataFolder:
    """The places of files."""

    root: Path

    @property
    def database(self) -> Path:
        """The embedded database."""
        return self.root / "bordergate.sqlite3"

    def work(self, run: str) -> Path:
        """Parts of a run that is not finished."""
        return self.root / "work" / run

    def result(self, run: str) -> Path:
        """The result folder of a finished run."""
        return self.root / "runs" / run

    def entry(self, run: str) -> Path:
        """What the database says of a finished run, kept beside it in case the database is lost."""
        return self.root / "index" / f"{run}.json"

    def drawn(self, run: str) -> Path:
        """Plots and report of a run, made on first request."""
        return self.root / "drawn" / run

    @property
    def replications(self) -> Path:
        """Finished replications of studies, by content; may be removed while no study runs."""
        return self.root / "replications"

    def free_mb(self) -> float:
        """Free space on the disk [MB]."""
        return shutil.disk_usage(self.root).free / 1e6

    def remove(self, run: str) -> None:
        """Remove every file of a run.

        Raises
        ------
        OSError
            If something cannot be removed, or is a link: where that leads, others may have files.
        """
        for folder in (self.work(run), self.drawn(run), self.result(run)):
            if folder.is_symlink() or folder.exists():
                shutil.rmtree(folder)
        self.entry(run).unlink(missing_ok=True)


def open_folder(root: Path) -> DataFolder:
    """Make the folder if necessary, and check that this version can read it.

    Raises
    ------
    ConfigError
        If it cannot be written, or a newer version made it.
    """
    remedy = "Use another folder: --data or BORDERGATE_DATA."
    try:
        for name in ("work", "runs", "drawn"):
            (root / name).mkdir(parents=True, exist_ok=True)
        mark = root / "format"
        if not mark.exists():
            mark.write_text(f"{FORMAT}\n", encoding="ascii")
        layout = mark.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Finding("--data", str(root), f"cannot be used: {reason}", remedy)]) from None
    if not layout.isdigit() or int(layout) > FORMAT:
        problem = f"has format {layout[:20]}; this version reads formats up to {FORMAT}"
        raise ConfigError([Finding("--data", str(root), problem, f"Use a newer version. {remedy}")])
    return DataFolder(root.resolve())


class Lock:
    """Ownership of a data folder. The operating system releases it when the process ends, however it ends."""

    def __init__(self, folder: DataFolder) -> None:
        self._file = (folder.root / "lock").open("a+", encoding="ascii")
        try:
            hold(self._file)
        except BlockingIOError:
            self._file.seek(0)
            owner = self._file.read(20).strip() or "unknown"
            self._file.close()
            remedy = "Stop that server, or use another folder: --data."
            problem = f"is in use by another server, process {owner}"
            raise ConfigError([Finding("--data", str(folder.root), problem, remedy)]) from None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Give the folder back."""
        self._file.close()
