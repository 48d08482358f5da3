"""What the reading process does, with heavy imports inside; answers are bytes, ready to send."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.map import GateMap

RISKY = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a formula in a spreadsheet."""


def answer(folder: Path) -> bytes:
    """Return what a run says first: warnings, a sentence for each direction, the numbers of the first screen."""
    from experiments.answers.run_summary import read_summary

    said = read_summary(folder)
    headlines = [{"direction": h.direction, "sentence": h.sentence, "details": list(h.details)} for h in said.headlines]
    columns, rows = said.first.columns, [list(row) for row in said.first.rows]
    table = {"columns": list(columns), "rows": rows, "note": said.first.note}
    document = {"title": said.title, "basis": said.basis, "warnings": list(said.warnings)}
    return _json({**document, "headlines": headlines, "numbers": table})


def so_far(request: str, store: Path, language: Any) -> bytes:
    """Return the numbers of a run after the replications that are done."""
    from experiments.results.so_far import so_far as numbers

    return _json(numbers(json.loads(request), store, language))


def compare(folders: dict[str, Path], numbers: list[str], language: Any) -> bytes:
    """Return the comparison of some runs with the first of them.

    Raises
    ------
    ConfigError
        If one of them does not have a number.
    """
    from experiments.results.run import Result
    from experiments.results.several import compare_several

    return _json(compare_several({name: Result(folder) for name, folder in folders.items()}, numbers, language))


def study_answer(folder: Path) -> bytes:
    """Return what a study says first: the question, warnings, the advice, and what limits it."""
    from experiments.answers.study_advice import read_answer

    said = read_answer(folder)
    return _json(
        {
            "title": said.title,
            "question": said.question,
            "basis": said.basis,
            "warnings": list(said.warnings),
            "advice": list(said.advice),
            "notes": list(said.notes),
            "tables": [
                {"title": each.title, "columns": list(each.columns), "rows": [list(row) for row in each.rows]}
                | {"note": each.note}
                for each in said.tables
            ],
        }
    )


def gate_of_text(text: str) -> bytes:
    """Return the gate that a file describes, ready to be run, or what is wrong with it."""
    from gates.files.load import gate_from_text
    from gates.findings import ConfigError

    try:
        gate = gate_from_text(text)
    except ConfigError as error:
        findings = [
            {"path": f.path, "value": f.value, "problem": f.problem, "remedy": f.remedy} for f in error.findings
        ]
        return _json({"valid": False, "gate": None, "findings": findings})
    return _json({"valid": True, "gate": gate.model_dump(mode="json", by_alias=True), "findings": []})


def gate_map(gate: str, upgrades: list[str], language: Any, form: str, colours: Any) -> bytes:
    """Return the map of a gate of the library, as data or as a picture.

    Raises
    ------
    ConfigError
        With every finding, if the upgrades cannot be applied.
    """
    from experiments.map import lay_out
    from experiments.runs.request import resolve

    return _map(lay_out(resolve({"gate": gate, "upgrades": upgrades}).scenario.gate, language), form, colours)


def run_map(folder: Path, language: Any, form: str, colours: Any) -> bytes:
    """Return the map of the gate of a result, its upgrades applied."""
    from experiments.answers.labels import Labels
    from experiments.map import lay_out
    from experiments.result_folder import MANIFEST, read_json

    return _map(lay_out(Labels(read_json(folder / MANIFEST)).scenario.gate, language), form, colours)


def _map(laid_out: GateMap, form: str, colours: Any) -> bytes:
    from experiments.map import svg

    if form == "json":
        return _json(laid_out.document())
    return svg.as_png(laid_out, colours) if form == "png" else svg.standalone(laid_out, colours).encode()


def preview(request: str, language: Any) -> dict[str, Any]:
    """Return what a request for a run stands for.

    Raises
    ------
    ConfigError
        With every finding.
    """
    from experiments.preview import preview as made

    return made(json.loads(request), language)


