"""What earlier releases wrote opens, or gives one finding; names that programs read stay for one release more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import bordergate as bg
from api.cli.app import app
from experiments.result_folder import MANIFEST, read_json
from gates import ConfigError
from gates.renamed import OLD_COLUMNS, OLD_KEYS
from tests.api.servers import threaded

FIXTURES = Path(__file__).resolve().parent / "fixtures" / "releases"
RELEASES = sorted(path for path in FIXTURES.iterdir() if path.is_dir())


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def release(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what a release wrote, as the folder one is in."""
    shutil.copytree(request.param, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    return tmp_path / "old"


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "500"})


def stored(release: Path, kind: str) -> Path:
    (folder,) = (release / "service/runs").glob(f"{kind}_*")
    return folder


# Files.


@pytest.mark.parametrize("name", ["gate.yaml", "upgrade.yaml"])
def test_gates_and_upgrades_open(release: Path, name: str) -> None:
    done = invoke("validate", name)
    assert done.exit_code == 0, done.output
    done = invoke("migrate", name, "--out", "new.yaml")
    assert done.exit_code == 0, done.output
    assert (release / "new.yaml").read_bytes() == (release / name).read_bytes()


def test_a_study_names_the_key_that_is_gone_and_is_rewritten(release: Path) -> None:
    why = "Intervals, p-values and verdicts come from one procedure (Bonferroni)."
    done = invoke("validate", "study.yaml")
    remedy = f"Remove it, or run `bordergate migrate`: {why}"
    said = f"study.yaml:14: adjustment = bonferroni - a key of an earlier version. {remedy}\n"
    assert (done.exit_code, done.output) == (2, said)

    before = (release / "study.yaml").read_text(encoding="utf-8")
    sound = "no findings{}. Study booths of gate minimal: 5 scenarios, the base included.\n"
    line = f"Line 14: adjustment: bonferroni # one of two is removed. {why}\n"
    done = invoke("migrate", "study.yaml")
    notice = "Nothing was written: add --in-place, or --out FILE.\n"
    assert done.output == f"{line}{notice}study.yaml: {sound.format(' then')}"
    assert (release / "study.yaml").read_text(encoding="utf-8") == before
    done = invoke("migrate", "study.yaml", "--in-place")
    assert done.output == f"{line}Written: study.yaml\nstudy.yaml: {sound.format('')}"
    after = before.replace("adjustment: bonferroni # one of two\n", "")
    assert (release / "study.yaml").read_text(encoding="utf-8") == after
    assert invoke("migrate", "study.yaml", "--in-place").output == f"study.yaml: {sound.format('')}"


def test_migrate_writes_over_nothing_and_rewrites_no_result(release: Path) -> None:
    done = invoke("migrate", "study.yaml", "--out", "gate.yaml")
    assert (done.exit_code, done.output) == (2, "--out = gate.yaml - exists. Name another file, or use --in-place.\n")
    done = invoke("migrate", "study.yaml", "--out", "new.yaml", "--in-place")
    assert (done.exit_code, done.output) == (2, "--out = new.yaml - given with --in-place. Use one of them.\n")
    folder = stored(release, "run").relative_to(release)
    for name in (folder, folder / MANIFEST):
        done = invoke("migrate", str(name))
        again = f"Run it again: bordergate run {folder / MANIFEST} --out {folder}-again."
        assert (done.exit_code, done.output) == (2, f"file = {name} - is a result. {again}\n")


def test_what_is_left_is_said_after_rewriting(release: Path) -> None:
    text = (release / "study.yaml").read_text(encoding="utf-8")
    (release / "study.yaml").write_text(text.replace("days: 2", "days: -2"), encoding="utf-8")
    done = invoke("migrate", "study.yaml", "--in-place")
    assert done.exit_code == 2
    assert "Written: study.yaml\n" in done.output
    assert "study.yaml:6: days = -2 - too small." in done.output


# Results.


@pytest.mark.slow
def test_the_result_of_a_run_opens(release: Path) -> None:
    folder = stored(release, "run")
    rows = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    opened = bg.result(folder)
    assert isinstance(opened, bg.Result)
    arrivals = next(row["value"] for row in rows if (row["metric"], row["class"]) == ("arrivals_per_day", None))
    assert opened.metric("arrivals_per_day.mean.northbound").value == arrivals
    assert "minimal: 1 days from 2025-07-01" in repr(opened)
    assert len(opened.events) > 100
    assert opened.plots
    with pytest.raises(ConfigError, match=r"this result has no replications. It is of an older version: run it again"):
        bg.compare(opened, opened).metric("arrivals_per_day.mean.northbound")
    assert invoke("plot", str(folder)).exit_code == 0
    assert (folder / "report.html").is_file()


@pytest.mark.slow
def test_the_result_of_a_run_is_not_verified_but_made_again(release: Path) -> None:
    folder = stored(release, "run").relative_to(release)
    done = invoke("verify", str(folder))
    again = f"bordergate run {folder / MANIFEST} --out {folder}-again"
    problem = "was written by an earlier version, which did not list its files"
    assert (done.exit_code, done.output) == (2, f"DIR = {folder} - {problem}. Run it again: {again}.\n")
    done = invoke(*again.split()[1:])
    assert done.exit_code == 0, done.output
    values = [bg.Result(Path(each)).metric("arrivals_per_day.mean.northbound") for each in (folder, f"{folder}-again")]
    assert values[0].value == values[1].value


