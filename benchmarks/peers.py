"""The six-stage line in SimPy, Ciw, salabim, the reference engine and the compiled engine.

Six stages in series, 35 lanes in all, 4 trucks a minute, exponential services. Every tool gets the same arrivals and
the same service times, drawn before; building the model and reading the results are not timed, running it is. Each
tool runs in a process of its own on one core. A row is refused if its mean time in the system and that of the
compiled engine differ by more than their 95 % intervals.

    python -m benchmarks.peers             20,000, 200,000 and 1,000,000 trucks (twenty minutes)
    python -m benchmarks.peers --quick     1,500 trucks
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Generator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import simpy

from benchmarks.harness import Row, arguments, in_own_process, median, save, table, three_digits, timed
from benchmarks.line import LANES, line_run, mean_time, seconds, services, theory_mean_s
from sim import Draws, Plan, draw, simulate

Floats = npt.NDArray[np.float64]
SIZES = (20_000, 200_000, 1_000_000)
QUICK_SIZES = (1_500,)
WARM_UP_TRUCKS = 200
MEASURE_AT_LEAST_S = 3.0
"""A worker repeats a quick run until it has worked for so long, so that its memory is not new to the system."""
REPEAT_NO_LONGER_THAN_S = 30.0
"""A run that takes longer is made once."""


class Model(Protocol):
    """A tool, ready to run."""

    def __init__(self, plan: Plan, draws: Draws) -> None: ...

    def run(self) -> None:
        """Run until every truck has left; this is what is timed."""

    def in_system_s(self) -> Floats:
        """Return how long each truck was in the system, in order of arrival [s]."""


class SimPy:
    """Idiomatic SimPy: a process for each truck, a `Resource` for each stage."""

    def __init__(self, plan: Plan, draws: Draws) -> None:
        self.arrival: list[int] = draws.arrival.tolist()
        self.service: list[list[int]] = services(draws).tolist()
        self.env = simpy.Environment()
        self.stages = [simpy.Resource(self.env, lanes) for lanes in LANES]
        self.left = [0] * draws.trucks

    def truck(self, number: int) -> Generator[simpy.Event, Any, None]:
        """The life of a truck."""
        for stage, service in zip(self.stages, self.service[number], strict=True):
            with stage.request() as lane:
                yield lane
                yield self.env.timeout(service)
        self.left[number] = int(self.env.now)

    def source(self) -> Generator[simpy.Event, Any, None]:
        """Trucks arrive."""
        for number, tick in enumerate(self.arrival):
            yield self.env.timeout(tick - self.env.now)
            self.env.process(self.truck(number))

    def run(self) -> None:
        self.env.process(self.source())
        self.env.run()

    def in_system_s(self) -> Floats:
        return seconds(np.array(self.left) - np.array(self.arrival))


class Ciw:
    """Ciw: a network of six nodes; the services of a truck are found by its number."""

    def __init__(self, plan: Plan, draws: Draws) -> None:
        ciw: Any = importlib.import_module("ciw")
        gaps = seconds(np.diff(draws.arrival, prepend=0)).tolist()
        distributions = [_served(ciw, column.tolist()) for column in seconds(services(draws)).T]
        nodes = range(1, len(LANES) + 1)
        onward = [ciw.routing.Direct(to=node + 1) for node in nodes[:-1]] + [ciw.routing.Leave()]
        network = ciw.create_network(
            arrival_distributions=[ciw.dists.Sequential([*gaps, float("inf")])] + [None] * (len(LANES) - 1),
            service_distributions=distributions,
            number_of_servers=list(LANES),
            routing=ciw.routing.NetworkRouting(routers=onward),
        )
        self.trucks = draws.trucks
        self.arrival = seconds(draws.arrival)
        self.simulation = ciw.Simulation(network)

    def run(self) -> None:
        self.simulation.simulate_until_max_customers(self.trucks, method="Finish")

    def in_system_s(self) -> Floats:
        left = np.zeros(self.trucks)
        for record in self.simulation.get_all_records():
            left[record.id_number - 1] = max(left[record.id_number - 1], record.exit_date)
        return left - self.arrival


def _served(ciw: Any, service: list[float]) -> Any:
    """Return a Ciw distribution that gives each truck its own service time."""

    def sample(self: Any, t: float | None = None, ind: Any = None) -> float:
        number: int = ind.id_number
        return service[number - 1]

    return type("Served", (ciw.dists.Distribution,), {"sample": sample})()


class Salabim:
    """Idiomatic salabim: a component for each truck, a resource for each stage; its monitors off where it can."""

    def __init__(self, plan: Plan, draws: Draws) -> None:
        salabim: Any = importlib.import_module("salabim")
        salabim.yieldless(False)
        arrival: list[float] = seconds(draws.arrival).tolist()
        service: list[list[float]] = seconds(services(draws)).tolist()
        left = [0.0] * draws.trucks
        env = salabim.Environment(trace=False)
        stages = [salabim.Resource(f"stage-{n}", lanes, monitor=False) for n, lanes in enumerate(LANES, 1)]

        def life(component: Any, number: int) -> Generator[Any, Any, None]:
            for stage, time in zip(stages, service[number], strict=True):
                yield component.request(stage)
                yield component.hold(time)
                component.release(stage)
            left[number] = env.now()

        truck = type("Truck", (salabim.Component,), {"process": life})

        def arrivals(component: Any) -> Generator[Any, Any, None]:
            for number, at in enumerate(arrival):
                yield component.hold(till=at)
                truck(number=number)

        self.env, self.arrival, self.left = env, arrival, left
        self.source = type("Source", (salabim.Component,), {"process": arrivals})

    def run(self) -> None:
        self.source()
        self.env.run()

    def in_system_s(self) -> Floats:
        in_system: Floats = np.array(self.left) - np.array(self.arrival)
        return in_system


class Reference:
    """The project's reference engine, which keeps the full event log."""

    def __init__(self, plan: Plan, draws: Draws) -> None:
        self.plan, self.draws = plan, draws

    def run(self) -> None:
        self.log = simulate(self.plan, self.draws, "reference")

    def in_system_s(self) -> Floats:
        return seconds(self.log.departed - self.draws.arrival)


