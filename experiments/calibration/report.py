"""The page of a calibration: one HTML file that needs nothing else, with the answer first."""

from __future__ import annotations

from pathlib import Path

from experiments.calibration.answer import said
from experiments.report.html import FONTS_GO_HERE, rendered
from experiments.result_folder import read_json


def write_report(folder: Path) -> Path:
    """Write `report.html` of the folder of a calibration, and return its path."""
    whole = read_json(folder / "calibration.json")
    content = {"whole": whole, "said": said(whole, intervals=True), "fonts": FONTS_GO_HERE}
    path = folder / "report.html"
    path.write_text(rendered("calibration.html.j2", content), encoding="utf-8", newline="\n")
    return path
