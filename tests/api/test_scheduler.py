"""How runs are carried through when something happens in between."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from api.http.app import LEADERS, open_data
from api.service.queue import tasks
from api.service.queue.admission import Refused
from api.service.queue.leading import Pools
from api.service.queue.scheduler import ATTEMPTS
from api.service.queue.states import SKIPPED_VERSIONS
from api.service.queue.workers import FairPool, Kind, Pool
from api.service.runs import RunService
from api.service.security.access import LOCAL
from api.service.settings import Limits, ServiceSettings
from api.service.store import Row, rows
from api.service.submission import Submission
from tests.api.servers import SHORT

MANY = {**SHORT, "days": 200, "replications": 2000}
END_S = 60.0


@asynccontextmanager
async def service(data: Path) -> AsyncIterator[RunService]:
    """Give a service with one process that simulates."""
    limits = Limits(free_mb=1)
    opened = open_data(ServiceSettings(data=data, limits=limits))
    kind = Kind(limits.worker_mb, prepare=tasks.warm_up)
    leading = Kind(limits.worker_mb, borrows=True)
    pools = Pools(simulators=Pool(2, kind), checker=FairPool(Pool(2, kind), 1), studies=Pool(LEADERS, leading))
    found = RunService(opened.folder, opened.stored, pools, limits)
    try:
        await found.start()
        yield found
    finally:
        await found.stop()
        for pool in pools.all():
            await asyncio.to_thread(pool.stop)
        opened.close()


async def ended(found: RunService, run: str) -> str:
    return (await found.ended(LOCAL, run, END_S)).status


@pytest.mark.slow
def test_a_run_that_is_cancelled_at_any_moment_gives_its_worker_back(tmp_path):
    """Above all between the moment when a part is given out and the moment when its wait begins."""

    async def cancelled_after(steps: int, found: RunService) -> None:
        row, _ = await found.submit(Submission(MANY, reuse=False))
        async for seen in found.events(LOCAL, row.id):
            if seen is not None and seen.status == "running":
                break
        for _ in range(steps):
            await asyncio.sleep(0)
        await found.cancel(LOCAL, row.id)

    async def several() -> str:
        async with service(tmp_path / "data") as found:
            for steps in range(8):
                await cancelled_after(steps, found)
            row, _ = await found.submit(Submission(SHORT))
            return await ended(found, row.id)

    assert asyncio.run(several()) == "succeeded"


@pytest.mark.slow
def test_a_run_that_cannot_be_taken_up_does_not_stop_the_others(tmp_path):
    async def damaged_then_another() -> tuple[str, str, str]:
        async with service(tmp_path / "data") as found:
            row, _ = await found.submit(Submission(SHORT))
            assert await ended(found, row.id) == "succeeded"
        opened = open_data(ServiceSettings(data=tmp_path / "data"))
        opened.stored.at_once(rows.add(Row(**{**vars(row), "id": "run_0", "request": "{", "seq": 7})))
        opened.close()
        async with service(tmp_path / "data") as found:
            other, _ = await found.submit(Submission({**SHORT, "seed": 5}))
            ends = await ended(found, "run_0"), await ended(found, other.id)
            return (*ends, str((await found.get(LOCAL, "run_0")).problem))

    damaged, other, problem = asyncio.run(damaged_then_another())
    assert (damaged, other) == ("failed", "succeeded")
    assert "the server's log says why" in problem


def test_no_version_stands_for_two_states(tmp_path):
    """What a server that died told last may never have been stored."""

    async def started_twice() -> tuple[int, int]:
        async with service(tmp_path / "data") as found:
            row, _ = await found.submit(Submission(MANY))
        async with service(tmp_path / "data") as found:
            again = await found.get(LOCAL, row.id)
            await found.cancel(LOCAL, row.id)
        return row.version, again.version

    before, after = asyncio.run(started_twice())
    assert after >= before + SKIPPED_VERSIONS


async def deaths(found: RunService, run: str, data: Path, count: int) -> None:
    """Kill the worker of a run as soon as it has begun a part, again and again."""
    log, begun = data / "work" / run / "started.log", 0
    for _ in range(count):
        while not log.is_file() or len(log.read_text(encoding="ascii").splitlines()) <= begun:
            await asyncio.sleep(0.01)
        begun = len(log.read_text(encoding="ascii").splitlines())
        for worker in multiprocessing.active_children():
            worker.kill()


@pytest.mark.long
def test_a_part_is_given_to_five_workers_at_most(tmp_path):
    """The waits in between are half a second, one, two and four."""
    data = tmp_path / "data"

    async def killed(count: int) -> Row:
        async with service(data) as found:
            row, _ = await found.submit(Submission(MANY, reuse=False))
            await deaths(found, row.id, data, count)
            async for seen in found.events(LOCAL, row.id):
                if seen is not None and (seen.status == "failed" or seen.done > 0):
                    await found.cancel(LOCAL, row.id) if seen.status == "running" else None
                    return seen
        raise AssertionError("no end")

    assert asyncio.run(killed(ATTEMPTS - 1)).status == "running"
    failed = asyncio.run(killed(ATTEMPTS))
    assert failed.status == "failed"
    assert failed.problem is not None
    assert json.loads(failed.problem) == {
        "kind": "worker-died",
        "detail": "Its workers died 5 times: a worker ended with code -9.",
    }


@pytest.mark.parametrize(("changes", "kept"), [({}, True), ({"digest": "older"}, False)])
def test_parts_of_another_digest_are_not_used(tmp_path, changes, kept):
    """A new version of the software, or of the library, starts a run again."""
    data = tmp_path / "data"

    async def begun() -> Row:
        async with service(data) as found:
            row, _ = await found.submit(Submission(MANY))
            async for seen in found.events(LOCAL, row.id):
                if seen is not None and seen.done > 0:
                    break
            return row

    async def taken_over(run: str) -> Row:
        async with service(data) as found:
            before = await found.get(LOCAL, run)
            async for seen in found.events(LOCAL, run, before.version):
                if seen is not None:
                    return seen
        raise AssertionError("no end")

    row = asyncio.run(begun())
    mark = data / "work" / row.id / "mark"
    mark.touch()
    opened = open_data(ServiceSettings(data=data))
    opened.stored.at_once(rows.change(row.id, {"status": "running", **changes}))
    opened.close()
    found = asyncio.run(taken_over(row.id))
    assert (found.digest, mark.exists(), found.done > 0) == (row.digest, kept, kept)


def test_of_two_requests_with_one_idempotency_key_at_once_one_waits(tmp_path):
    async def both() -> list[str]:
        async with service(tmp_path / "data") as found:
            asked = [Submission({**SHORT, "seed": seed}, key="order") for seed in (1, 1, 2)]
            ends = await asyncio.gather(*map(found.submit, asked), return_exceptions=True)
            again, reused = await found.submit(asked[0])
            assert isinstance(ends[0], tuple)
            assert (again.id, reused) == (ends[0][0].id, True)
            return [one.kind for one in ends if isinstance(one, Refused)]

    assert asyncio.run(both()) == ["in-progress", "idempotency-key-reused"]
