"""Processes that compute: they die, hang, fail and are stopped, and whoever waits for them is told."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from api.service.queue.workers import Kind, Pool, WorkerDied, WorkerTooSlow
from gates.findings import ConfigError, Finding

LONG_S = 60.0


@pytest.fixture
def pool() -> Iterator[Pool]:
    others = set(multiprocessing.active_children())  # of a server that tests before this one share
    found = Pool(1, Kind(memory_mb=1000))
    yield found
    found.stop()
    assert set(multiprocessing.active_children()) <= others


def refused(problem: str) -> None:
    raise ConfigError([Finding("lanes", "0", problem, "Use at least 1.")])


def noted(path: str) -> None:
    Path(path).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(LONG_S)


def too_much() -> int:
    return len(b"\1" * (4 << 30))


async def begun(path: Path) -> int:
    while not (path.exists() and path.read_text(encoding="ascii")):
        await asyncio.sleep(0.01)
    return int(path.read_text(encoding="ascii"))


def test_jobs_are_done_by_one_process(pool):
    async def two() -> tuple[int, int]:
        return await pool.run(LONG_S, os.getpid), await pool.run(LONG_S, os.getpid)

    first, second = asyncio.run(two())
    assert first == second != os.getpid()


def test_an_error_says_where_it_came_from_and_the_process_lives_on(pool):
    async def three() -> tuple[int, int]:
        before = await pool.run(LONG_S, os.getpid)
        with pytest.raises(ConfigError) as failed:
            await pool.run(LONG_S, refused, "nobody can pass")
        assert failed.value.findings[0].problem == "nobody can pass"
        with pytest.raises(ZeroDivisionError) as unexpected:
            await pool.run(LONG_S, divmod, 1, 0)
        assert "Traceback" in unexpected.value.__notes__[0]
        return before, await pool.run(LONG_S, os.getpid)

    before, after = asyncio.run(three())
    assert before == after


def test_a_process_that_ends_in_the_middle(pool):
    async def then_another():
        with pytest.raises(WorkerDied, match="code 7"):
            await pool.run(LONG_S, os._exit, 7)
        return await pool.run(LONG_S, os.getpid)

    assert asyncio.run(then_another()) != os.getpid()


def test_a_process_that_ended_while_it_had_nothing_to_do(pool):
    async def then_another():
        os.kill(await pool.run(LONG_S, os.getpid), signal.SIGKILL)
        with pytest.raises(WorkerDied, match="code -9"):
            await pool.run(LONG_S, os.getpid)
        return await pool.run(LONG_S, len, "abc")

    assert asyncio.run(then_another()) == 3


def test_a_process_that_is_killed_at_any_moment(pool):
    """Most of all while it writes an answer that the pipe does not hold at once."""
    chance = random.Random(1)

    async def once() -> bool:
        doomed = await pool.run(LONG_S, os.getpid)
        asyncio.get_running_loop().call_later(chance.uniform(0, 0.03), os.kill, doomed, signal.SIGKILL)
        try:
            while True:
                assert len(await pool.run(LONG_S, bytes, 10_000_000)) == 10_000_000
        except WorkerDied:
            return True

    async def often() -> list[bool]:
        return [await once() for _ in range(20)]

    assert asyncio.run(often()) == [True] * 20


def test_one_that_takes_too_long_is_stopped(pool):
    async def slow():
        doomed = await pool.run(LONG_S, os.getpid)
        with pytest.raises(WorkerTooSlow, match="not done after 1 s"):
            await pool.run(1.0, time.sleep, LONG_S)
        return doomed

    doomed = asyncio.run(slow())
    while psutil.pid_exists(doomed):
        time.sleep(0.01)


def test_one_whose_wait_is_cancelled_is_stopped_and_leaves_room(pool, tmp_path):
    async def cancelled():
        waiting = asyncio.create_task(pool.run(LONG_S, noted, str(tmp_path / "pid")))
        doomed = await begun(tmp_path / "pid")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        while psutil.pid_exists(doomed):
            await asyncio.sleep(0.01)
        return await pool.run(LONG_S, len, "abcd")

    assert asyncio.run(cancelled()) == 4


def test_one_that_needs_too_much_memory_is_replaced(pool):
    async def large() -> tuple[int, int]:
        before = await pool.run(LONG_S, os.getpid)
        with pytest.raises(MemoryError):
            await pool.run(LONG_S, too_much)
        return before, await pool.run(LONG_S, os.getpid)

    before, after = asyncio.run(large())
    assert before != after


def test_to_stop_ends_every_wait(pool, tmp_path):
    async def stopped() -> None:
        waiting = asyncio.create_task(pool.run(LONG_S, noted, str(tmp_path / "pid")))
        await begun(tmp_path / "pid")
        await asyncio.to_thread(pool.stop)
        with pytest.raises(WorkerDied):
            await waiting

    asyncio.run(stopped())


def test_a_pool_never_does_more_at_once_than_it_has_processes(tmp_path):
    pool = Pool(2, Kind(memory_mb=1000))

    async def many() -> set[int]:
        return set(await asyncio.gather(*(pool.run(LONG_S, os.getpid) for _ in range(20))))

    try:
        assert len(asyncio.run(many())) <= 2
    finally:
        pool.stop()
