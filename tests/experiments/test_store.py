"""What a folder of finished replications keeps, and for how long."""

from __future__ import annotations

import os
from pathlib import Path

from experiments.runs.store import Store

KEPT_B = 1000


def kept(folder: Path, digest: str, number: int, age: int, name: str = "") -> Path:
    path = folder / digest[:2] / digest / (name or f"{number:05d}.npz")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0" * KEPT_B)
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path


def test_the_oldest_go_first_and_take_their_folders_with_them(tmp_path):
    old = [kept(tmp_path, "aa1", number, age=100 - number) for number in range(3)]
    new = [kept(tmp_path, "bb2", number, age=10 - number) for number in range(3)]
    Store(tmp_path).trim(6 * KEPT_B)
    assert all(path.exists() for path in (*old, *new)), "there is room for all"
    Store(tmp_path).trim(4 * KEPT_B)
    assert [path.exists() for path in (*old, *new)] == [False, False, True, True, True, True]
    Store(tmp_path).trim(2.5 * KEPT_B)
    assert [path.exists() for path in (*old, *new)] == [False, False, False, False, True, True]
    assert not (tmp_path / "aa").exists()
    assert Store(tmp_path).missing("bb2", range(3)) == [0]


def test_what_was_left_half_written_goes_even_if_there_is_room(tmp_path):
    partial = kept(tmp_path, "aa1", 0, age=1, name=".00000.npz.77-0")
    whole = kept(tmp_path, "aa1", 1, age=100)
    Store(tmp_path).trim(10 * KEPT_B)
    assert (partial.exists(), whole.exists()) == (False, True)


def test_a_folder_that_is_not_there_needs_no_trimming(tmp_path):
    Store(tmp_path / "nowhere").trim(0)
    assert not (tmp_path / "nowhere").exists()
