"""The report: one file, the answer first, everything escaped, nothing loaded from elsewhere."""

from __future__ import annotations

import html.parser
import itertools
import re
from pathlib import Path

import pytest

from experiments.answers.labels import Labels
from experiments.answers.run_summary import read_summary
from experiments.report.html import facts_used, grouped, report, write_report
from experiments.report.series import plots
from experiments.result_folder import MANIFEST, read_json
from gates import load_gate
from tests.experiments.folders import HOSTILE, TWO_STAGES, one_way, write_folder

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(html.parser.HTMLParser):
    """A page taken apart: tags that balance, headings, tables, links."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((tag, ""))

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data
        if self.open and re.fullmatch("h[1-6]", self.open[-1]):
            level, so_far = self.headings.pop()
            self.headings.append((level, so_far + data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("report") / "run", load_gate("friendship-pass"))


@pytest.fixture(scope="module")
def text(folder):
    return write_report(folder).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


@pytest.mark.slow
def test_it_is_written_beside_the_result(folder, text):
    assert (folder / "report.html").read_text(encoding="utf-8") == text
    assert text.startswith("<!DOCTYPE html>")


def test_its_tags_balance(page):
    assert page.open == []


def test_the_answer_comes_first(page, folder):
    assert [title for level, title in page.headings if level == "h2"] == [
        "The answer",
        "Plots",
        "Tables",
        "Trucks still inside at the end",
        "What it assumes",
        "How it is measured",
        "Run it again",
    ]
    assert page.headings[0] == ("h1", "Friendship Pass · Hữu Nghị · 友谊关")
    for headline in read_summary(folder).headlines:
        assert headline.sentence in page.text
        assert page.text.index(headline.sentence) < page.text.index("Where the time of a truck goes")


def test_it_makes_no_request(text, page):
    assert re.findall(r"url\((?!#|data:font/woff2;base64,)", text) == []
    assert not {"script", "link", "img", "iframe", "object", "image"} & {tag for tag, _ in page.tags}
    assert [a for tag, a in page.tags if "src" in a or "srcset" in a] == []
    assert re.search(r"@import", text) is None
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; font-src data:"


def test_it_carries_the_letters_that_it_shows(text):
    assert text.count("@font-face") == 5, "Latin and Vietnamese in two weights, and the Chinese letters that are in it"
    assert "/* fonts */" not in text


def test_it_can_be_read_without_seeing_it(page):
    assert page.all("html")[0]["lang"] == "en"
    assert all(figure["aria-label"] for figure in page.all("div") if figure.get("role") == "img")
    assert len([d for d in page.all("div") if d.get("role") == "img"]) == len(page.all("figure")) == 11
    assert all("scope" in cell for cell in page.all("th"))
    assert all(table.get("aria-label") or str(table.get("class")).startswith("text") for table in page.all("table"))
    assert page.all("meta")[1] == {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    levels = [int(level[1]) for level, _ in page.headings]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_ids_are_unique_and_links_lead_somewhere(page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inner = [a["href"][1:] for a in page.all("a") if a["href"] and a["href"].startswith("#")]
    assert inner
    assert set(inner) <= set(ids)


def test_tables_show_both_directions_and_all_stages(page, folder):
    gate = read_json(folder / MANIFEST)["scenario"]["gate"]
    for stage in gate["stages"].values():
        assert stage["title"]["en"] in page.text
    assert "Northbound, all" in page.text
    assert "Southbound, all" in page.text
    assert "Bãi điều tiết phương tiện" in page.text  # the stage in the language of its side


def test_it_names_what_it_rests_on(page, folder):
    manifest = read_json(folder / MANIFEST)
    assert f"{len(manifest['assumptions'])} numbers rest on an assumption" in page.text.replace("\n", " ")
    for number in manifest["assumptions"]:
        assert number["path"].rpartition(".")[2] in page.text
        assert number["note"] in page.text
    for number in manifest["sources"]:
        for fact in number["facts"]:
            assert fact["quantity"] in page.text
    assert manifest["run_again"] in page.text
    assert manifest["hashes"]["result"] in page.text
    assert manifest["versions"]["bordergate"] in page.text
    assert "Kaplan" in page.text


def test_texts_of_a_gate_file_stay_texts(tmp_path):
    booth = TWO_STAGES["stages"]["booth"] | {"title": {"en": HOSTILE, "vi": HOSTILE}}
    gate = one_way(
        title={"en": HOSTILE},
        about=HOSTILE,
        classes={"general": {"title": {"en": HOSTILE}}},
        stages=TWO_STAGES["stages"] | {"booth": booth},
        sources={"stages": f"assumption: {HOSTILE}"},
    )
    shown = report(write_folder(tmp_path / "run", gate, replications=2))
    assert "<script" not in shown
    found = Page(shown)
    assert found.open == []
    assert found.headings[0] == ("h1", HOSTILE)


def test_a_gate_without_trucks_and_sources_has_a_report(tmp_path):
    shown = Page(report(write_folder(tmp_path / "run", one_way(0), replications=1)))
    assert "no truck arrived in the measured period" in shown.text
    assert "No truck was still inside when the run ended." in shown.text
    assert "One replication gives no interval" in shown.text
    assert "name no source" in shown.text.replace("\n", " ")


# Its parts

FACT = {"id": "F005", "quantity": "lanes", "value": "6", "unit": "lanes", "date": "2024-04-30", "confidence": "stated"}


def used(source: str, **more: str):
    (found,) = facts_used([{"path": "a", "facts": [FACT | {"source": source} | more]}])
    return found


def test_every_plot_of_an_overloaded_gate_says_so(tmp_path):
    """One lane, open ten hours, takes ten minutes: 60 trucks a day of 300 are released."""
    folder = write_folder(tmp_path / "r", one_way(per_day=300), days=4)
    found = plots(folder)
    assert {plot["name"] for plot in found} >= {"queue-by-hour", "end-of-day-stock"}
    assert all(plot["warning"].startswith("Overload: the northbound stock grows by") for plot in found)
    assert all("depend on how long you run" in plot["warning"] for plot in found)


def test_a_fact_names_its_outlet_and_links_only_to_the_web():
    found = used("https://www.example.org/a?b=1", gate="Youyi Guan", direction="both")
    assert (found.outlet, found.link) == ("example.org", "https://www.example.org/a?b=1")
    assert found.text == "lanes: 6 lanes (Youyi Guan)"
    assert (used("a copy, to be checked").outlet, used("a copy, to be checked").link) == ("a copy, to be checked", "")
    assert used("javascript:alert(1)").link == ""


def test_a_fact_stands_once_with_all_its_uses():
    sources = [
        {"path": path, "facts": [FACT | {"source": "x", "id": name}]}
        for path, name in [("b", "F2"), ("a", "F1"), ("c", "F2"), ("b", "F2")]
    ]
    assert [(fact.id, fact.paths) for fact in facts_used(sources)] == [("F1", ("a",)), ("F2", ("b", "c"))]


def test_assumptions_stand_by_section_and_part(folder):
    paths = ["stages.metering-yard.lanes", "calendar[0].first", "stages.metering-yard.service.mean", "start"]
    paths += ["stages.scan-vn.lanes", "paths.northbound[4].shares.green"]
    found = grouped([{"path": path, "value": "1", "note": ""} for path in paths], Labels(read_json(folder / MANIFEST)))
    shown = {
        section: [(part.title, part.place, [number["place"] for number in part.numbers]) for part in parts]
        for section, parts in found.items()
    }
    assert shown == {
        "Stages: lanes, hours, times": [
            ("Metering yard", "stages.metering-yard", ["lanes", "service.mean"]),
            ("Container scan (Vietnam)", "stages.scan-vn", ["lanes"]),
        ],
        "Calendar": [("", "calendar[0]", ["first"])],
        "Other": [("", "start", [""])],
        "Paths: who goes where": [("", "paths.northbound", ["[4].shares.green"])],
    }


def test_templates_are_part_of_the_package():
    from experiments.report import html as module

    folder = Path(module.__file__ or "").parent / "templates"
    assert {path.name for path in folder.iterdir()} == {
        "report.html.j2",
        "decision.html.j2",
        "study.html.j2",
        "calibration.html.j2",
        "report.css",
    }
