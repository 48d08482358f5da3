"""A result's identity covers its code, its data, versions, and what libraries say about holidays and clocks."""

from __future__ import annotations

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

from experiments.runs import provenance
from experiments.runs.request import resolve
from experiments.runs.settings import Setup
from experiments.runs.store import setup_digest
from gates import load_gate
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
