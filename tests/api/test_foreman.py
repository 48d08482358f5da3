"""How runs are carried through when something happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from api.http.app import open_data
from api.service import store
from api.service.queue import tasks
from api.service.queue.scheduler import UNTOLD_VERSIONS, Pools
from api.service.queue.workers import Kind, Pool
from api.service.runs import RunService
from api.service.settings import Limits, ServiceSettings
from tests.api.servers import SHORT

MANY = {**SHORT, "days": 200, "replications": 2000}
END_S = 60.0


@asynccontextmanager
async def service(data: Path) -> AsyncIterator[RunService]:
    """Give a service with one process that simulates."""
    limits = Limits(free_mb=1)
    opened = open_data(ServiceSettings(data=data, limits=limits))
    kind = Kind(limits.worker_mb, prepare=tasks.warm_up)
    pools = Pools(simulators=Pool(1, kind), checker=Pool(1, kind), studies=Pool(1, kind))
    found = RunService(opened.folder, opened.stored, pools, limits)
    try:
        await found.start()
        yield found
    finally:
        await found.stop()
        for pool in (pools.simulators, pools.checker, pools.studies):
            await asyncio.to_thread(pool.stop)
        opened.close()


async def ended(found: RunService, run: str) -> str:
    return (await found.ended(run, END_S)).status


@pytest.mark.slow
def test_a_run_that_is_cancelled_at_any_moment_gives_its_worker_back(tmp_path):
    """Above all between the moment when a part is given out and the moment when its wait begins."""

    async def cancelled_after(steps: int, found: RunService) -> None:
        row, _ = await found.submit(MANY, reuse=False)
        async for seen in found.events(row.id):
            if seen is not None and seen.status == "running":
                break
        for _ in range(steps):
            await asyncio.sleep(0)
        await found.cancel(row.id)

    async def several() -> str:
        async with service(tmp_path / "data") as found:
            for steps in range(8):
                await cancelled_after(steps, found)
            row, _ = await found.submit(SHORT)
            return await ended(found, row.id)

    assert asyncio.run(several()) == "succeeded"


@pytest.mark.slow
def test_a_run_that_cannot_be_taken_up_does_not_stop_the_others(tmp_path):
    async def damaged_then_another() -> tuple[str, str, str]:
        async with service(tmp_path / "data") as found:
            row, _ = await found.submit(SHORT)
            assert await ended(found, row.id) == "succeeded"
        opened = open_data(ServiceSettings(data=tmp_path / "data"))
        opened.stored.at_once(store.add_run(store.Row(**{**vars(row), "id": "run_0", "request": "{", "seq": 7})))
        opened.close()
        async with service(tmp_path / "data") as found:
            other, _ = await found.submit({**SHORT, "seed": 5})
            ends = await ended(found, "run_0"), await ended(found, other.id)
            return (*ends, str((await found.get("run_0")).problem))

    damaged, other, problem = asyncio.run(damaged_then_another())
    assert (damaged, other) == ("failed", "succeeded")
    assert "the server's log says why" in problem


def test_no_version_stands_for_two_states(tmp_path):
    """What a server that died told last may never have been stored."""

    async def started_twice() -> tuple[int, int]:
        async with service(tmp_path / "data") as found:
            row, _ = await found.submit(MANY)
        async with service(tmp_path / "data") as found:
            again = await found.get(row.id)
            await found.cancel(row.id)
        return row.version, again.version

    before, after = asyncio.run(started_twice())
    assert after >= before + UNTOLD_VERSIONS
