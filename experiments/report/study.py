"""The report of a study: one HTML file that needs nothing else, with the advice first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.answers.study_advice import READ, read_answer
from experiments.answers.study_labels import read_labels
from experiments.plots import theme
from experiments.plots.theme import Picture
from experiments.report.decision.content import decision_of, title_of
from experiments.report.decision.words import Language, Words
from experiments.report.html import FONTS_GO_HERE, figures, rendered
from experiments.studies.folder import read_table
from experiments.studies.model import metric_key
from gates.sources import footing_text

LANGUAGE_TAGS: dict[Language, str] = {"en": "en", "vi": "vi", "zh": "zh-Hans"}
SHOWN = 40
"""Scenarios whose changes are on the page; all are in the manifest."""


LOOKS_FOR_CAUSES = ("bottleneck", "screening")
"""Designs whose scenarios nobody can choose."""


def write_study_report(folder: Path, pictures: Sequence[Picture], language: Language = "en") -> Path:
    """Write `report.html` of a study's folder with its plots, and return its path.

    Parameters
    ----------
    language
        Of the page for a decision, which stands first; the rest is in English.
    """
    path = folder / "report.html"
    page = {**_content(folder), **_decision(folder, language), "figures": figures(pictures)}
    path.write_text(rendered("study.html.j2", page), encoding="utf-8", newline="\n")
    return path


def _decision(folder: Path, language: Language) -> dict[str, Any]:
    """Return what the page for a decision shows; no page for a study that looks for causes and compares no options."""
    from markupsafe import Markup  # Vega escapes the texts that it draws

    from experiments.report.decision.charts import front, waterfall

    labels, words = read_labels(folder), Words(language)
    named = {"words": words, "language": LANGUAGE_TAGS[language], "heading": title_of(labels, words)}
    if labels.design in LOOKS_FOR_CAUSES:
        return {**named, "page": None}
    page = decision_of({name: read_table(folder, name) for name in READ}, labels, words)

    def drawn(name: str, specification: dict[str, Any]) -> Markup:
        return Markup(theme.inline(theme.rendered(specification), name))

    return {
        **named,
        "page": page,
        "question": labels.question,
        "waterfall": drawn("waterfall", waterfall(page.steps, words)) if page.steps else "",
        "waterfall_text": "; ".join(f"{step.title}: {step.end - step.start:.2g} h" for step in page.steps),
        "front": drawn("front", front(page.points, words)) if page.points else "",
    }


def _content(folder: Path) -> dict[str, Any]:
    from sim.metrics.registry import METRICS

    labels = read_labels(folder)
    scenarios = [{**each, "title": labels.titles[each["name"]]} for each in labels.manifest["scenarios"]]
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
