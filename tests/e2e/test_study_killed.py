"""A study killed again and again ends like one that was left alone."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

STUDY = """
name: killed
question: Does it go on where it was?
gate: friendship-pass
readings: baseline
days: 4
warmup_days: 1
replications: 60
scenarios:
  - {name: bays, upgrades: [more-bays]}
  - {name: hours, upgrades: [longer-hours]}
"""
COUNT = 180


def command(folder: Path, out: str) -> list[str]:
    words = [sys.executable, "-m", "api.cli", "study", str(folder / "killed.yaml"), "--workers", "2"]
    return [*words, "--out", str(folder / out), "--store", str(folder / f"{out}-store")]


def kept(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what a store holds: replication -> (inode, time of change), which would differ if it were made again."""
    found: dict[str, tuple[int, int]] = {}
    for path in folder.rglob("[0-9]*.replications"):
        first, end = map(int, path.stem.split("-"))
        stat = path.stat()
        found |= {f"{path.parent.name} {n}": (stat.st_ino, stat.st_mtime_ns) for n in range(first, end)}
    return found


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("tables/*"))}


@pytest.mark.long
@pytest.mark.series(name="study kills")
def test_a_study_that_is_killed_goes_on(tmp_path, times):
    (tmp_path / "killed.yaml").write_text(STUDY, encoding="utf-8")
    subprocess.run(command(tmp_path, "undisturbed"), check=True, capture_output=True)
    generator = random.Random(9)
    store = tmp_path / "killed-store"
    seen: dict[str, tuple[int, int]] = {}
    for attempt in range(times):
        process = subprocess.Popen(command(tmp_path, "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wanted = len(seen) + generator.randint(1, 12)
        deadline = time.monotonic() + 120
        while len(kept(store)) < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert process.poll() is None, f"attempt {attempt} ended before it could be killed"
        process.kill()
        process.wait()
        now = kept(store)
        assert seen.items() <= now.items(), "what was finished was made again"
        assert not (tmp_path / "killed").exists(), "a result appears whole or not at all"
        seen = now
    assert times <= len(seen) < COUNT
    subprocess.run(command(tmp_path, "killed"), check=True, capture_output=True)
    assert seen.items() <= kept(store).items()
    assert len(kept(store)) == COUNT
    assert tables(tmp_path / "killed") == tables(tmp_path / "undisturbed")
    shutil.rmtree(store)
