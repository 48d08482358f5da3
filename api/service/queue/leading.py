"""Studies: a process leads each, and asks for its replications piece by piece."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.service.queue import loans, tasks
from api.service.queue.loans import Asked, Given
from api.service.queue.work import Loan, Progress, Work, progress_of_study
from api.service.queue.workers import FairPool, Pool, WorkerDied, WorkerTooSlow

PROGRESS_S = 0.3
"""How often the progress of a study is read [s]."""
WAITING = 100.0
"""A study that waits for others takes longer than its own work, by this factor at most."""


@dataclass(frozen=True)
class Pools:
    """The processes for each kind of work."""

    simulators: Pool
    """One more than there are slots, for whoever would wait too long."""
    checker: FairPool
    studies: Pool
    """Processes that lead a study each, and borrow those that simulate."""
    cluster: str | None = None
    """Address of a Dask scheduler on whose workers studies run instead."""

    @property
    def slots(self) -> int:
        """Pieces that are done at once."""
        return self.simulators.processes - 1

    def all(self) -> tuple[Pool, ...]:
        """Return all pools."""
        return self.simulators, self.checker.pool, self.studies


async def lead(
    pools: Pools,
    work: Work,
    places: tasks.StudyPlaces,
    lent: Callable[[Work, Loan], None],
    tell: Callable[[Work, Progress], None],
) -> None:
    """Have a study led to its end.

    Parameters
    ----------
    lent
        Called with each piece that the leader asks for.
    tell
        Called with how far it is when that changed.

    Raises
    ------
    WorkerTooSlow
        If its own work takes too long; what it waits for others does not count.
    """
    loop = asyncio.get_running_loop()

    def asked(piece: Asked, answer: Callable[[Given], None]) -> None:
        loop.call_soon_threadsafe(lent, work, Loan(piece, answer))

    arguments = work.text, places, work.chunk, pools.cluster
    leading = asyncio.ensure_future(pools.studies.run(WAITING * work.timeout, tasks.study, *arguments, lend=asked))
    looked, told = time.monotonic(), Progress(0, 0, "")
    try:
        while not (await asyncio.wait({leading}, timeout=PROGRESS_S))[0]:
            now = time.monotonic()
            if not (work.todo or work.pieces):
                work.spent += now - looked
            looked = now
            if work.spent > work.timeout:
                raise WorkerTooSlow(f"not done after {work.timeout:.0f} s")
            found = progress_of_study(Path(places.progress))
            if found.total and found != told:
                told = found
                tell(work, found)
    finally:
        leading.cancel()
    await leading


async def lend(simulators: Pool, work: Work, loan: Loan) -> None:
    """Have done what the leader of a study asked for, and give it the answer, be it an error.

    Raises
    ------
    WorkerDied, WorkerTooSlow, MemoryError
        If it could not be done to the end; the leader still waits for it.
    """
    try:
        answer = await simulators.run(work.time_left, loans.done, loan.asked.content, spend=work.spend)
    except (WorkerDied, WorkerTooSlow, MemoryError):
        raise
    except Exception as error:
        await asyncio.to_thread(loan.answer, Given(loan.asked.number, False, error))
    else:
        await asyncio.to_thread(loan.answer, Given(loan.asked.number, True, answer))
