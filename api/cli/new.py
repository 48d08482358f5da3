"""`bordergate new`: a gate file to begin with, from a few questions or as a template."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import console, mistakes_shown

if TYPE_CHECKING:
    from gates.files.template import Answers

QUESTIONS = {
    "title": "Name of the gate for people",
    "here": "Country on the first side, by its two letters",
    "here_zone": "Time zone there",
    "there": "Country on the second side, by its two letters",
    "there_zone": "Time zone there",
    "direction": "Direction from the first side to the second",
    "per_day": "Loaded trucks a day in that direction",
    "per_day_back": "Loaded trucks a day in the other direction",
    "hours": "Opening hours, on the clock of each side",
    "lanes": "Lanes at the booths of a side",
    "service": "Mean time of a truck at a booth",
    "inspected": "Share of the trucks whose goods are inspected",
}
"""Part of the answers -> what is asked for it, in this order."""


def new(
    name: Annotated[str, typer.Argument(metavar="GATE", help="Its name: small letters, digits and hyphens.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write; by default GATE.yaml.")] = None,
    ask: Annotated[
        bool | None, typer.Option("--ask/--no-ask", help="Ask questions; by default in a terminal only.")
    ] = None,
) -> None:
    """Write a gate file to begin with: asks a few questions in a terminal, and says in comments what to replace.

    Example: `bordergate new river-bridge --out river-bridge.yaml`
    """
    from experiments.runs.files import atomic_file
    from gates import ConfigError, Finding, library_gates
    from gates.files.template import Answers, gate_template

    with mistakes_shown():
        target = out or Path(f"{name}.yaml")
        if target.exists():
            raise ConfigError([Finding("--out", str(target), "exists", "Name another file.")])
        if name in library_gates():
            raise ConfigError([Finding("GATE", name, "is a gate of the library", "Choose another name.")])
        answers = Answers(name, name.replace("-", " ").capitalize())
        gate_template(answers)
        if sys.stdin.isatty() if ask is None else ask:
            answers = _asked(answers)
        text = gate_template(answers)
        with atomic_file(target) as partial:
            partial.write_bytes(text.encode("utf-8"))
        console.print(f"Written: {target}", markup=False, soft_wrap=True)
        console.print(f"Next: bordergate run {target}   then replace its assumptions, one by one.", markup=False)


def _asked(answers: Answers) -> Answers:
    """Return the answers that somebody gives; what makes no gate is asked again."""
    from dataclasses import replace

    from gates import ConfigError
    from gates.files.template import DIRECTIONS, gate_template, zones_of

    console.print("Press Enter to take the answer in brackets. Everything can be changed in the file.")
    for part, question in QUESTIONS.items():
        usual = getattr(answers, part)
        if part.endswith("_zone"):
            usual = next(iter(zones_of(getattr(answers, part.removesuffix("_zone")))), usual)
        while True:
            said = typer.prompt(question, default=usual).strip()
            if part == "direction" and said not in DIRECTIONS:
                console.print(f"Write one of {', '.join(DIRECTIONS)}.")
                continue
            tried = replace(answers, **{part: said})
            if part in ("here", "there"):
                tried = replace(tried, **{f"{part}_zone": next(iter(zones_of(said)), "UTC")})
            if part == "here" and said == answers.there:  # the other one is asked for next
                tried = replace(tried, there=answers.here, there_zone=answers.here_zone)
            try:
                gate_template(tried)
            except ConfigError as error:
                for finding in error.findings[:3]:
                    console.print(f"{finding.problem}. {finding.remedy}", markup=False, soft_wrap=True)
                continue
            answers = tried
            break
    return answers
