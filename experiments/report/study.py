"""The report of a study: one HTML file that needs nothing else, with the advice first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.answers.study_advice import read_answer
from experiments.answers.study_labels import read_labels
from experiments.plots.theme import Picture
from experiments.report.html import FONTS_GO_HERE, figures, rendered
from experiments.studies.model import metric_key
from gates.sources import footing_text

SHOWN = 40
"""Scenarios whose changes are on the page; all are in the manifest."""


def write_study_report(folder: Path, pictures: Sequence[Picture]) -> Path:
    """Write `report.html` of a study's folder with its plots, and return its path."""
    path = folder / "report.html"
    page = {**_content(folder), "figures": figures(pictures)}
    path.write_text(rendered("study.html.j2", page), encoding="utf-8", newline="\n")
    return path


def _content(folder: Path) -> dict[str, Any]:
    from sim.metrics.registry import METRICS

    labels = read_labels(folder)
    scenarios = labels.manifest["scenarios"]
    named = dict.fromkeys(metric_key(text).metric for text in labels.metrics)
    return {
        "labels": labels,
        "answer": read_answer(folder),
        "fonts": FONTS_GO_HERE,
        "scenarios": scenarios[:SHOWN],
        "left_out": max(0, len(scenarios) - SHOWN),
        "footing": footing_text(labels.gate.gate),
        "definitions": {name: METRICS[name] for name in named},
    }