class Compiled(Reference):
    """The project's compiled engine, which keeps the full event log."""

    def run(self) -> None:
        self.log = simulate(self.plan, self.draws)


TOOLS: dict[str, tuple[str, type[Model]]] = {
    "compiled engine": ("sim", Compiled),
    "reference engine": ("sim", Reference),
    "SimPy": ("simpy", SimPy),
    "Ciw": ("ciw", Ciw),
    "salabim": ("salabim", Salabim),
}
"""Name of a tool -> the module that it needs, and its model."""


def work(task: Row) -> Row:
    """Run one tool at one size: the body of a process."""
    trucks = task["trucks"]
    plan, draws = line_run(trucks)
    model = TOOLS[task["tool"]][1]
    model(*line_run(WARM_UP_TRUCKS)).run()  # loads what is compiled, and the tool's own modules
    cpu: list[float] = []
    wall: list[float] = []
    while True:
        ready = model(plan, draws)
        _, spent = timed(ready.run)
        cpu.append(spent.cpu)
        wall.append(spent.wall)
        if sum(cpu) >= task["at_least_s"]:
            break
    mean = mean_time(ready.in_system_s())
    draw_s = median([timed(lambda: draw(plan))[1].cpu for _ in range(3)]) if task["tool"].startswith("comp") else None
    return {
        "cpu_s": cpu,
        "wall_s": wall,
        "mean_s": mean.value,
        "half_width_s": mean.half_width,
        "draw_s": draw_s,
    }


def measure_size(trucks: int, repeats: int, at_least_s: float, limit_s: float, rates: dict[str, float]) -> list[Row]:
    """Run every tool at one size, in turns; `rates` holds stage visits a second, from the size before."""
    visits = trucks * len(LANES)
    found: dict[str, list[Row]] = {name: [] for name in TOOLS}
    why_not: dict[str, str] = {}
    for repeat in range(repeats):
        for name, (module, _) in TOOLS.items():
            if importlib.util.find_spec(module) is None:
                why_not[name] = "not installed"
            elif name in rates and visits / rates[name] > limit_s:
                why_not[name] = f"not run: over {limit_s:g} s"
            elif repeat and found[name] and found[name][0]["cpu_s"][0] > REPEAT_NO_LONGER_THAN_S:
                continue
            if name in why_not:
                continue
            print(f"  {trucks:,} trucks, {name}, {repeat + 1} of {repeats}", flush=True)
            answer = in_own_process(
                "benchmarks.peers", {"tool": name, "trucks": trucks, "at_least_s": at_least_s}, 3 * limit_s
            )
            if answer is None:
                why_not[name] = f"not run: over {limit_s:g} s"
            else:
                found[name].append(answer)
    rows = [_row(name, trucks, found[name], why_not.get(name)) for name in TOOLS]
    rates |= {row["tool"]: row["visits_per_s"] for row in rows if row["cpu_s"] is not None}
    return _judged(rows)


