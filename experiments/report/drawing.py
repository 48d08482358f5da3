"""Plots and report of a result folder: each picture is drawn once, by other processes if there are some.

Drawing takes seconds, a good part of them to load libraries. So a command line has it done by processes that start
before the run does, and needs none of those libraries itself.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from experiments.answers.labels import Labels
from experiments.answers.run_numbers import read_numbers
from experiments.answers.run_summary import warnings
from experiments.plots import theme
from experiments.report.decision.words import Language
from experiments.result_folder import MANIFEST, read_json
from experiments.runs import executors

MOST_PROCESSES = 2
"""With more, loading the libraries takes longer than drawing."""
NICE = 5
"""Processes that draw let the run go first."""
Drawn = TypeVar("Drawn")


@contextmanager
def painters() -> Iterator[Executor | None]:
    """Give processes that draw, and load what they need from now on; none where this one has it loaded already."""
    if "altair" in sys.modules:
        yield None
        return
    count = min(MOST_PROCESSES, executors.cores())
    with executors.local(count, modules=()) as pool:
        for _ in range(count):
            pool.submit(load)
        yield pool


def draw_result(
    folder: Path, painters: Executor | None = None, *, png: bool = False, language: Language = "en"
) -> list[Path]:
    """Draw the plots and write the report of a run or a study; return the files written.

    Parameters
    ----------
    painters
        Processes that draw; without them, or if one of them is killed, it is done here.
    png
        Whether each plot is written as a PNG picture, too.
    language
        Of the page for a decision, which a study has.
    """
    if read_json(folder / MANIFEST).get("kind") == "study":
        return _draw_study(folder, painters, png, language)
    return _draw_run(folder, painters, png)


def _draw_run(folder: Path, painters: Executor | None, png: bool) -> list[Path]:
    from experiments.report.html import content, write_report

    labels, numbers = Labels(read_json(folder / MANIFEST)), read_numbers(folder)
    warning = " ".join(warnings(numbers, labels))
    (names,) = _all_done(painters, run_plots, [(folder,)])()
    # those of the event log, which take longest, go first
    drawn = _all_done(painters, run_picture, [(folder, name, warning) for name in reversed(names)])
    page = content(folder)
    pictures = drawn()[::-1]
    return [*theme.write_pictures(folder, pictures, labels, png=png), write_report(folder, pictures, page)]


def _draw_study(folder: Path, painters: Executor | None, png: bool, language: Language) -> list[Path]:
    from experiments.answers.study_labels import read_labels
    from experiments.report.study import write_study_report

    (pictures,) = _all_done(painters, study_pictures, [(folder,)])()
    written = theme.write_pictures(folder, pictures, read_labels(folder), png=png)
    return [*written, write_study_report(folder, pictures, language)]


def _all_done(
    painters: Executor | None, task: Callable[..., Drawn], arguments: Sequence[tuple[Any, ...]]
) -> Callable[[], list[Drawn]]:
    """Have a task done for each of some arguments, and return what waits for all the answers."""
    waiting = [] if painters is None else [painters.submit(task, *each) for each in arguments]

    def answers() -> list[Drawn]:
        try:
            return [future.result() for future in waiting] or [task(*each) for each in arguments]
        except BrokenExecutor:  # one was killed, perhaps for lack of memory
            return [task(*each) for each in arguments]

    return answers


# In a process that draws


@functools.cache
def load() -> None:
    """Load what drawing needs, and draw for the first time."""
    from experiments.operating_system import yield_to_others
    from experiments.plots import draw, marks

    yield_to_others(NICE)
    marks.picture(marks.Plot(draw.__name__, "", "", "", functools.partial(marks.message, "")))


def run_plots(folder: Path) -> list[str]:
    """Return the names of the plots that a result has."""
    from experiments.plots.draw import plot_names

    return plot_names(folder)


def run_picture(folder: Path, name: str, warning: str) -> theme.Picture:
    """Draw one plot of a result."""
    from experiments.plots.draw import read_plot
    from experiments.plots.marks import picture

    return picture(read_plot(folder, name, warning))


def study_pictures(folder: Path) -> list[theme.Picture]:
    """Draw the plots of a study."""
    from experiments.answers.study_labels import read_labels
    from experiments.plots.marks import picture
    from experiments.plots.study import study_plots

    return [picture(plot) for plot in study_plots(folder, read_labels(folder))]
