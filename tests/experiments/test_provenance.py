"""A result's identity covers its code, its data, versions, and what libraries say about holidays and clocks."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import shutil
import subprocess
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import holidays
import pytest

from experiments.inputs.policy import PolicyCode
from experiments.inputs.trace import FlowTrace, Trace
from experiments.runs import provenance
from experiments.runs.request import resolve
from experiments.runs.settings import Setup
from experiments.runs.store import setup_digest
from gates import Fact, load_gate
from gates.schema.holidays import public_holidays

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gates", "sim", "experiments")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages, with a subpackage of a subpackage in two of them."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for package in ("gates", "sim"):
        (tmp_path / package / "outer/inner").mkdir(parents=True)
        (tmp_path / package / "outer/inner/part.py").write_text("VALUE = 1\n")
    return tmp_path


CODE = "from experiments.runs.provenance import code_digest; print(code_digest())"


def digest(folder: Path, program: str = CODE) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_code_digest_covers_subpackages(copy: Path) -> None:
    before = digest(copy)
    seen = {before}
    for package in ("gates", "sim"):
        part = copy / package / "outer/inner/part.py"
        part.write_text("VALUE = 2\n")  # changed
        seen.add(digest(copy))
        part.rename(copy / package / "outer/part.py")  # moved
        seen.add(digest(copy))
    assert len(seen) == 5
    for package in ("gates", "sim"):
        (copy / package / "outer/part.py").unlink()
        (copy / package / "outer/inner/part.py").write_text("VALUE = 1\n")
    assert digest(copy) == before


def test_a_digest_of_files_does_not_depend_on_the_order_in_which_a_disk_lists_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, listed = provenance._files_digest(("gates",), "*.py"), Path.rglob
    monkeypatch.setattr(Path, "rglob", lambda *given: reversed(list(listed(*given))))
    assert len(list((ROOT / "gates").rglob("*.py"))) > 1
    assert provenance._files_digest(("gates",), "*.py") == before


def test_code_digest_is_that_of_sources_alone(copy: Path) -> None:
    """Neither what Python compiles nor what is not code moves it; nor does code that only shows results."""
    before = digest(copy)
    assert list((copy / "gates").rglob("__pycache__")) or sys.dont_write_bytecode
    (copy / "sim/outer/notes.txt").write_text("not code")
    (copy / "experiments/theme.py").write_text("")
    assert digest(copy) == before


CACHES: tuple[Any, ...] = (
    *(provenance.versions, provenance.data_digest, provenance._holidays, provenance._offsets),
    *(public_holidays, zoneinfo.ZoneInfo),
)


@pytest.fixture
def afresh() -> Iterator[Callable[[], None]]:
    """Forgets what was looked up, also at the end."""

    def forget() -> None:
        for cache in CACHES:
            (cache.clear_cache if cache is zoneinfo.ZoneInfo else cache.cache_clear)()

    yield forget
    zoneinfo.reset_tzpath()
    forget()


def identities(start: str = "2026-03-27", **changes: Any) -> tuple[str, str]:
    """The digests of a run of four days around a change of clocks in Europe, and of its replications."""
    gate = load_gate("minimal").model_dump(mode="json", by_alias=True)
    gate["sides"] = {"vn": "Europe/Warsaw", "cn": "Europe/Minsk"}
    gate["stages"]["booth"]["hours"] = {"mon-sun": "07:00-19:00", "holidays PL": "closed"}
    run = resolve({"gate": gate, "days": 4, "warmup_days": 0, "start": start, **changes})
    return run.digest, setup_digest(Setup.of_run(run.scenario, run.settings))


def test_holidays_of_another_version_give_another_identity(
    afresh: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, other_days = identities(), identities("2026-06-10")
    known = holidays.country_holidays

    def newer(*args: Any, **options: Any) -> Any:
        return {**known(*args, **options), dt.date(2026, 3, 30): "New Day"}

    monkeypatch.setattr(holidays, "country_holidays", newer)
    afresh()
    assert all(new != old for new, old in zip(identities(), before, strict=True))
    assert identities("2026-06-10") == other_days  # a holiday outside the run moves nothing


def test_clocks_of_another_version_give_another_identity(afresh: Callable[[], None], tmp_path: Path) -> None:
    before = identities()
    (tmp_path / "Europe").mkdir()
    for zone in ("Warsaw", "Minsk"):
        (tmp_path / "Europe" / zone).write_bytes(zone_file("Europe/Minsk"))
    zoneinfo.reset_tzpath([tmp_path])
    afresh()
    assert all(new != old for new, old in zip(identities(), before, strict=True))  # no change of clocks any more


def zone_file(zone: str) -> bytes:
    from importlib import resources

    return resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()


def test_what_is_looked_up_of_the_clocks() -> None:
    # Warsaw is at +1 h, and at +2 h from 29 March 2026, 01:00 UTC: 3 d 1 h after the 26th; Minsk is always at +3 h.
    day, hour = 86400, 3600
    first, last = dt.date(2026, 3, 26), dt.date(2026, 4, 2)
    assert provenance._offsets("Europe/Warsaw", first, last) == [(0, hour), (3 * day + hour, 2 * hour)]
    assert provenance._offsets("Europe/Minsk", first, last) == [(0, 3 * hour)]


def test_a_change_of_the_clock_within_an_hour_is_found_to_the_second() -> None:
    # Lord Howe Island goes from +10:30 to +11:00 at 02:00 on 4 October 2026, which is 15:30 UTC on the 3rd.
    day, hour = 86400, 3600
    found = provenance._offsets("Australia/Lord_Howe", dt.date(2026, 10, 2), dt.date(2026, 10, 6))
    assert found == [(0, 10 * hour + 1800), (day + 15 * hour + 1800, 11 * hour)]
    # Liberia went from -0:44:30 to 0:00 at midnight of 7 January 1972, which is 00:44:30 UTC: in no half of an hour.
    found = provenance._offsets("Africa/Monrovia", dt.date(1972, 1, 5), dt.date(1972, 1, 9))
    assert found == [(0, -2670), (2 * day + 2670, 0)]


@pytest.mark.parametrize(
    ("start", "holidays_found"),
    [
        # Four measured days and two on each side. In Poland Easter is on 5 and 6 April 2026, nothing before or after.
        ("2026-03-29", set()),  # to 4 April
        ("2026-03-30", {"2026-04-05"}),  # to 5 April
        ("2026-03-31", {"2026-04-05", "2026-04-06"}),
        ("2026-04-08", {"2026-04-06"}),  # from 6 April
        ("2026-04-09", set()),  # from 7 April
        ("2025-12-27", {"2025-12-25", "2025-12-26", "2026-01-01"}),  # from Christmas to 2 January
    ],
)
def test_days_around_the_run_are_looked_up(start: str, holidays_found: set[str]) -> None:
    gate = load_gate("minimal").model_dump(mode="json", by_alias=True)
    gate["sides"] = {"vn": "Europe/Warsaw", "cn": "Europe/Minsk"}
    gate["stages"]["booth"]["hours"] = {"mon-sun": "07:00-19:00", "holidays PL": "closed"}
    run = resolve({"gate": gate, "days": 3, "warmup_days": 1, "start": shifted(start, 1)})
    found = provenance.looked_up(run.scenario, provenance.scenario_document(run.scenario))
    assert list(found["holidays"]) == ["PL"]
    assert set(found["holidays"]["PL"]) == holidays_found
    first = dt.date.fromisoformat(shifted(start, -2))
    change = (dt.date(2026, 3, 29) - first).days * 86400 + 3600  # at 01:00 UTC on 29 March
    warsaw = [(0, 7200)] if change < 0 else [(0, 3600), (change, 7200)] if change < 8 * 86400 else [(0, 3600)]
    assert found["offsets"] == {"Europe/Minsk": [(0, 10800)], "Europe/Warsaw": warsaw}


def shifted(day: str, days: int) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=days)).isoformat()


@pytest.mark.parametrize("name", ["bordergate", "numba", "numpy", "scipy", "simpy"])
def test_another_version_gives_another_identity(
    name: str, afresh: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, known = identities(), metadata.version
    monkeypatch.setattr(metadata, "version", lambda each: "99.0" if each == name else known(each))
    afresh()
    assert all(new != old for new, old in zip(identities(), before, strict=True))


@pytest.mark.parametrize(
    ("change", "moves_replications"),
    [
        ({"demand": 1.0000001}, True),
        ({"seed": 2}, True),
        ({"engine": "reference"}, True),
        ({"replications": 3}, False),
    ],
)
def test_what_a_run_depends_on_is_in_its_identity(change: dict[str, Any], moves_replications: bool) -> None:
    (before, replications), (after, others) = identities(), identities(**change)
    assert before != after
    assert (replications != others) is moves_replications


def test_the_level_and_the_upgrade_are_in_the_identity() -> None:
    asked = {"gate": "friendship-pass", "days": 2}
    levels = [{"upgrades": ["more-bays"], "level": level} for level in ("low", "base", "high")]
    assert len({resolve({**asked, **change}).digest for change in ({}, *levels)}) == 4


def test_facts_of_the_library_are_in_the_identity(copy: Path) -> None:
    program = "from experiments.runs.request import resolve; print(resolve({'gate': 'minimal'}).digest)"
    before = digest(copy, program)
    facts = copy / "gates/library/facts.csv"
    facts.write_text(facts.read_text(encoding="utf-8").replace("2025", "2024", 1), encoding="utf-8")
    assert digest(copy, program) != before


OF_LIBRARY: dict[str, Any] = {"gate": "friendship-pass", "days": 2, "warmup_days": 1, "start": "2025-07-03"}
COMMAND = "bordergate run friendship-pass{} --days 2 --warmup-days 1 --start 2025-07-03 --replications {} --seed {}{}"
BY_MANIFEST = "bordergate run FOLDER/manifest.json"


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ({}, ("", 20, 1, "")),
        ({"replications": 3, "seed": 5, "demand": 1.1}, ("", 3, 5, " --demand 1.1")),
        ({"engine": "reference"}, ("", 20, 1, " --engine reference")),
        ({"keep_events": "none"}, ("", 20, 1, " --keep-events none")),
        ({"keep_events": 4}, ("", 20, 1, " --keep-events 4")),
        (
            {"upgrades": ["more-bays", "fast-lab"], "level": "low"},
            (" --upgrade more-bays --upgrade fast-lab --level low", 20, 1, ""),
        ),
        ({"reading": "daily-list"}, (" --reading daily-list", 20, 1, "")),
    ],
)
def test_the_command_of_a_gate_of_the_library(asked: dict[str, Any], parts: tuple[Any, ...]) -> None:
    run = resolve({**OF_LIBRARY, **asked})
    assert provenance.run_again(run.scenario, run.settings, run.changes) == COMMAND.format(*parts)


def test_a_gate_that_the_library_does_not_give_is_in_the_manifest() -> None:
    run = resolve({**OF_LIBRARY, "upgrades": ["more-bays"]})
    plain = resolve(OF_LIBRARY)
    other = plain.scenario.model_copy(update={"gate": plain.scenario.gate.with_({"stages.bay-cn.lanes": 14})})
    hours = [resolve({**OF_LIBRARY, "upgrades": [name]}).changes for name in ("longer-hours", "round-the-clock")]
    mixed = (*run.changes, dataclasses.replace(run.changes[0], level="high"))
    own = tuple(dataclasses.replace(change, upgrade="mine") for change in run.changes)
    for scenario, changes in (
        (other, ()),  # of the library by its name alone
        (plain.scenario, run.changes),  # changes that it does not have
        (run.scenario, ()),  # or that are not told
        (run.scenario, mixed),  # two levels
        (run.scenario, own),  # an upgrade that the library has not
        (run.scenario, (*hours[0], *hours[1])),  # two that exclude each other
    ):
        assert provenance.run_again(scenario, run.settings, changes) == BY_MANIFEST


def test_what_is_beside_the_gate_is_in_command_manifest_and_identity() -> None:
    run, zero = resolve(OF_LIBRARY), dt.datetime(2025, 7, 2, tzinfo=dt.UTC)
    code = PolicyCode(name="Fruit", sha256="0123456789abcdef" * 4, source="def fruit(live): ...")
    trace = Trace(flows={"fruit-north": FlowTrace(arrival=(0, 60_000), service={}, choice={}, visits={})})
    by_policy = (
        "bg.run(..., policy=Fruit) in Python, with the policy whose code has the SHA-256 0123456789ab...; it is not "
        "kept here"
    )
    digests = {run.digest}
    for given, command in (((trace, None), BY_MANIFEST), ((None, code), by_policy), ((trace, code), by_policy)):
        assert provenance.run_again(run.scenario, run.settings, (), *given) == command
        found = provenance.manifest(run.scenario, run.settings, (), zero, 1, *given)
        assert found["run_again"] == command
        assert found.get("policy") == (given[1] and {"name": "Fruit", "sha256": "0123456789abcdef" * 4})
        assert found.get("trace", {}).get("trucks") == (given[0] and {"fruit-north": 2})
        digests.add(found["hashes"]["result"])
    assert len(digests) == 4
    later = FlowTrace(arrival=(0, 60_001), service={}, choice={}, visits={})
    assert provenance.trace_digest(trace) != provenance.trace_digest(Trace(flows={"fruit-north": later}))


def test_a_confirmed_run_says_how_to_confirm_it_again() -> None:
    found = [{"direction": "northbound"}]
    for again, shown in (("bordergate run x", "bordergate run x --confirm"), (BY_MANIFEST, BY_MANIFEST)):
        assert provenance.with_confirmed({"run_again": again, "kind": "run"}, found) == {
            "run_again": shown,
            "kind": "run",
            "confirmed": found,
        }


def test_what_a_manifest_holds() -> None:
    run = resolve({"gate": "minimal", "days": 2, "warmup_days": 1, "demand": 1.2})
    zero = dt.datetime(2025, 6, 30, tzinfo=dt.UTC)
    found = provenance.manifest(run.scenario, run.settings, run.changes, zero, 7)
    assert (found["schema"], found["kind"], found["tick_zero"]) == (7, "run", "2025-06-30T00:00:00+00:00")
    assert found["scenario"]["start"] == "2025-07-01", "the day is resolved"
    assert found["scenario"]["demand"] == 1.2
    assert (found["replications"], found["seed"], found["engine"], found["keep_events"]) == (20, 1, "compiled", 1)
    assert found["hashes"] == {
        "scenario": provenance.digest(found["scenario"]),
        "code": provenance.code_digest(),
        "result": run.digest,
    }
    assert set(found["versions"]) == {"bordergate", "python", *provenance.LIBRARIES}
    assert found["looked_up"]["holidays"] == {}
    assert list(found["looked_up"]["offsets"]) == ["Asia/Ho_Chi_Minh", "Asia/Shanghai"]
    assert len(found["assumptions"]) == 13
    assert all(set(row) == {"path", "value", "note"} and row["path"] and row["value"] for row in found["assumptions"])
    assert (found["sources"], found["unsourced"], found["changes"]) == ([], [], [])


def test_sources_come_with_their_facts() -> None:
    run = resolve(OF_LIBRARY)
    found = provenance.manifest(run.scenario, run.settings, (), dt.datetime(2025, 7, 1, tzinfo=dt.UTC), 1)
    cited = {row["path"]: row for row in found["sources"]}
    assert cited
    for row in cited.values():
        assert [fact["id"] for fact in row["facts"]] == row["ids"]
        assert all(set(fact) == {field.name for field in dataclasses.fields(Fact)} for fact in row["facts"])
    assert "assumption" not in {id for row in cited.values() for id in row["ids"]}


def test_each_number_is_an_assumption_or_has_a_source_or_none() -> None:
    """Of the 13 numbers of the small gate one is counted now, and the share of a path names nothing."""
    gate = load_gate("minimal").model_dump(mode="json", by_alias=True)
    gate["stages"]["booth"]["sources"] = {"lanes": "F005: counted"}
    del gate["sources"]["paths"]
    run = resolve({"gate": gate, "days": 2})
    found = provenance.manifest(run.scenario, run.settings, (), dt.datetime(2025, 7, 1, tzinfo=dt.UTC), 1)
    (counted,) = found["sources"]
    assert [counted[name] for name in ("path", "value", "ids", "note")] == [
        "stages.booth.lanes",
        "2",
        ["F005"],
        "counted",
    ]
    assert [row["path"] for row in found["unsourced"]] == ["paths.northbound[1].share"]
    assumed = [row["path"] for row in found["assumptions"]]
    assert len(assumed) == 11
    assert not {"stages.booth.lanes", "paths.northbound[1].share"} & set(assumed)


def test_a_digest_does_not_depend_on_the_order_of_keys_and_keeps_letters() -> None:
    assert provenance.canonical_json({"b": [1, None], "a": "Tết"}) == '{"a":"Tết","b":[1,null]}'.encode()
    assert provenance.digest({"b": 1, "a": 2}) == provenance.digest({"a": 2, "b": 1})
    assert provenance.digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
