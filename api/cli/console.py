"""What the command line prints: the two consoles, the progress bar, and mistakes without a traceback."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:
    from rich.progress import Progress

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)
REPLICATIONS = "Replications"
"""What a progress bar counts."""


@contextmanager
def mistakes_shown(interrupted: str = "Nothing was written.") -> Iterator[None]:
    """Show findings, a full disk or an interruption without a traceback, and leave with the right code."""
    from gates.findings import ConfigError

    try:
        yield
    except ConfigError as error:
        _leave(2, *(str(finding) for finding in error.findings))
    except KeyboardInterrupt:
        _leave(130, f"Interrupted. {interrupted}")
    except OSError as error:
        where = error.filename
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            _leave(1, f"The disk is full: {where or 'the result folder'}. Free some space; nothing was written.")
        _leave(2, f"{where or 'A file'} cannot be read or written: {error.strerror}. Choose another path.")


def _leave(code: int, *lines: str) -> NoReturn:
    for line in lines:
        errors.print(line, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def replication_bar() -> Progress:
    """Return a progress bar that counts replications."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )
