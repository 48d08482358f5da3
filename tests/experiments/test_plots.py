"""The files of plots: that they can be drawn whatever the result, that they stay the same, and their parts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from experiments.answers.labels import Labels
from experiments.plots import theme
from experiments.plots.draw import plot_names, read_plot, read_plots
from experiments.plots.marks import (
    NARROW,
    WIDE,
    Chart,
    StageRows,
    band_text,
    columns_of,
    over_replications,
    specification,
)
from experiments.result_folder import MANIFEST, read_json
from gates import load_gate
from tests.experiments.charts import labels
from tests.experiments.drawn import draw_plots
from tests.experiments.folders import HOSTILE, TWO_STAGES, friendship_pass, one_way, write_folder

pytestmark = pytest.mark.slow  # pictures of a whole result; `check.py --quick` looks at their numbers alone

PNG = b"\x89PNG\r\n\x1a\n"
NAMES = [
    "where-time-goes",
    "utilisation",
    "queue-by-hour",
    "queue-map",
    "tailback-by-hour",
    "end-of-day-stock",
    "throughput",
    "clearance-distribution",
    "clearance-by-arrival",
    "lanes-by-hour",
    "journeys",
]
OF_LOGS = {"clearance-by-arrival", "lanes-by-hour", "journeys"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("plots") / "run", load_gate("friendship-pass"), days=3)


@pytest.fixture(scope="module")
def drawn(folder):
    return {path.name: path.read_bytes() for path in draw_plots(folder, png=True)}


# Files


def test_every_plot_is_written_as_wanted(drawn):
    assert sorted(drawn) == sorted(f"{name}.{kind}" for name in NAMES for kind in ("svg", "png"))
    assert all(content.startswith(PNG) for name, content in drawn.items() if name.endswith("png"))


def test_the_files_name_the_gate_in_its_languages(drawn):
    for name in NAMES:
        text = drawn[f"{name}.svg"].decode()
        assert "Friendship Pass · Hữu Nghị · 友谊关" in text
        assert "3 days from 1 July 2025, after 1 day of warm-up; 3 replications" in text


def test_the_same_folder_gives_the_same_bytes(tmp_path):
    folder = write_folder(tmp_path / "run", one_way(), replications=2)
    drawn = {path.name: path.read_bytes() for path in draw_plots(folder)}
    assert [path.name for path in draw_plots(folder)] == list(drawn)  # no PNG unless it is wanted
    assert {path.name: path.read_bytes() for path in draw_plots(folder)} == drawn


def test_an_svg_needs_nothing_from_outside(drawn):
    for name in NAMES:
        text = drawn[f"{name}.svg"].decode()
        addresses = set(re.findall(r"https?://[^\s\"'<)]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert text.count("@font-face") == 5  # Latin and Vietnamese, each regular and bold, and Chinese
        assert "<desc>" in text


def test_a_picture_is_large_enough_to_print(drawn):
    for name in NAMES:
        width = int.from_bytes(drawn[f"{name}.png"][16:20])
        assert 2 * WIDE * 0.85 <= width <= 2 * WIDE * 1.1


def test_on_a_phone_every_plot_is_narrow(folder):
    for plot in read_plots(folder):
        width = re.match(r'<svg[^>]* width="([\d.]+)"', theme.svg_of(plot.chart(NARROW)))
        assert width
        assert float(width[1]) <= NARROW + 30, plot.name


# Odd results

HOLIDAY = {"name": "Holiday", "first": "2026-03-03", "last": "2026-03-03"}
ODD = {
    "no truck": (lambda: one_way(0), {}),
    "one direction, an unused stage": (one_way, {}),
    "one day, one replication": (one_way, {"days": 1, "replications": 1}),
    "no events kept": (one_way, {"keep_events": 0}),
    "a holiday": (lambda: one_way(calendar=[HOLIDAY]), {}),
    "more days than points": (one_way, {"days": 50}),
    "the gate on one day": (friendship_pass, {"days": 1, "replications": 1}),
    "the gate at a holiday": (lambda: friendship_pass(start="2026-02-14"), {"days": 3}),
}
LONG = [pytest.param(name, marks=pytest.mark.long) if name.startswith("the gate") else name for name in ODD]


@pytest.mark.parametrize("case", LONG)
def test_odd_results_can_be_drawn(case, tmp_path):
    gate, settings = ODD[case]
    folder = write_folder(tmp_path / "run", gate(), **{"replications": 2, **settings})
    shown = {plot.name: plot for plot in read_plots(folder)}
    expected = set(NAMES)
    if not settings.get("keep_events", 1):
        expected -= OF_LOGS
    if gate().road_per_truck is None:
        expected.remove("tailback-by-hour")
    assert list(shown) == [name for name in NAMES if name in expected]
    for plot in shown.values():
        assert plot.title
        assert plot.caption.endswith(".")
        assert plot.alt.endswith(".")
        for width in (WIDE, NARROW):
            assert theme.svg_of(plot.chart(width)).startswith("<svg")


def test_an_empty_result_says_so(tmp_path):
    folder = write_folder(tmp_path / "run", one_way(0), replications=2)
    drawn = {plot.name: theme.svg_of(plot.chart(WIDE)) for plot in read_plots(folder)}
    assert "No truck arrived in this period." in drawn["throughput"]
    assert "At no hour does a truck wait on average, at any stage." in drawn["queue-by-hour"]


def test_titles_are_texts_and_never_markup(tmp_path):
    booth = TWO_STAGES["stages"]["booth"] | {"title": {"en": HOSTILE}}
    gate = one_way(title={"en": HOSTILE}, stages=TWO_STAGES["stages"] | {"booth": booth})
    folder = write_folder(tmp_path / "run", gate, replications=2)
    for path in draw_plots(folder):
        assert b"<script" not in path.read_bytes()


def test_what_is_drawn_is_a_chart_of_altair_and_of_its_schema(folder, tmp_path, monkeypatch):
    """What is left out for speed changes nothing: no check against the schema, and copies that share their parts."""
    folders = [folder, write_folder(tmp_path / "run", one_way(0), replications=1, days=1)]
    plots = [plot for each in folders for plot in read_plots(each)]
    quick = [json.dumps(specification(plot, width)) for plot in plots for width in (WIDE, NARROW)]
    for name in ("__deepcopy__", "encode"):
        monkeypatch.delattr(Chart, name)
    plain = [{**plot.chart(width).to_dict(), "config": theme.CONFIG} for plot in plots for width in (WIDE, NARROW)]
    assert quick == [json.dumps(each) for each in plain]


def test_one_plot_can_be_read_alone(folder):
    plots = read_plots(folder)
    assert plot_names(folder) == [plot.name for plot in plots] == NAMES
    for plot in plots[:2]:
        alone = read_plot(folder, plot.name)
        assert (alone.title, alone.caption, alone.warning) == (plot.title, plot.caption, plot.warning)


# Parts


def test_a_band_is_a_percentile_only_with_enough_replications():
    few = pd.DataFrame({"replication": range(3), "key": "a", "value": [1.0, 2.0, 9.0]})
    assert over_replications(few, ["key"], "value").to_dict("records") == [
        {"key": "a", "mean": 4.0, "low": 1.0, "high": 9.0}
    ]
    many = pd.DataFrame({"replication": range(21), "key": "a", "value": range(21)})
    assert over_replications(many, ["key"], "value").to_dict("records") == [
        {"key": "a", "mean": 10.0, "low": 1.0, "high": 19.0}
    ]


def test_the_text_says_what_the_band_is():
    found = labels()
    assert band_text(found) == "Band: lowest to highest of 2 replications."
    found.replications = 20
    assert band_text(found, "Line") == "Line: 5th to 95th percentile of 20 replications."
    found.replications = 1
    assert band_text(found) == "One replication: no band."


def test_names_have_room_beside_their_rows_but_not_on_a_phone():
    assert StageRows(["Inspection bays"], WIDE).room > 15 * 5
    assert StageRows(["Inspection bays"], NARROW).room == 0
    assert columns_of(["a" * 80], NARROW) == 1
    assert columns_of(["a", "b"], WIDE) == 2


def test_letters_of_both_scripts_are_carried_along():
    assert theme.font_faces(["友"]).count("font-family:'Noto Sans SC'") == 1
    assert "Noto Sans SC" not in theme.font_faces(["Hữu Nghị"])
    assert theme.font_faces(["Hữu"]) == theme.font_faces(["uHữ"])


def test_charts_in_one_page_keep_their_parts_apart():
    svg = '<svg class="marks" width="9" height="8" viewBox="0 0 9 8"><g clip-path="url(#c)" id="c"/></svg>'
    assert '<g clip-path="url(#a-c)" id="a-c"/>' in theme.inline(svg, "a")


def test_the_manifest_alone_names_everything(folder: Path):
    found = Labels(read_json(folder / MANIFEST))
    assert found.directions == ["northbound", "southbound"]
    assert set(found.stages_of("northbound")) <= set(found.gate.stages)
