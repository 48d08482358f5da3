"""What a folder of finished replications keeps, for how long, and what it never touches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from experiments.runs.settings import Setup
from experiments.runs.store import Store, ranges, setup_digest
from gates import Scenario, load_gate

KEPT_B = 1000
ONE, OTHER = "aa" + "1" * 62, "bb" + "2" * 62
NAMES = [f"{number:05d}-{number + 1:05d}.replications" for number in range(3)]


def kept(folder: Path, digest: str, name: str, age: int) -> Path:
    path = folder / digest[:2] / digest / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0" * KEPT_B)
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path


@pytest.mark.parametrize(
    ("numbers", "most", "expected"),
    [
        ([], 3, []),
        ([0, 1, 2, 3], 3, [(0, 3), (3, 4)]),
        ([0, 2, 3, 7], 5, [(0, 1), (2, 4), (7, 8)]),
    ],
)
def test_ranges(numbers, most, expected):
    assert ranges(numbers, most) == expected


def test_what_is_put_can_be_got_whatever_the_files(tmp_path):
    store = Store(tmp_path)
    content = {number: bytes([number]) * number for number in range(7)}
    store.put(ONE, 0, [content[0]])
    store.put(ONE, 1, [content[number] for number in (1, 2, 3)])
    store.put(ONE, 3, [content[number] for number in (3, 4)])
    store.put(OTHER, 5, [content[5]])
    assert store.numbers(ONE) == {0, 1, 2, 3, 4}
    assert dict(store.get(ONE, range(10), bytes)) == {number: content[number] for number in range(5)}
    assert [number for number, _ in store.get(ONE, [3, 6], bytes)] == [3]
    assert dict(store.get(OTHER, [4, 5], bytes)) == {5: content[5]}


def test_a_file_that_was_cut_off_counts_as_missing(tmp_path):
    store = Store(tmp_path)
    store.put(ONE, 0, [b"first", b"second"])
    (path,) = tmp_path.rglob("*.replications")
    sound = path.read_bytes()
    for length in (0, 3, 13, len(sound) - 1):
        path.write_bytes(sound[:length])
        assert dict(store.get(ONE, [1], bytes)) == {}, length
    path.write_bytes(sound)
    assert dict(store.get(ONE, [1], bytes)) == {1: b"second"}


def test_a_sound_file_is_read_though_a_damaged_one_comes_first(tmp_path):
    def unpack(content: bytes) -> bytes:
        if content == b"damaged":
            raise ValueError("damaged")
        return content

    store = Store(tmp_path)
    store.put(ONE, 0, [b"first", b"damaged", b"third"])
    assert dict(store.get(ONE, range(4), unpack)) == {0: b"first"}
    store.put(ONE, 1, [b"second", b"third"])
    assert dict(store.get(ONE, range(4), unpack)) == {0: b"first", 1: b"second", 2: b"third"}


def test_a_replication_whose_log_is_wanted_counts_only_with_it(tmp_path):
    store = Store(tmp_path)
    store.put(ONE, 0, [b"first", b"second", b"third"])
    events, trucks = store.log_files(ONE, 1)
    events.touch()
    assert store.numbers(ONE, logs=2) == {2}
    trucks.touch()
    assert store.numbers(ONE, logs=2) == {1, 2}


def test_the_name_of_a_replication_covers_all_that_it_depends_on():
    base = Setup(scenario=Scenario(gate=load_gate("minimal")))
    others: list[dict[str, Any]] = [
        {"seed": 2},
        {"engine": "reference"},
        {"streamed": True},
        {"scenario": base.scenario.model_copy(update={"demand": 1.1})},
    ]
    assert len({setup_digest(base.model_copy(update=change)) for change in ({}, *others)}) == 5
    first = base.scenario.model_copy(update={"start": base.scenario.first_measured})
    assert setup_digest(base) == setup_digest(base.model_copy(update={"scenario": first}))


def test_the_oldest_go_first_and_take_their_folders_with_them(tmp_path):
    old = [kept(tmp_path, ONE, name, age=100 - n) for n, name in enumerate(NAMES)]
    new = [kept(tmp_path, OTHER, name, age=10 - n) for n, name in enumerate(NAMES)]
    Store(tmp_path).trim(6 * KEPT_B)
    assert all(path.exists() for path in (*old, *new)), "there is room for all"
    Store(tmp_path).trim(4 * KEPT_B)
    assert [path.exists() for path in (*old, *new)] == [False, False, True, True, True, True]
    Store(tmp_path).trim(2.5 * KEPT_B)
    assert [path.exists() for path in (*old, *new)] == [False, False, False, False, True, True]
    assert not (tmp_path / "aa").exists()
    assert Store(tmp_path).numbers(OTHER) == {1, 2}


@pytest.mark.parametrize("name", [".00000-00001.replications.77-abcdef01.partial", ".00000.npz.77-0", "00000.npz"])
def test_what_nobody_reads_any_more_goes_even_if_there_is_room(tmp_path, name):
    useless = kept(tmp_path, ONE, name, age=1)
    useful = kept(tmp_path, ONE, NAMES[1], age=100)
    Store(tmp_path).trim(10 * KEPT_B)
    assert (useless.exists(), useful.exists()) == (False, True)


def test_a_file_of_somebody_else_is_never_removed(tmp_path):
    theirs = [
        kept(tmp_path, ONE, "thesis.npz", age=100),
        kept(tmp_path, "photos-of-2025", "00000.npz", age=100),
        kept(tmp_path, ONE, "notes/00000.npz", age=100),
    ]
    Store(tmp_path).trim(0)
    assert all(path.exists() for path in theirs)


def test_a_folder_that_is_not_there_needs_no_trimming(tmp_path):
    Store(tmp_path / "nowhere").trim(0)
    assert not (tmp_path / "nowhere").exists()
