"""The store: what is committed together, and what one that fails does to the others."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.service.store import Row, Store, StoreUnavailable, rows
from gates import ConfigError

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
    assert stored.at_once(rows.add(ROW)).seq == 1
    assert stored.at_once(rows.one(ROW.id)) == dataclasses.replace(ROW, seq=1)
    assert stored.at_once(rows.one("run_x")) is None


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


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite:////nowhere/at/all/db"])
def test_no_database(url):
    with pytest.raises(ConfigError, match="--database"):
        Store(url)


def test_tables_of_a_newer_version_are_refused(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'db'}"
    Store(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE bordergate_meta SET format = 99"))
    engine.dispose()
    with pytest.raises(ConfigError, match="Use a newer version"):
        Store(url)
