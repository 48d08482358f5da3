"""A calibration: readings held to targets, clock times moved, and what would tell the readings apart."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from experiments.calibration.apart import Apart, apart
from experiments.calibration.robustness import Moved, robustness
from experiments.calibration.targets import Held, Period, held_to_targets, readings_of, refuse_unknown_metrics
from experiments.runs.replications import Progress, Runner
from experiments.runs.settings import MAX_REPLICATIONS
from experiments.runs.store import Store
from gates.files.load import refuse_unsound
from gates.findings import ConfigError, Finding
from gates.schema.gate import Gate
from gates.upgrades import Upgrade

SHORT = Period(days=10, warmup_days=5, replications=2)
"""How long and how often shifts are run; on common random numbers chance hardly matters."""


@dataclass(frozen=True)
class Calibration:
    """What a calibration found."""

    gate: Gate
    readings: tuple[str, ...]
    """The baseline first."""
    period: Period
    held: tuple[Held, ...]
    moved: tuple[Moved, ...]
    """By reading, the largest change first; empty if no clock time was to be moved."""
    apart: tuple[Apart, ...]
    upgrades: tuple[str, ...] = ()
    """Upgrades that the gate has whose clock times were moved."""


def calibrate(
    gate: Gate,
    readings: Sequence[str] = (),
    period: Period | None = None,
    *,
    moving: bool = True,
    upgrades: Sequence[Upgrade] = (),
    executor: Executor | None = None,
    store: Store | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Hold readings of a gate to its targets, and move its clock times.

    Parameters
    ----------
    readings
        Names of readings; none means all.
    period
        How long and how often targets are run.
    moving
        Whether clock times are moved.
    upgrades
        Upgrades that the gate has whose clock times are moved; targets are held without them.

    Raises
    ------
    ConfigError
        With every finding at once, if it cannot be run.
    """
    refuse_unsound(gate)
    chosen, period = readings_of(gate, readings), period or Period()
    _refuse_bounds(period)
    refuse_unknown_metrics(gate)
    runner = Runner(executor, store, progress)
    held = held_to_targets(gate, chosen, period, runner)
    different = apart(gate, chosen, period, runner)
    short = replace(SHORT, seed=period.seed)
    moved = [row for name in chosen if moving for row in robustness(gate, name, short, runner, upgrades)]
    names = tuple(upgrade.name for upgrade in upgrades)
    return Calibration(gate, tuple(chosen), period, tuple(held), tuple(moved), tuple(different), names)


def _refuse_bounds(period: Period) -> None:
    findings = []
    for name, least, most in (("days", 1, 3660), ("warmup_days", 0, 3660), ("replications", 2, MAX_REPLICATIONS)):
        value = getattr(period, name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            option = "--" + name.replace("_", "-")
            findings.append(
                Finding(option, str(value), "out of range", f"Use a whole number from {least} to {most:,}.")
            )
    if isinstance(period.seed, float | str) or not 0 <= period.seed < 2**63:
        findings.append(Finding("--seed", str(period.seed), "out of range", "Use a whole number from 0 on."))
    if findings:
        raise ConfigError(findings)