def _row(name: str, trucks: int, answers: list[Row], why_not: str | None) -> Row:
    row: Row = {
        "tool": name,
        "trucks": trucks,
        "visits": trucks * len(LANES),
        "note": why_not or "",
        "cpu_s": None,
    }
    if not answers or why_not:
        return row
    cpu = median([second for answer in answers for second in answer["cpu_s"]])
    draws = [answer["draw_s"] for answer in answers if answer["draw_s"] is not None]
    row |= {
        "cpu_s": cpu,
        "wall_s": median([second for answer in answers for second in answer["wall_s"]]),
        "first_cpu_s": median([answer["cpu_s"][0] for answer in answers]),
        "runs": sum(len(answer["cpu_s"]) for answer in answers),
        "visits_per_s": row["visits"] / cpu,
        "mean_s": answers[0]["mean_s"],
        "half_width_s": answers[0]["half_width_s"],
    }
    if draws:
        row["visits_per_s_with_draws"] = row["visits"] / (cpu + median(draws))
    return row


def _judged(rows: list[Row]) -> list[Row]:
    """Add how many times slower each tool is than the compiled engine, and refuse those with another mean."""
    ours = rows[0]
    for row in rows:
        if row["cpu_s"] is None:
            continue
        apart = abs(row["mean_s"] - ours["mean_s"])
        row["difference"] = apart / ours["mean_s"]
        row["refused"] = bool(apart > row["half_width_s"] + ours["half_width_s"])
        row["compiled_is_times_faster"] = ours["visits_per_s"] / row["visits_per_s"]
        if row["refused"]:
            row["note"] = f"refused: another mean than {ours['mean_s']:.1f} ± {ours['half_width_s']:.1f} s"
    return rows


def markdown(rows: list[Row]) -> str:
    """Return the table of the rows."""
    header = (
        "tool",
        "trucks",
        "CPU s",
        "stage visits/s",
        "compiled engine is",
        "mean time in system",
        "apart",
    )
    cells = []
    for row in rows:
        start = (row["tool"], f"{row['trucks']:,}")
        if row["cpu_s"] is None:
            cells.append((*start, "", row["note"], "", "", ""))
            continue
        mean = f"{row['mean_s']:.2f} ± {row['half_width_s']:.2f} s"
        speed = row["note"] if row["refused"] else three_digits(row["visits_per_s"])
        ratio = "" if row["refused"] else f"{three_digits(row['compiled_is_times_faster'])} × as fast"
        if row["tool"] == "compiled engine":
            ratio = ""
        cells.append((*start, three_digits(row["cpu_s"]), speed, ratio, mean, f"{row['difference']:.1e}"))
    return table(header, cells)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    options = arguments(__doc__, argv, repeats=3)
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return 0
    rows: list[Row] = []
    rates: dict[str, float] = {}
    for trucks in QUICK_SIZES if options.quick else SIZES:
        repeats, at_least_s = (1, 0.0) if options.quick else (options.repeats, MEASURE_AT_LEAST_S)
        rows += measure_size(trucks, repeats, at_least_s, options.limit_s, rates)
    print(f"\n{markdown(rows)}\n\nIn the long run the mean is exactly {theory_mean_s():.2f} s.")
    save(options.out, "peers", rows, theory_mean_s=theory_mean_s(), limit_s=options.limit_s)
    if options.out:
        from benchmarks import charts  # heavy, and no part of what is measured

        charts.peers(rows, options.out / "peers.svg")
    return 1 if any(row.get("refused") for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
