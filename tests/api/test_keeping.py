"""What is too old, too much or unknown to the database, on a data folder made by hand: no server, no run."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.service import keeping
from api.service.data_folder import DataFolder, open_folder
from api.service.store import Store, rows
from tests.api.test_store import ROW

A_DAY_S = 86_400.0
RUN = dataclasses.replace(ROW, status="succeeded", done=1)


def name(number: int) -> str:
    return f"run_{number:016x}"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_folder(tmp_path / "data")


@pytest.fixture
def stored(folder: DataFolder) -> Iterator[Store]:
    found = Store(f"sqlite:///{folder.database}")
    yield found
    found.close()


def test_what_ended_too_long_ago_is_too_old(stored: Store) -> None:
    # Days since the end, and where there is no end since the submission; what has not ended is never too old.
    now = time.time()
    for number, (status, created, finished) in enumerate(
        [
            ("succeeded", 30, 10),
            ("failed", 30, 8),
            ("cancelled", 20, None),
            ("cancelled", 3, None),
            ("queued", 90, None),
        ]
    ):
        ended = None if finished is None else now - finished * A_DAY_S
        row = dataclasses.replace(RUN, id=name(number), status=status, created=now - created * A_DAY_S, finished=ended)
        stored.at_once(rows.add(row))
    assert keeping.too_old(stored, 9) == [name(0), name(2)]
    assert keeping.too_old(stored, 7.99) == [name(0), name(1), name(2)]
    assert keeping.too_old(stored, 21) == []


def test_the_oldest_results_go_until_the_rest_is_small_enough(folder: DataFolder, stored: Store) -> None:
    # Three results of 1 MB, in files and below folders, one of them partly in what was drawn. The second ended first.
    for number, finished in ((1, 20.0), (2, 10.0), (3, 30.0)):
        stored.at_once(rows.add(dataclasses.replace(RUN, id=name(number), finished=finished)))
        deep = folder.result(name(number)) / "plots"
        deep.mkdir(parents=True)
        (deep / "x").write_bytes(b"0" * 400_000)
        (deep.parent / "y").write_bytes(b"0" * (600_000 if number != 3 else 100_000))
    folder.drawn(name(3)).mkdir()
    (folder.drawn(name(3)) / "z").write_bytes(b"0" * 500_000)
    stored.at_once(rows.add(dataclasses.replace(RUN, id=name(4), status="running")))
    for most_mb, gone in ((3.0, []), (2.99, [2]), (2.0, [2]), (1.99, [2, 1]), (0, [2, 1, 3])):
        assert keeping.beyond(folder, stored, most_mb) == [name(number) for number in gone], most_mb


def test_unknown_results_are_added_in_the_order_in_which_they_were_written(folder: DataFolder, stored: Store) -> None:
    stored.at_once(rows.add(RUN))
    manifest = {"scenario": {"gate": {"name": "minimal"}}, "replications": 7}
    for number, written in ((1, 10), (2, 30), (3, 20)):
        place = folder.result(name(number))
        place.mkdir()
        (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        os.utime(place / "manifest.json", (written, written))
        os.utime(place, (written, written))
    (folder.root / "runs" / "notes").mkdir()  # not a run
    folder.result(name(5)).mkdir()  # nothing was written
    assert keeping.reindex(folder, stored) == [name(3), name(2)]
    found = stored.at_once(rows.one(name(2)))
    assert found is not None
    assert (found.kind, found.status, found.gate, found.total, found.done) == ("run", "succeeded", "minimal", 7, 7)
    assert (found.created, found.started, found.finished) == (30.0, 30.0, 30.0)
    assert keeping.reindex(folder, stored) == []
