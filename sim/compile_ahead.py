"""Compile every kernel before it is needed, for nearly every processor of this architecture.

It is done by a process of its own, whose settings of Numba name no processor, because a setting holds for all that a
process compiles.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.kept_code import SHIPPED, compile_into, content, processors, tell_of_compiling

if TYPE_CHECKING:
    from gates.schema.gate import Gate

STAMP = "content"
"""File that says what the code in a folder is valid for, and for which processor it is."""
PROGRAM = "from sim.compile_ahead import use_every_kernel; use_every_kernel({folder!r})"


class CannotCompile(Exception):
    """The kernels could not be compiled, or there is no place for their code."""


def is_compiled(folder: Path = SHIPPED) -> bool:
    """Tell whether a folder holds the code of every kernel, valid for the present content."""
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii").splitlines() in [[content(), p] for p in processors()]


def compile_ahead(folder: Path = SHIPPED, told: Callable[[str], object] = lambda name: None) -> None:
    """Compile every kernel into a folder, whose earlier content goes; an error leaves it as it was.

    Parameters
    ----------
    told
        Called with the name of each kernel that is compiled.

    Raises
    ------
    CannotCompile
        If a process failed, with its last words, or the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
            made = Path(place) / folder.name
            made.mkdir()
            _compile(made, told)
            (made / STAMP).write_text(f"{content()}\n{processors()[0]}\n", encoding="ascii")
            shutil.rmtree(folder, ignore_errors=True)
            made.replace(folder)
    except OSError as error:
        raise CannotCompile(f"{error.filename or folder} cannot be written: {error.strerror}") from None


def _compile(folder: Path, told: Callable[[str], object]) -> None:
    root = str(Path(__file__).resolve().parent.parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    processor = {"NUMBA_CPU_NAME": processors()[0], "NUMBA_CPU_FEATURES": ""}  # those that go with the name
    environment = {**kept, **processor, "PYTHONPATH": path, "BORDERGATE_QUIET": "1"}
    line = [sys.executable, "-P", "-c", PROGRAM.format(folder=str(folder))]
    with subprocess.Popen(
        line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for name in process.stdout:
            told(name.strip())
        said = process.stderr.read()
    if process.returncode:
        last = "; ".join(said.strip().splitlines()[-2:])
        raise CannotCompile(f"the process that compiles ended with {process.returncode}: {last}")


# In the process that compiles


def use_every_kernel(folder: str) -> None:
    """Run gates of the library, in one piece and by streaming, so that each kernel is compiled into a folder.

    A kernel that none of them uses is compiled when a gate does; `scripts/packages.py` finds it.
    """
    from gates.files.load import library_gates, load_gate
    from gates.upgrades import apply_upgrades, load_upgrade, upgrade_names

    compile_into(Path(folder))
    tell_of_compiling(lambda name: print(name, flush=True))
    gates = [load_gate(name) for name in library_gates()]
    for name in upgrade_names():
        upgrade = load_upgrade(name)
        gates.append(apply_upgrades(load_gate(upgrade.gate), [*upgrade.needs, name])[0])
    gates += [_with_wait_target(gates[0]), _with_money(gates[0])]
    for gate in gates:
        _use(gate)


def _with_wait_target(gate: Gate) -> Gate:
    """Return a gate whose stages have a target for the wait, which none of the library has."""
    stages = {name: stage.model_copy(update={"wait_target": 60.0}) for name, stage in gate.stages.items()}
    return gate.model_copy(update={"stages": stages})


def _with_money(gate: Gate) -> Gate:
    """Return a gate that counts money, so that hours of trucks are added up."""
    from gates.schema.prices.money import Money

    same = {"low": 0.1, "base": 0.1, "high": 0.1}
    hour = {"vehicle_usd": same, "driver_usd": same, "cargo_usd": same}
    money = {"date": "2026-01-01", "truck_hour": hour, "discount_rate": same, "horizon_years": 1}
    return gate.model_copy(update={"money": Money.model_validate(money)})


def _use(gate: Gate) -> None:
    """Draw, simulate and measure two days of a gate, in one piece and day by day."""
    from gates.schema.scenario import Scenario
    from sim.draws.draw import draw
    from sim.engines.simulate import simulate
    from sim.metrics.fold import measure
    from sim.metrics.time_use import truck_times
    from sim.plan.compile import compile_plan
    from sim.streaming import stream

    plan = compile_plan(Scenario(gate=gate, days=2, warmup_days=0))
    log = simulate(plan, draw(plan))
    measure(plan, log)
    truck_times(plan, log)
    stream(plan, block_days=1)
