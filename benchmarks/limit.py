"""The compiled engine beside the same six-stage line written by hand, as a bare loop without features.

The bare loop knows one thing only: trucks that go through the same stages in series, first come first served. It has
a binary heap of packed keys, whose top is replaced rather than taken and put back where one event makes the next, and
linked lists of trucks in line. It keeps nothing but when each truck left. A second hand-written
loop also writes the event log, so that what the log costs and what the features cost can be told apart. All three
must agree on every departure, to the tick; services of no time are made one tick long, since the bare loops do not
sort trucks that join a line at the same tick.

    python -m benchmarks.limit             20,000, 200,000 and 1,000,000 trucks (a minute)
    python -m benchmarks.limit --quick     5,000 trucks
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.harness import Row, arguments, in_own_process, median, save, table, three_digits, timed
from benchmarks.line import LANES, line_run, services
from sim import Draws, Plan, simulate
from sim.jit import kernel, step

Ticks = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Small = npt.NDArray[np.int8]
SIZES = (20_000, 200_000, 1_000_000)
QUICK_SIZES = (5_000,)
NUMBER_BITS = 24
NOBODY = -1
BARE, LOGGED, ENGINE = "bare loop", "bare loop with a log", "compiled engine"


@kernel
def bare_line(
    arrival: Ticks,
    service: Ticks,
    lanes: Ticks,
    left: Ticks,
    heap: Ticks,
    stage_of: Small,
    behind: Numbers,
    head: Numbers,
    tail: Numbers,
) -> None:
    """Run the line; `left` gets the departures. `lanes` holds the free lanes of each stage."""
    mask = (1 << NUMBER_BITS) - 1
    stages = lanes.size
    pending = 0
    coming = 0
    while True:
        taken = False  # whether the event that happens still stands at the top of the heap
        if coming < arrival.size and (pending == 0 or (arrival[coming] << NUMBER_BITS | coming) < heap[0]):
            truck = coming
            now = arrival[truck]
            coming += 1
            stage = 0
        elif pending > 0:
            now = heap[0] >> NUMBER_BITS
            truck = heap[0] & mask
            stage = stage_of[truck]
            taken = True
            following = head[stage]
            if following == NOBODY:
                lanes[stage] += 1
            else:
                head[stage] = behind[following]
                sift_down(heap, pending, (now + service[following, stage]) << NUMBER_BITS | following)
                taken = False
            stage += 1
        else:
            return
        if stage == stages:
            left[truck] = now
            if taken:
                pending = pop(heap, pending)
            continue
        stage_of[truck] = stage
        if lanes[stage] > 0:
            lanes[stage] -= 1
            key = (now + service[truck, stage]) << NUMBER_BITS | truck
            if taken:
                sift_down(heap, pending, key)
            else:
                pending = push(heap, pending, key)
            continue
        if taken:
            pending = pop(heap, pending)
        behind[truck] = NOBODY
        if head[stage] == NOBODY:
            head[stage] = truck
        else:
            behind[tail[stage]] = truck
        tail[stage] = truck


@kernel
def logged_line(
    arrival: Ticks,
    service: Ticks,
    lanes: Ticks,
    log: Ticks,
    heap: Ticks,
    stage_of: Small,
    behind: Numbers,
    head: Numbers,
    tail: Numbers,
) -> None:
    """Run the line as `bare_line` does; `log` gets when each truck joined, started, finished and left each stage."""
    mask = (1 << NUMBER_BITS) - 1
    stages = lanes.size
    pending = 0
    coming = 0
    while True:
        taken = False  # whether the event that happens still stands at the top of the heap
        if coming < arrival.size and (pending == 0 or (arrival[coming] << NUMBER_BITS | coming) < heap[0]):
            truck = coming
            now = arrival[truck]
            coming += 1
            stage = 0
        elif pending > 0:
            now = heap[0] >> NUMBER_BITS
            truck = heap[0] & mask
            stage = stage_of[truck]
            taken = True
            log[truck, stage, 2] = now
            log[truck, stage, 3] = now
            following = head[stage]
            if following == NOBODY:
                lanes[stage] += 1
            else:
                head[stage] = behind[following]
                log[following, stage, 1] = now
                sift_down(heap, pending, (now + service[following, stage]) << NUMBER_BITS | following)
                taken = False
            stage += 1
        else:
            return
        if stage == stages:
            if taken:
                pending = pop(heap, pending)
            continue
        stage_of[truck] = stage
        log[truck, stage, 0] = now
        if lanes[stage] > 0:
            lanes[stage] -= 1
            log[truck, stage, 1] = now
            key = (now + service[truck, stage]) << NUMBER_BITS | truck
            if taken:
                sift_down(heap, pending, key)
            else:
                pending = push(heap, pending, key)
            continue
        if taken:
            pending = pop(heap, pending)
        behind[truck] = NOBODY
        if head[stage] == NOBODY:
            head[stage] = truck
        else:
            behind[tail[stage]] = truck
        tail[stage] = truck


@step
def push(heap: Ticks, size: int, key: int) -> int:
    """Add a key to a binary heap; return its new size."""
    hole = size
    while hole > 0:
        parent = (hole - 1) >> 1
        if heap[parent] <= key:
            break
        heap[hole] = heap[parent]
        hole = parent
    heap[hole] = key
    return size + 1


@step
def pop(heap: Ticks, size: int) -> int:
    """Drop the smallest key of a binary heap; return its new size."""
    sift_down(heap, size - 1, heap[size - 1])
    return size - 1


@step
def sift_down(heap: Ticks, size: int, key: int) -> None:
    """Put a key in place of the smallest one."""
    hole = 0
    child = 1
    while child < size:
        child += child + 1 < size and heap[child + 1] < heap[child]
        if heap[child] >= key:
            break
        heap[hole] = heap[child]
        hole = child
        child = 2 * hole + 1
    heap[hole] = key


def _bare(plan: Plan, draws: Draws) -> Ticks:
    left = np.empty(draws.trucks, np.int64)
    bare_line(draws.arrival, services(draws), np.array(LANES), left, *_state(draws.trucks))
    return left


def _logged(plan: Plan, draws: Draws) -> Ticks:
    log = np.full((draws.trucks, len(LANES), 4), -1, np.int64)
    logged_line(draws.arrival, services(draws), np.array(LANES), log, *_state(draws.trucks))
    return log[:, -1, 3]


def _state(trucks: int) -> tuple[Ticks, Small, Numbers, Numbers, Numbers]:
    heap, nobody = np.empty(sum(LANES) + 1, np.int64), np.full(len(LANES), NOBODY, np.int32)
    return heap, np.empty(trucks, np.int8), np.empty(trucks, np.int32), nobody, nobody.copy()


def _engine(plan: Plan, draws: Draws) -> Ticks:
    return simulate(plan, draws).departed


LOOPS: dict[str, Callable[[Plan, Draws], Ticks]] = {BARE: _bare, LOGGED: _logged, ENGINE: _engine}


def work(task: Row) -> Row:
    """Run the three loops at one size, in turns: the body of a process."""
    plan, draws = line_run(task["trucks"])
    draws = dataclasses.replace(draws, service=np.maximum(draws.service, 1))
    cpu: dict[str, list[float]] = {name: [] for name in LOOPS}
    wall: dict[str, list[float]] = {name: [] for name in LOOPS}
    left = {name: loop(plan, draws) for name, loop in LOOPS.items()}  # compiles what is not compiled yet
    for _ in range(task["repeats"]):
        for name, loop in LOOPS.items():
            _, spent = timed(lambda loop=loop: loop(plan, draws))  # type: ignore[misc]
            cpu[name].append(spent.cpu)
            wall[name].append(spent.wall)
    agree = {name: bool(np.array_equal(left[name], left[ENGINE])) for name in LOOPS}
    return {"cpu_s": cpu, "wall_s": wall, "agree": agree, "visits": draws.visits}


def measure_size(trucks: int, repeats: int) -> list[Row]:
    """Return a row for each loop."""
    answer = in_own_process("benchmarks.limit", {"trucks": trucks, "repeats": repeats})
    if answer is None:
        raise SystemExit("benchmarks.limit: a worker did not end")
    bare = median(answer["cpu_s"][BARE])
    rows = []
    for name in LOOPS:
        cpu = median(answer["cpu_s"][name])
        rows.append(
            {
                "loop": name,
                "trucks": trucks,
                "visits": answer["visits"],
                "cpu_s": cpu,
                "wall_s": median(answer["wall_s"][name]),
                "visits_per_s": answer["visits"] / cpu,
                "of_bare": bare / cpu,
                "refused": not answer["agree"][name],
            }
        )
    return rows


def markdown(rows: list[Row]) -> str:
    """Return the table of the rows."""
    header = ("loop", "trucks", "stage visits/s", "of the bare loop", "departures")
    return table(
        header,
        [
            (
                row["loop"],
                f"{row['trucks']:,}",
                "refused" if row["refused"] else three_digits(row["visits_per_s"]),
                f"{row['of_bare']:.2f}",
                "differ" if row["refused"] else "equal",
            )
            for row in rows
        ],
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    options = arguments(__doc__, argv, repeats=15)
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return 0
    rows: list[Row] = []
    for trucks in QUICK_SIZES if options.quick else SIZES:
        rows += measure_size(trucks, 5 if options.quick else options.repeats)
    print(f"\n{markdown(rows)}")
    save(options.out, "limit", rows)
    if options.out:
        from benchmarks import charts  # heavy, and no part of what is measured

        charts.limit(rows, options.out / "limit.svg")
    return 1 if any(row["refused"] for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
