"""Runs under own rules: what results and manifests say of them, and when a policy counts as another one."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bordergate as bg
from experiments.inputs.policy import policy_code
from experiments.runs.run import run_scenario
from experiments.runs.settings import RunSettings
from gates import ConfigError, Scenario, load_gate

SHORT: dict[str, Any] = {"days": 2, "warmup_days": 0, "replications": 2}
LANES = 3


def more_lanes(live: bg.Live) -> Iterator[Any]:
    """Open a lane now and then."""
    while True:
        yield live.wait(live.random.uniform(60, 120))
        live.set_lanes("booth", LANES if live.queue("booth") > 2 else None)


def test_a_result_under_own_rules(tmp_path: Path) -> None:
    gate = load_gate("minimal").with_({"flows.general.per_day": 300})
    first, second = (bg.run(gate, policy=more_lanes, out=tmp_path / name, **SHORT) for name in ("a", "b"))
    files = {path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()}
    assert {Path("policy.txt"), Path("decisions.parquet")} <= files
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)
    code = policy_code(more_lanes)
    assert first.manifest["policy"] == {"name": "more_lanes", "sha256": code.sha256}
    assert first.manifest["engine"] == "reference"
    assert "it is not kept here" in second.manifest["run_again"]
    assert code.sha256[:12] in second.manifest["run_again"]
    assert "set_lanes" in (tmp_path / "a/policy.txt").read_text(encoding="utf-8")
    assert "Under own rules: more_lanes." in (tmp_path / "a/report.html").read_text(encoding="utf-8")
    rows = first.decisions
    assert set(rows["place"]) == {"booth/all"}
    assert rows["number"].tolist()[:2] in ([3, 2], [2, 3])
    assert rows["tick"].is_monotonic_increasing


def test_what_was_decided_of_every_kind() -> None:
    def rule(live: bg.Live) -> Iterator[Any]:
        live.hold("declaration-vn")
        live.set_units("customs-officers-vn", 1)
        yield live.wait(5)
        live.set_units("customs-officers-vn", None)
        live.release("declaration-vn")

    rows = bg.run("friendship-pass", policy=rule, days=1, warmup_days=0, replications=1).decisions
    assert list(zip(rows["tick"], rows["what"], rows["place"], strict=True)) == [
        (0, "units", "customs-officers-vn"),
        (0, "may start", "declaration-vn"),
        (300_000, "units", "customs-officers-vn"),
        (300_000, "may start", "declaration-vn"),
    ]
    assert rows["number"].fillna(-1).tolist() == [1, 0, -1, -1]


def test_a_plain_result_has_no_decisions() -> None:
    with pytest.raises(ConfigError, match="no decisions of own rules"):
        _ = bg.run("minimal", **SHORT).decisions


def test_a_policy_that_does_nothing_gives_the_plain_result() -> None:
    def nothing(live: bg.Live) -> None:
        pass

    plain = bg.run("minimal", engine="reference", **SHORT)
    ruled = bg.run("minimal", policy=nothing, **SHORT)
    assert ruled.metrics.equals(plain.metrics)
    assert ruled.events.equals(plain.events)
    assert ruled.manifest["hashes"]["result"] != plain.manifest["hashes"]["result"]
    assert len(ruled.decisions) == 0


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"engine": "compiled"}, "cannot run under a policy"),
        ({"workers": 2}, "a policy runs in this process"),
        ({"policy": 5}, "cannot be called"),
    ],
)
def test_what_a_policy_cannot_go_with(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        bg.run("minimal", **{"policy": more_lanes, **SHORT, **options})


def test_a_run_goes_without_a_folder() -> None:
    settings = RunSettings(replications=1, engine="reference")
    result = run_scenario(Scenario(gate=load_gate("minimal"), days=1, warmup_days=0), settings, policy=more_lanes)
    assert result.policy == policy_code(more_lanes)


MODULE = """
LIMIT = 20
TABLE = {"a": (1, 2)}
OTHER = object()

def helper(live):
    return live.queue("booth") > LIMIT

def rule(live, lanes=3, *, more=None):
    if helper(live):
        live.set_lanes("booth", lanes)
    return [each for each in TABLE for _ in [OTHER]]

class Rule:
    def __init__(self, lanes):
        self.lanes = lanes
    def __call__(self, live):
        live.set_lanes("booth", self.lanes + LIMIT)
    def own(self, live):
        rule(live)

def made(threshold):
    def inner(live):
        return threshold, inner
    return inner
"""


def module(folder: Path, change: tuple[str, str] = ("", "")) -> dict[str, Any]:
    """Return what a module holds whose source is in a file, with a change."""
    text = textwrap.dedent(MODULE).replace(*change) if change[0] else MODULE
    path = folder / f"rules{len(list(folder.iterdir()))}.py"
    path.write_text(text, encoding="utf-8")
    names: dict[str, Any] = {"__name__": "rules"}
    exec(compile(text, str(path), "exec"), names)
    return names


def digest(policy: object) -> str:
    return policy_code(policy).sha256


def test_the_same_code_is_the_same_policy(tmp_path: Path) -> None:
    one, other = module(tmp_path), module(tmp_path)
    assert digest(one["rule"]) == digest(other["rule"])
    assert digest(one["Rule"](2)) == digest(other["Rule"](2))
    assert digest(one["made"](5)) == digest(other["made"](5))
    assert digest(one["Rule"](2).own) == digest(other["Rule"](2).own)


@pytest.mark.parametrize(
    ("change", "policy"),
    [
        (('"booth", lanes)', '"booth", lanes + 0)'), "rule"),
        (("LIMIT = 20", "LIMIT = 21"), "rule"),
        (("> LIMIT", ">= LIMIT"), "rule"),
        (("(1, 2)", "(1, 3)"), "rule"),
        (("lanes=3", "lanes=4"), "rule"),
        (("more=None", "more=1"), "rule"),
        (("+ LIMIT", "- LIMIT"), "Rule"),
        (("LIMIT = 20", "LIMIT = 21"), "Rule"),
    ],
)
def test_other_code_is_another_policy(tmp_path: Path, change: tuple[str, str], policy: str) -> None:
    one, other = (names[policy] for names in (module(tmp_path), module(tmp_path, change)))
    if policy == "Rule":
        one, other = one(2), other(2)
    assert digest(one) != digest(other)


def test_values_that_a_policy_holds_count(tmp_path: Path) -> None:
    names = module(tmp_path)
    parts = [functools.partial(names["rule"], lanes=lanes) for lanes in (3, 4)]
    pairs = [parts, [names["Rule"](lanes) for lanes in (3, 4)], [names["made"](limit) for limit in (3, 4)]]
    pairs.append([names["Rule"](lanes).own for lanes in (3, 4)])
    assert [len({digest(each) for each in pair}) for pair in pairs] == [2, 2, 2, 2]


def test_code_without_a_source() -> None:
    def compiled(text: str) -> Any:
        names: dict[str, Any] = {}
        exec(text, names)
        return names["rule"]

    text = "def rule(live):\n    return [live.queue(name) > 20 for name in ('booth',)]"
    assert digest(compiled(text)) == digest(compiled(text))
    assert digest(compiled(text)) != digest(compiled(text.replace("20", "21")))
    assert digest(compiled(text)) != digest(compiled(text.replace("booth", "bay")))
    kind = "class rule:\n    def __call__(self, live):\n        return 1"
    assert digest(compiled(kind)()) != digest(compiled(kind.replace("1", "2"))())
