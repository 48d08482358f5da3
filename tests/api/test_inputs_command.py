"""Traces on the command line, and results that hold one or were made under own rules."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

import bordergate as bg
from experiments.result_folder import read_json
from tests.api.test_run_again import contents, invoke, succeed
from tests.experiments.test_policy import more_lanes
from tests.experiments.test_trace import FULL, TWO_DAYS, gate_of


def refused(*words: str) -> str:
    done = invoke(*words)
    assert done.exit_code == 2, done.output
    return " ".join(done.output.split())


@pytest.mark.slow
def test_a_result_keeps_its_trace_and_can_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = bg.run(gate_of(), trace=pd.DataFrame(FULL), out="first", **TWO_DAYS)
    assert result.manifest["trace"]["trucks"] == {"general": 1, "more": 2}
    assert result.manifest["run_again"] == "bordergate run FOLDER/manifest.json"
    succeed("verify", "first")
    succeed("run", "first/manifest.json", "--out", "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    (tmp_path / "third").mkdir()
    (tmp_path / "third/manifest.json").write_bytes((tmp_path / "first/manifest.json").read_bytes())
    assert "the trucks of the trace are missing" in refused("run", "third/manifest.json")
    rows = (tmp_path / "first/trace.csv").read_text(encoding="utf-8").replace("1500", "1400")
    (tmp_path / "third/trace.csv").write_text(rows, encoding="utf-8")
    assert "is not as it was written" in refused("run", "third/manifest.json")


@pytest.mark.slow
def test_workers_streams_and_the_command_line_take_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Path("trace.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["arrival", "service.booth"], ["2025-07-01 08:00", "12"], ["500", ""]])
    succeed("run", "minimal", "--trace", "trace.csv", "--days", "1", "--warmup-days", "0", "--replications", "3",
            "--keep-events", "none", "--workers", "2", "--out", "out")  # fmt: skip
    rows = {(row["metric"], row["stage"]): row["value"] for row in read_json(tmp_path / "out/metrics.json")["metrics"]}
    assert rows["arrivals_per_day", None] == 2
    assert rows["utilisation", "booth"] > 12 / (2 * 12 * 60)
    (tmp_path / "trace.csv").write_text("flow,arrival\nnobody,1\n", encoding="utf-8")
    assert "no such flow" in refused("run", "minimal", "--trace", "trace.csv")
    assert "--trace" in refused("run", "out/manifest.json", "--trace", "trace.csv")


@pytest.mark.slow
def test_a_result_under_own_rules_cannot_be_made_again_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bg.run("minimal", policy=more_lanes, out="ruled", days=1, warmup_days=0, replications=1)
    for command in (("run", "ruled/manifest.json"), ("verify", "ruled")):
        text = refused(*command)
        assert "the code of the policy is not in the result" in text
        assert "policy=more_lanes" in text