def forecast(request: str, most_visits: float) -> bytes:
    """Return a forecast, its answers in sentences among its numbers.

    Raises
    ------
    ConfigError
        With every finding.
    """
    from experiments.forecast.answer import answers
    from experiments.forecast.forecast import forecast as made_of

    asked = json.loads(request)
    made = made_of(asked, _columns(asked.pop("state")), most_visits=most_visits)
    return _json({**made.document(), "answers": answers(made)})


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return rows as columns; a column that a row lacks is empty there."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def queue_series(folder: Path, stage: str | None, points: int) -> bytes:
    """Return `series.queue_series` as JSON."""
    from experiments.report import series

    return _json(series.queue_series(folder, stage, points))


def clearance(folder: Path, measure: str, direction: str | None, vehicle_class: str | None, bins: int) -> bytes:
    """Return `series.clearance` as JSON."""
    from experiments.report import series

    return _json(series.clearance(folder, measure, direction, vehicle_class, bins))


def log_rows(folder: Path, replication: int) -> int:
    """Return the number of rows of an event log."""
    from experiments.report import series

    return series.log_rows(folder, replication)


def log_csv(folder: Path, replication: int, first: int, count: int) -> bytes:
    """Return some rows of an event log as CSV."""
    from experiments.report import series

    return series.log_csv(folder, replication, first, count)


def replay(folder: Path, replication: int, start_h: float, end_h: float, most: int, form: Any) -> bytes:
    """Return the stage visits in a window of time."""
    from experiments.report.replay import replay as packed

    return packed(folder, replication, start_h, end_h, most, form)


def plots(folder: Path, base: str) -> bytes:
    """Return the list of the plots, with links to them."""
    from experiments.report import series

    items: list[dict[str, Any]] = [
        {**plot, "links": {form: f"{base}{plot['name']}.{form}" for form in ("json", "svg", "png")}}
        for plot in series.plots(folder)
    ]
    return _json({"items": items})


def study_plots(folder: Path, base: str) -> bytes:
    """Return the list of the plots of a study, with links to them."""
    from experiments.answers.study_labels import read_labels
    from experiments.plots.study import study_plots as plots_of
    from experiments.report import series

    items: list[dict[str, Any]] = [
        {
            **series.plot_words(plot),
            "links": {form: f"{base}{plot.name}.{form}" for form in ("json", "svg", "png")},
        }
        for plot in plots_of(folder, read_labels(folder))
    ]
    return _json({"items": items})


def draw_plot(folder: Path, name: str, form: str, target: Path, colours: Any, language: Any) -> None:
    """Draw one plot of a run or a study into a file."""
    from experiments.report import series

    series.draw_plot(folder, name, form, target, colours, language)


def draw_report(folder: Path, target: Path) -> None:
    """Write the report into a file."""
    from experiments.report import series

    series.draw_report(folder, target)


def study_schema() -> bytes:
    """Return the JSON Schema of a study."""
    from experiments.studies.model import Study

    return _json(Study.model_json_schema(by_alias=True))


def table(folder: Path, name: str) -> bytes:
    """Return a table of a study as JSON; what is unknown is null."""
    from experiments.studies.folder import read_table

    rows = json.loads(read_table(folder, name).to_json(orient="records", double_precision=15))
    return _json({"name": name, "rows": rows})


def metrics_csv(document: bytes) -> bytes:
    """Return `metrics.json` as a table, a row for each number. Light enough for the server itself."""
    rows = json.loads(document)["metrics"]
    of_border = ("gate",) if any("gate" in row for row in rows) else ()
    what = ("metric", "statistic", *of_border, "direction", "class", "stage")
    names = (*what, "unit", "value", "low", "high", "n", "unreached")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([csv_cell(row.get(name)) for name in names])  # an earlier version did not count
    return out.getvalue().encode()


def csv_cell(value: object) -> object:
    """Return a cell that a spreadsheet does not read as a formula."""
    if isinstance(value, str) and value.startswith(RISKY):
        return f"'{value}"
    return "" if value is None else value


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
