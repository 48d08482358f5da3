"""The store: what is committed together, and what one that fails does to the others."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.service.security import keys
from api.service.security.keys import AccessKey
from api.service.store import DELETED, Row, Statement, Store, StoreUnavailable, idempotency, rows, tables
from api.service.store.database import _as_unavailable
from api.service.store.idempotency import Remembered
from api.service.store.rows import Filter
from gates import ConfigError, Finding

ROW = Row(
    id="run_0000000000000001",
    kind="run",
    status="queued",
    digest="d",
    gate="minimal",
    owner="",
    request="{}",
    predicted="{}",
    done=0,
    total=1,
    created=1.0,
)


@pytest.fixture
def stored(tmp_path):
    found = Store(f"sqlite:///{tmp_path / 'db'}")
    yield found
    found.close()


def row(number: int) -> Row:
    return dataclasses.replace(ROW, id=f"run_{number:016x}")


def test_rows_come_back_as_they_were(stored):
    assert ROW.seq == 0, "it has no number until it is stored"
    assert stored.at_once(rows.add(ROW)).seq == 1
    assert stored.at_once(rows.one(ROW.id)) == dataclasses.replace(ROW, seq=1)
    assert stored.at_once(rows.one("run_x")) is None


def test_what_is_committed_is_on_the_disk(stored):
    """Write-ahead log, synchronised at each commit: an acknowledged run outlives a power cut."""
    journal = stored.at_once(lambda connection: connection.scalar(sa.text("PRAGMA journal_mode")))
    synchronous = stored.at_once(lambda connection: connection.scalar(sa.text("PRAGMA synchronous")))
    assert (journal, synchronous) == ("wal", 2)


def listed(stored: Store, wanted: Filter, limit: int = 10, before: int | None = None) -> list[int]:
    """Return the numbers of the runs of a page."""
    return [one.seq for one in stored.at_once(rows.page(wanted, limit, before))]


def test_a_page_holds_what_is_wanted_the_newest_first(stored):
    changes: list[dict[str, Any]] = [
        {"owner": "a"},
        {"owner": "b", "project": "p"},
        {"owner": "b", "status": "failed"},
        {"owner": "a", "gate": "other"},
        {"owner": "a", "kind": "study"},
        {"owner": "b", "project": "q"},
    ]
    for number, change in enumerate(changes, start=1):
        stored.at_once(rows.add(dataclasses.replace(row(number), **change)))
    stored.at_once(rows.add(row(7)))
    stored.at_once(rows.mark_deleted(row(7).id))
    assert listed(stored, Filter("run")) == [6, 4, 3, 2, 1]
    assert listed(stored, Filter("run"), limit=2) == [6, 4]
    assert listed(stored, Filter("run"), limit=2, before=4) == [3, 2]
    assert listed(stored, Filter("study")) == [5]
    assert listed(stored, Filter("run", statuses=("failed",))) == [3]
    assert listed(stored, Filter("run", gate="other")) == [4]
    assert listed(stored, Filter("run", visible_to=("a", ()))) == [4, 1]
    assert listed(stored, Filter("run", visible_to=("a", ("p",)))) == [4, 2, 1]
    assert listed(stored, Filter("run", statuses=("queued",), gate="minimal", visible_to=("b", ("q",)))) == [6, 2]
    assert stored.at_once(rows.counts()) == {"queued": 5, "failed": 1, DELETED: 1}
    assert [one.seq for one in stored.at_once(rows.with_status("failed", "queued"))] == [1, 2, 3, 4, 5, 6]


def test_a_page_is_filtered_by_words_and_dates_in_both_orders(stored):
    changes: list[dict[str, Any]] = [
        {"name": "July, more bays", "created": 10.0},
        {"name": "july 100%", "tags": "|board|", "created": 20.0},
        {"name": "August", "tags": "|board|draft|", "owner": "b", "created": 30.0},
    ]
    for number, change in enumerate(changes, start=1):
        stored.at_once(rows.add(dataclasses.replace(row(number), **change)))
    for wanted, found in (
        (Filter("run", name="JULY"), [2, 1]),
        (Filter("run", name="100%"), [2]),
        (Filter("run", name="0%_"), []),  # no signs of a search, but letters
        (Filter("run", tags=("|board|",)), [3, 2]),
        (Filter("run", tags=("|board|", "|draft|")), [3]),
        (Filter("run", owner="b"), [3]),
        (Filter("run", since=20.0), [3, 2]),
        (Filter("run", until=20.0), [1]),
        (Filter("run", since=10.0, until=30.0), [2, 1]),
    ):
        assert listed(stored, wanted) == found, wanted
        assert stored.at_once(rows.count(wanted)) == len(found)
    oldest = stored.at_once(rows.page(Filter("run"), 2, 1, oldest_first=True))
    assert [one.seq for one in oldest] == [2, 3]


def test_words_are_written_on_one_run_finished_or_not(stored):
    for number in (1, 2):
        stored.at_once(rows.add(dataclasses.replace(row(number), status="succeeded", version=3)))
    stored.at_once(rows.relabel(row(1).id, {"name": "July", "note": "for the board"}))
    found = [stored.at_once(rows.one(row(number).id)) for number in (1, 2)]
    assert [(one.name, one.note, one.version, one.status) for one in found] == [
        ("July", "for the board", 4, "succeeded"),
        ("", "", 3, "succeeded"),
    ]


def test_a_change_is_of_one_run_and_versions_are_skipped_by_those_that_go_on(stored):
    for number in (1, 2, 3):
        stored.at_once(rows.add(row(number)))
    stored.at_once(rows.change(row(1).id, {"status": "running", "done": 1, "started": 5.0}))
    stored.at_once(rows.change(row(3).id, {"status": "succeeded", "version": 4}))
    stored.at_once(rows.skip_versions(1000))
    found = [stored.at_once(rows.one(row(number).id)) for number in (1, 2, 3)]
    assert [(one.status, one.done, one.started, one.version) for one in found] == [
        ("running", 1, 5.0, 1001),
        ("queued", 0, None, 1001),
        ("succeeded", 0, None, 4),
    ]
    stored.at_once(rows.remove(row(2).id))
    assert stored.at_once(rows.one(row(2).id)) is None
    assert stored.at_once(rows.counts()) == {"running": 1, "succeeded": 1}


def test_of_identical_runs_that_succeeded_the_first_is_given(stored):
    for number, status in ((1, "failed"), (2, "succeeded"), (3, "succeeded")):
        stored.at_once(rows.add(dataclasses.replace(row(number), status=status)))
    assert stored.at_once(rows.same(ROW)).id == row(2).id
    again = stored.at_once(rows.add(row(4), ("key", "print"), reuse=True))
    assert again.id == row(2).id
    assert stored.at_once(idempotency.remembered("", "key")) == Remembered("print", row(2).id)
    assert stored.at_once(rows.add(row(5))).seq == 4, "without leave none is reused"


def test_what_nobody_waits_for_is_done_before_the_store_closes(tmp_path: Path):
    stored = Store(f"sqlite:///{tmp_path / 'db'}")
    stored.own()  # an embedded database is guarded by its folder
    for number in range(1, 20):
        stored.soon(rows.add(row(number)))
    stored.close()
    stored = Store(f"sqlite:///{tmp_path / 'db'}")
    assert stored.at_once(rows.counts()) == {"queued": 19}
    stored.close()


def test_an_end_is_never_overwritten(stored):
    stored.at_once(rows.add(ROW))
    stored.at_once(rows.change(ROW.id, {"status": "cancelled"}))
    stored.at_once(rows.change(ROW.id, {"status": "running"}))
    assert stored.at_once(rows.counts()) == {"cancelled": 1}


def test_one_that_fails_does_not_fail_the_others(stored):
    async def together() -> list[object]:
        jobs = [rows.add(row(number)) for number in (1, 2, 2, 3)]
        return list(await asyncio.gather(*map(stored.asynchronously, jobs), return_exceptions=True))

    found = asyncio.run(together())
    assert [isinstance(one, sa.exc.IntegrityError) for one in found] == [False, False, True, False]
    assert stored.at_once(rows.counts()) == {"queued": 3}


def test_who_asked_may_go_away(stored):
    async def impatient() -> None:
        tasks = [asyncio.create_task(stored.asynchronously(rows.add(row(number)))) for number in range(50)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    for _ in range(20):
        asyncio.run(impatient())
    stored.at_once(rows.add(row(99)))
    assert stored.at_once(rows.one(row(99).id)) is not None, "the thread still works"


def test_a_database_that_cannot_be_written(stored, tmp_path):
    stored.at_once(rows.add(ROW))

    def full(connection: sa.Connection) -> None:
        connection.execute(sa.text("PRAGMA max_page_count = 1"))
        connection.execute(sa.text("CREATE TABLE more AS SELECT hex(zeroblob(100000)) AS x"))

    with pytest.raises(StoreUnavailable) as refused:
        stored.at_once(full)
    assert refused.value.full


@pytest.mark.parametrize("has_guard", [True, False])
def test_only_a_database_that_was_lost_takes_its_guard_with_it(stored, has_guard):
    """One statement that fails leaves the lock where it is; where there is no lock, none can be lost."""

    def fails(error: Exception) -> Statement[None]:
        def statement(connection: sa.Connection) -> None:
            raise error

        return statement

    stored._guard = stored._engine.connect() if has_guard else None
    lost = sa.exc.OperationalError("select", {}, Exception("server closed the connection"))
    for error, expected in ((ValueError("wrong"), False), (lost, has_guard)):
        with pytest.raises((ValueError, StoreUnavailable)):
            stored.at_once(fails(error))
        assert stored._guard_lost is expected


KNOWN = "Write postgresql://user@host/name, or leave the option out for the embedded database."


@pytest.mark.parametrize(
    ("url", "value", "problem", "remedy"),
    [
        ("nonsense", "nonsense", "is not a database of a known kind", KNOWN),
        ("mysql://me:secret@x/y", "mysql", "is not a database of a known kind", KNOWN),
        (
            "sqlite:////nowhere/at/all/db",
            "sqlite:////nowhere/at/all/db",
            "cannot be opened: unable to open database file",
            "Check that the database is running and your credentials are valid, and start again.",
        ),
    ],
)
def test_no_database(url, value, problem, remedy):
    with pytest.raises(ConfigError) as refused:
        Store(url)
    assert refused.value.findings == [Finding("--database", value, problem, remedy)]


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("database or disk is full", True),
        ("disk I/O error", True),
        ("[Errno 28] No space left on device", True),
        ("server closed the connection\nunexpectedly", False),
    ],
)
def test_what_makes_a_database_unavailable(text, full):
    for error in (OSError(text), sa.exc.OperationalError("select", {}, Exception(text))):
        found = _as_unavailable(error)
        assert isinstance(found, StoreUnavailable)
        assert (str(found), found.full) == (text.partition("\n")[0], full)
    other = ValueError("full")
    assert _as_unavailable(other) is other


A_DAY_S = 86_400.0


def test_an_idempotency_key_holds_for_a_day(stored):
    for number, (owner, key) in enumerate([("a", "1"), ("b", "1"), ("a", "2")], start=1):
        made = dataclasses.replace(row(number), owner=owner)
        stored.at_once(rows.add(made, (key, f"print-{number}")))
    assert stored.at_once(idempotency.remembered("a", "1")) == Remembered("print-1", row(1).id)
    assert stored.at_once(idempotency.remembered("b", "1")) == Remembered("print-2", row(2).id)
    assert stored.at_once(idempotency.remembered("b", "2")) is None
    stored.at_once(aged("a", "1", A_DAY_S - 60))
    assert stored.at_once(idempotency.remembered("a", "1")) is not None
    stored.at_once(aged("a", "1", A_DAY_S + 5))
    assert stored.at_once(idempotency.remembered("a", "1")) is None
    stored.at_once(idempotency.remember("a", "1", "another", row(3).id))
    assert stored.at_once(idempotency.remembered("a", "1")) == Remembered("another", row(3).id)
    stored.at_once(aged("b", "1", A_DAY_S + 5))
    stored.at_once(idempotency.forget_old())
    assert stored.at_once(lambda connection: connection.scalar(sa.select(sa.func.count(tables.idempotency.c.key)))) == 2


def aged(owner: str, key: str, seconds: float) -> Statement[None]:
    """Make an idempotency key as old as that."""

    def statement(connection: sa.Connection) -> None:
        table = tables.idempotency
        query = table.update().where(table.c.owner == owner, table.c.key == key)
        connection.execute(query.values(created=time.time() - seconds))

    return statement


def test_a_run_that_is_being_deleted_frees_its_idempotency_key(stored):
    stored.at_once(rows.add(ROW, ("1", "print")))
    stored.at_once(rows.mark_deleted(ROW.id))
    assert stored.at_once(idempotency.remembered("", "1")) is None
    assert stored.at_once(rows.one(ROW.id)) is None
    assert [one.id for one in stored.at_once(rows.with_status(DELETED))] == [ROW.id]
    stored.at_once(rows.remove(ROW.id))
    assert stored.at_once(rows.with_status(DELETED)) == []


@pytest.mark.parametrize("change", [{"owner": "b"}, {"project": "q"}, {"digest": "e"}, {"kind": "study"}])
def test_only_an_identical_run_of_its_owner_is_given_again(stored, change):
    done = dataclasses.replace(ROW, owner="a", project="p", status="succeeded")
    stored.at_once(rows.add(done))
    fresh = dataclasses.replace(done, id=row(2).id, status="queued")
    assert stored.at_once(rows.add(fresh, reuse=True)).id == done.id
    other = dataclasses.replace(fresh, **change)
    assert stored.at_once(rows.add(other, reuse=True)).id == other.id


@pytest.mark.parametrize("number", [1, 2, 3])
def test_tables_of_earlier_formats_are_brought_up_to_date(tmp_path: Path, number: int):
    url = f"sqlite:///{tmp_path / 'db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for line in itertools.chain(*(FORMAT_1, TO_FORMAT_2, TO_FORMAT_3)[:number]):
            connection.execute(sa.text(line))
    engine.dispose()
    for _ in range(2):
        stored = Store(url)
        (found,) = stored.at_once(rows.with_status("queued"))
        assert found == dataclasses.replace(ROW, owner="office", seq=1)
        assert stored.at_once(keys.all_keys()) == [AccessKey("5ec", "office", "run", (), 7.0)]
        layout = stored.at_once(lambda connection: connection.scalar(sa.select(tables.meta.c.format)))
        assert layout == tables.FORMAT == 4
        stored.close()


FORMAT_1 = (
    "CREATE TABLE bordergate_meta (format INTEGER NOT NULL)",
    "INSERT INTO bordergate_meta VALUES (1)",
    "CREATE TABLE bordergate_runs (seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, id VARCHAR(40) NOT NULL UNIQUE, "
    "kind VARCHAR(10) NOT NULL, status VARCHAR(12) NOT NULL, digest VARCHAR(64) NOT NULL, gate VARCHAR(80) NOT NULL, "
    "owner VARCHAR(80) NOT NULL, request TEXT NOT NULL, predicted TEXT NOT NULL, done INTEGER NOT NULL, "
    "total INTEGER NOT NULL, created FLOAT NOT NULL, started FLOAT, finished FLOAT, version INTEGER NOT NULL, "
    "problem TEXT)",
    "INSERT INTO bordergate_runs VALUES (1, 'run_0000000000000001', 'run', 'queued', 'd', 'minimal', 'office', '{}', "
    "'{}', 0, 1, 1.0, NULL, NULL, 1, NULL)",
    "CREATE TABLE bordergate_keys (name VARCHAR(80) NOT NULL PRIMARY KEY, sha256 VARCHAR(64) NOT NULL UNIQUE, "
    "scope VARCHAR(10) NOT NULL, created FLOAT NOT NULL)",
    "INSERT INTO bordergate_keys VALUES ('office', '5ec', 'run', 7.0)",
)
"""The tables of the first version, as it made them, with a run and a key."""
TO_FORMAT_2 = (
    "UPDATE bordergate_meta SET format = 2",
    "ALTER TABLE bordergate_runs ADD COLUMN project VARCHAR(80) DEFAULT '' NOT NULL",
    "CREATE TABLE bordergate_access_keys (sha256 VARCHAR(64) NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, "
    "scope VARCHAR(10) NOT NULL, projects TEXT DEFAULT '' NOT NULL, created FLOAT NOT NULL, expires FLOAT, "
    "last_used FLOAT)",
    "INSERT INTO bordergate_access_keys (sha256, name, scope, created) SELECT sha256, name, scope, created "
    "FROM bordergate_keys",
    "DROP TABLE bordergate_keys",
)
"""What the second version made of them."""
TO_FORMAT_3 = (
    "UPDATE bordergate_meta SET format = 3",
    "ALTER TABLE bordergate_runs ADD COLUMN priority INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE bordergate_runs ADD COLUMN weight DOUBLE PRECISION DEFAULT 1 NOT NULL",
    "ALTER TABLE bordergate_access_keys ADD COLUMN weight DOUBLE PRECISION DEFAULT 1 NOT NULL",
    "ALTER TABLE bordergate_access_keys ADD COLUMN quota INTEGER",
)
"""And the third."""


def test_tables_of_a_newer_version_are_refused(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'db'}"
    Store(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE bordergate_meta SET format = 99"))
    engine.dispose()
    with pytest.raises(ConfigError, match="Use a newer version"):
        Store(url)
