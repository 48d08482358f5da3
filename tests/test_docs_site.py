"""The docs site: every page has a place, every link leads somewhere, references hold all that is declared.

The build itself, warnings as errors, is the step `docs` of `scripts/check.py`.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from hatch_build import description
from scripts.docs_site import notebook, references, stage
from scripts.docs_site.contents import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "docs" / "first-study.ipynb"
project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_page_of_docs_has_a_place_in_the_menu():
    assert stage.unlisted() == []


def test_a_place_in_the_menu_is_a_page_or_made_by_the_build():
    files = {file for section in SECTIONS for file in section.pages.values() if file}
    assert {file for file in files if not (ROOT / file).is_file()} == set()


def test_links_are_moved_with_their_pages():
    kept: list[str] = []

    def keep(path: str) -> str:
        kept.append(path)
        return f"files/{path}"

    text = (
        "[a](metrics.md#all) [b](../CONTRIBUTING.md) [c](decisions/) [d](../gates/library/facts.csv) [e](../sim) "
        "[f](https://example.org/x.md) `[g](metrics.md)` [i](../experiments/plots/fonts/README.md)\n"
        "```\n[h](../CONTRIBUTING.md)\n```"
    )
    moved = stage.staged(text, "docs/plots.md", "plots", keep)
    assert moved == (
        "[a](metrics.md#all) [b](contributing.md) [c](decisions/README.md) [d](files/gates/library/facts.csv) e "
        "[f](https://example.org/x.md) `[g](metrics.md)` i\n```\n[h](../CONTRIBUTING.md)\n```\n"
    )
    assert kept == ["gates/library/facts.csv"]
    assert stage.staged("[up](../metrics.md)", "docs/decisions/001-integer-ticks.md", "decisions/1", keep) == (
        "[up](../metrics.md)\n"
    )


def test_the_reference_of_the_commands_holds_each_option():
    page = references.commands()
    for said in ("## bordergate run", "`--warmup-days` `N`", "`--level` `low|base|high`", "### bordergate keys"):
        assert said in page
    assert "Default: `30`." in page
    assert "Default: `True`" not in page


def test_the_reference_of_http_holds_each_operation():
    page = references.http()
    for said in ("### Submit a run", "POST /api/v1/runs", "`Idempotency-Key` (header)", "### ProblemShape"):
        assert said in page


def test_the_reference_of_metrics_holds_each_metric():
    from sim.metrics.registry import METRICS

    page = references.metrics()
    for name, metric in METRICS.items():
        assert f"`{name}`" in page
        assert metric.definition in page


def test_the_reference_of_python_holds_what_the_door_gives():
    import bordergate

    page = references.python()
    missing = {name for name in bordergate.__all__ if f"bordergate.{name}\n" not in page}
    # Fields of gates and studies are those of files, which have pages of their own; Policy is the type of a function.
    assert missing == {"Gate", "Study", "Policy"}
    assert "bordergate.Gate.with_" in page


def test_the_notebook_is_kept_without_outputs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    written = [cell for cell in cells if cell["cell_type"] == "code"]
    assert written
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in written)


@pytest.mark.long
def test_the_notebook_runs(tmp_path):
    page = notebook.as_page(NOTEBOOK, tmp_path)
    assert "Two more bays change the wait at the bays by −0." in page
    assert len(list(tmp_path.glob("*.svg"))) == 1, "one plot"


def test_what_builds_the_site_is_part_of_dev():
    extras = project["optional-dependencies"]
    assert set(extras["docs"]) <= set(extras["dev"])


def test_the_description_for_an_index_has_no_relative_links():
    text = description((ROOT / "README.md").read_text(encoding="utf-8"))
    targets = [part.partition(")")[0] for part in text.split("](")[1:]]
    assert all(target.startswith("https://") for target in targets), targets
    assert "docs/gate-file.md" in text
    assert description("![p](a.png)\n\nSee [b](c.md), [d](https://e.org).") == "See b, [d](https://e.org)."


def test_the_citation_names_the_version():
    assert f"\nversion: {project['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