@pytest.mark.slow
@pytest.mark.parametrize("command", [("plot",), ("verify",)])
def test_the_result_of_a_study_names_the_command_that_makes_it_again(release: Path, command: tuple[str]) -> None:
    folder = stored(release, "study").relative_to(release)
    done = invoke(*command, str(folder))
    again = f"bordergate study {folder / MANIFEST} --out {folder}-again"
    listed = "" if command == ("plot",) else ", which did not list its files"
    problem = f"was written by an earlier version{listed}"
    assert (done.exit_code, done.output) == (2, f"DIR = {folder} - {problem}. Run it again: {again}.\n")
    if command == ("plot",):
        done = invoke(*again.split()[1:], "--workers", "1")
        assert done.exit_code == 0, done.output
        before, after = (pd.read_parquet(f"{each}/tables/differences.parquet") for each in (folder, f"{folder}-again"))
        assert before["value"].tolist() == after["value"].tolist()


def test_a_result_of_an_earlier_version_is_not_replaced(release: Path) -> None:
    folder = stored(release, "run")
    done = invoke("run", "minimal", "--days", "1", "--out", str(folder))
    problem = "was written by an earlier version, which did not list its files"
    assert (done.exit_code, done.output) == (2, f"--out = {folder} - {problem}. Run it again, into another folder.\n")


@pytest.mark.parametrize("kind", ["run", "study"])
def test_a_result_of_a_newer_version_gets_one_line(release: Path, kind: str) -> None:
    folder = stored(release, kind)
    field, newest = {"run": ("schema", 1), "study": ("format", 2)}[kind]
    (folder / MANIFEST).write_text(json.dumps({**read_json(folder / MANIFEST), field: 99}), encoding="utf-8")
    problem = f"was written by a newer version (format 99; this one reads {newest})"
    remedy = "Install that version, or name another folder."
    for command in ("plot", "verify", kind):
        done = invoke(command, str(folder))
        path = "file" if command == kind else "DIR"
        assert (done.exit_code, done.output) == (2, f"{path} = {folder} - {problem}. {remedy}\n")


@pytest.mark.slow
def test_a_data_folder_of_the_service_opens(release: Path) -> None:
    with threaded(release / "service") as client:
        for plural in ("runs", "studies"):
            (item,) = client.get(f"/api/v1/{plural}").json()["items"]
            assert item["status"] == "succeeded"
            left_out = {"report": 404, "answer": 404, "plots": 404} if plural == "studies" else {}
            for name, link in item["links"].items():
                if name != "events":  # a stream
                    assert client.get(link).status_code == left_out.get(name, 200), link
        study = stored(release, "study").name
        said = client.get(f"/api/v1/studies/{study}/answer").json()["detail"]
        assert said == "An earlier version wrote this study; its tables are there. Submit it again for its answer."
        folder = stored(release, "run").name
        text = client.get(f"/api/v1/runs/{folder}/metrics", headers={"Accept": "text/csv"}).text
        assert text.startswith("metric,statistic,direction,class,stage,unit,value,low,high,n,unreached\n")
        rows = client.get(f"/api/v1/studies/{study}/tables/differences.json").json()["rows"]
        assert [row["scenario"] for row in rows] == ["three"]


# Names.


def names(release: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((release / "names.json").read_text(encoding="utf-8"))
    return document


def test_no_metric_is_gone(release: Path) -> None:
    from sim.metrics.registry import METRICS

    for name, before in names(release)["metrics"].items():
        assert name in METRICS, f"{name} is gone: keep it for one release"
        assert METRICS[name].unit == before["unit"], name
        assert set(before["statistics"]) <= set(METRICS[name].statistics), name


def test_no_path_or_field_of_http_is_gone(release: Path, tmp_path: Path) -> None:
    with threaded(tmp_path / "data") as client:
        described = client.get("/openapi.json").json()
        figures = client.get("/metrics").text
    now = {
        f"{method.upper()} {path}": {f"{each['in']}:{each['name']}" for each in operation.get("parameters", [])}
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    }
    shapes = described["components"]["schemas"]
    before = names(release)
    for path, parameters in before["http"].items():
        assert set(parameters) <= now[path], path
    for shape, fields in before["fields"].items():
        assert set(fields) <= set(shapes[shape]["properties"]), shape
    for figure in before["figures"]:
        assert f"# HELP {figure} " in figures, figure


@pytest.mark.slow
def test_no_column_of_a_table_is_gone(release: Path, tmp_path: Path) -> None:
    (release / "small.yaml").write_text(
        (release / "study.yaml").read_text(encoding="utf-8").replace("adjustment: bonferroni # one of two\n", ""),
        encoding="utf-8",
    )
    run = bg.run("minimal", days=1, warmup_days=0, replications=2, out=tmp_path / "run")
    study = bg.study("small.yaml", out=tmp_path / "study")
    for name, columns in names(release)["columns"].items():
        kind, _, table = name.partition(".")
        path = run.folder / f"{table}.parquet" if kind == "run" else study.folder / "tables" / f"{table}.parquet"
        if table == "events":
            path = run.folder / "events/rep-00000.parquet"
        assert set(columns) <= set(pd.read_parquet(path, partitioning=None).columns), name
    for old in OLD_COLUMNS:
        for table in set(old.tables) & set(study.tables):
            frame = study.table(table)
            assert frame[old.old].equals(frame[old.new].rename(old.old)), (table, old.old)


def test_the_pages_name_what_has_an_old_name() -> None:
    """A list in one place for people, and every old name in it."""
    page = (Path(__file__).resolve().parent.parent / "RELEASING.md").read_text(encoding="utf-8")
    listed = [line for line in page.splitlines() if line.startswith("| `")]
    wanted = [f"| `{key.old}` of {key.model}" for key in OLD_KEYS]
    wanted += [f"| `{column.old}` of {', '.join(column.tables)}" for column in OLD_COLUMNS]
    assert [line for line in wanted if not any(each.startswith(line) for each in listed)] == []
    assert len(listed) == len(wanted)
