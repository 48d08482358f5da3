"""The gallery: one run and two studies of Friendship Pass, drawn by the build, and the pictures of the README."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import bordergate as bg
from experiments.answers.study_labels import read_labels
from experiments.plots.draw import read_plots
from experiments.plots.marks import Plot
from experiments.plots.study import study_plots
from scripts.docs_site.stage import ROOT

IMAGES = ROOT / "docs" / "images"
RUN: dict[str, Any] = {"days": 14, "warmup_days": 7, "replications": 10}
STUDIES: dict[str, dict[str, Any]] = {
    "upgrades-one-by-one": {"days": 7, "warmup_days": 3, "replications": 8},
    "demand-growth": {"days": 5, "warmup_days": 2, "replications": 4},
}
"""Short, so that the build takes a minute; each plot's caption says what it shows."""


def gallery(folder: Path) -> str:
    """Draw all plots into `gallery/` of the folder, and return the page that shows them."""
    parts = [
        "# Gallery",
        "Each plot below was drawn while this site was built. [Plots and the report](plots.md) says how to read them.",
        "## A run",
        f"Friendship Pass, {RUN['days']} days after {RUN['warmup_days']} days of warm-up, {RUN['replications']} "
        f"replications: `bordergate run friendship-pass --days {RUN['days']} --replications {RUN['replications']}`.",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "run"
        bg.run("friendship-pass", out=made, **RUN)
        parts += _pictures(made, read_plots(made), folder / "gallery" / "run")
        for name, options in STUDIES.items():
            made = Path(scratch) / name
            study = bg.load_study(name)
            bg.study(name, out=made, **options)
            parts += [f"## A study: {name}", study.question, f"`bordergate study {name}`, with fewer days here."]
            parts += _pictures(made, study_plots(made, read_labels(made)), folder / "gallery" / name)
    return "\n\n".join(parts) + "\n"


def _pictures(made: Path, plots: list[Plot], target: Path) -> list[str]:
    target.mkdir(parents=True)
    parts = []
    for plot in plots:
        shutil.copyfile(made / "plots" / f"{plot.name}.svg", target / f"{plot.name}.svg")
        place = target.relative_to(target.parent.parent).as_posix()
        image = f"```{{image}} {place}/{plot.name}.svg\n:alt: {' '.join(plot.alt.split())}\n```"
        picture = f"````{{container}} plot\n{image}\n````"
        parts += [f"### {plot.title}", f"`{plot.name}`", picture]
    return parts


def images() -> None:
    """Make the pictures of docs/images again: the top of a report, and a plot of a study."""
    with tempfile.TemporaryDirectory() as scratch:
        run, study = Path(scratch) / "run", Path(scratch) / "study"
        bg.run("friendship-pass", out=run)
        bg.study("upgrades-one-by-one", out=study)
        shutil.copyfile(study / "plots" / "comparison.svg", IMAGES / "study.svg")
        _screenshot(run / "report.html", IMAGES / "report.png")


def _screenshot(page: Path, picture: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    quiet = ["--headless", "--no-sandbox", "--hide-scrollbars", "--force-device-scale-factor=1"]
    command = [browser, *quiet, "--window-size=1000,730", f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)
