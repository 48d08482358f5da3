"""Plots of a result folder, drawn here and one after the other."""

from __future__ import annotations

from pathlib import Path

from experiments.answers.labels import Labels
from experiments.plots import theme
from experiments.plots.draw import read_plots
from experiments.plots.marks import picture
from experiments.result_folder import MANIFEST, read_json


def draw_plots(folder: Path, *, png: bool = False) -> list[Path]:
    """Write `plots/NAME.svg` of a result folder, and `.png` if wanted; return their paths."""
    labels = Labels(read_json(folder / MANIFEST))
    return theme.write_pictures(folder, [picture(plot) for plot in read_plots(folder)], labels, png=png)
