"""What the site holds: each page with its place in the repository, in the order of the menu."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One part of the menu: pages of the repository as name -> file, and pages that the build makes."""

    title: str
    pages: dict[str, str]


SECTIONS = (
    Section("Tutorial", {"first-study": "docs/first-study.ipynb"}),
    Section(
        "How-to",
        {
            "own-gate": "docs/own-gate.md",
            "another-border": "docs/another-border.md",
            "timetable": "docs/timetable.md",
            "upgrades": "docs/upgrades.md",
            "studies": "docs/studies.md",
            "recorded-trucks": "docs/recorded-trucks.md",
            "event-logs": "docs/event-logs.md",
            "forecasts": "docs/forecasts.md",
            "borders": "docs/borders.md",
            "own-rules": "docs/own-rules.md",
            "notebook": "docs/notebook.md",
            "page": "docs/page.md",
            "service": "docs/service.md",
        },
    ),
    Section(
        "Concepts",
        {
            "concepts": "docs/concepts.md",
            "mechanisms": "docs/mechanisms.md",
            "limits": "docs/limits.md",
            "plots": "docs/plots.md",
            "calibration": "docs/calibration.md",
            "friendship-pass": "docs/friendship-pass.md",
            "decisions/README": "docs/decisions/README.md",
        },
    ),
    Section(
        "Reference",
        {
            "gate-file": "docs/gate-file.md",
            "cli": "",
            "python": "",
            "http": "",
            "metrics": "docs/metrics.md",
            "glossary": "docs/glossary.md",
        },
    ),
    Section("Gallery", {"gallery": ""}),
    Section(
        "The project",
        {
            "contributing": "CONTRIBUTING.md",
            "tests": "tests/README.md",
            "theory": "docs/validation/theory.md",
            "mutation": "docs/validation/mutation.md",
            "known-truth": "docs/validation/known-truth.md",
            "soak": "docs/validation/soak.md",
            "benchmarks": "benchmarks/README.md",
            "platforms": "docs/platforms.md",
            "releasing": "RELEASING.md",
            "changelog": "CHANGELOG.md",
        },
    ),
)
"""A page without a file is made by the build. A page whose file does not exist is left out."""

HOME = "docs/index.md"
DECISIONS = "docs/decisions"
