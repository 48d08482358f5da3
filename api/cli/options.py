"""Options and arguments that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

DataOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", envvar="BORDERGATE_DATA", help="Data folder; by default one in your home folder."),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="BORDERGATE_DATABASE",
        help="URL of a PostgreSQL database; by default SQLite in the data folder.",
    ),
]
OutOption = Annotated[Path | None, typer.Option(metavar="DIR", help="Result folder.")]
ReadingOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Reading of a gate that has several; by default its baseline."),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace a result of another gate or kind, or one that was changed.")
]
InputsOption = Annotated[
    Literal["base", "uncertain"],
    typer.Option(help="`uncertain` runs in plausible worlds as well, with all uncertain inputs drawn together."),
]
WorldsOption = Annotated[int | None, typer.Option(min=10, max=10_000, help="How many worlds, instead of 60.")]
WORLDS = 60
ExcelOption = Annotated[bool, typer.Option("--excel", help="Write the tables as an Excel file, too.")]
PngOption = Annotated[bool, typer.Option("--png", help="Write each plot as a PNG picture, too.")]


def number(text: str) -> Any:
    """Return the number that an option says; a text that is none as it is, to be refused with all other findings."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


class Engine(StrEnum):
    """The two engines."""

    COMPILED = "compiled"
    REFERENCE = "reference"


class LogLevel(StrEnum):
    """From what on a server logs."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class KeyScope(StrEnum):
    """What an access key allows."""

    READ = "read"
    RUN = "run"
    ADMIN = "admin"


class UpgradeLevel(StrEnum):
    """The three values of an upgrade's numbers."""

    LOW = "low"
    BASE = "base"
    HIGH = "high"


class Language(StrEnum):
    """The languages of names."""

    ENGLISH = "en"
    VIETNAMESE = "vi"
    CHINESE = "zh"


def default_data_folder() -> Path:
    """Return where the user's data goes by convention."""
    from experiments.operating_system import user_data

    return user_data() / "bordergate"


def wanted_worlds(inputs: str, worlds: int | None) -> int | None:
    """Return in how many plausible worlds to run; None where the options do not say.

    Raises
    ------
    ConfigError
        If there are worlds without uncertain inputs.
    """
    from gates.findings import ConfigError, Finding

    if inputs == "base" and worlds is not None:
        raise ConfigError(
            [
                Finding(
                    "--worlds",
                    str(worlds),
                    "has no effect, because the inputs are not uncertain",
                    "Add --inputs uncertain.",
                )
            ]
        )
    return None if inputs == "base" else worlds or WORLDS
