"""What workers are asked to do: functions of plain values, importable by name, heavy imports inside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from experiments.prediction import Size


class Examined(NamedTuple):
    """What there is to know of a request before it runs."""

    text: str
    """The resolved run."""
    digest: str
    gate: str
    settings: dict[str, Any]
    changes: list[dict[str, Any]]
    size: Size | None


def examined(asked: dict[str, Any], *, with_size: bool = True) -> Examined:
    """Resolve a request.

    Raises
    ------
    ConfigError
        With every finding.
    """
    from experiments.request import digest, resolve, run_text

    resolved = resolve(asked)
    text = run_text(resolved)
    return Examined(
        text=text,
        digest=digest(resolved),
        gate=resolved.scenario.gate.name,
        settings=resolved.settings.model_dump(mode="json"),
        changes=[change.as_dict() for change in resolved.changes],
        size=size(text) if with_size else None,
    )


def examine(asked: str) -> Examined:
    """Resolve a request that is JSON text.

    Raises
    ------
    ConfigError
        With every finding.
    """
    return examined(json.loads(asked))


def size(text: str) -> Size:
    """Return how large the replications of a resolved run are."""
    from experiments.parts import planned
    from experiments.prediction import size_of

    return size_of(planned(text)[2])


def simulate(text: str, folder: str, first: int, end: int) -> None:
    """Simulate some replications into files."""
    from experiments.parts import simulate_part

    started = Path(folder) / "started.log"
    started.parent.mkdir(parents=True, exist_ok=True)
    with started.open("a", encoding="ascii") as stream:
        stream.write(f"{first} {end}\n")
    simulate_part(text, Path(folder), first, end)


def finish(text: str, folder: str, target: str) -> None:
    """Put the parts of a run together."""
    from experiments.parts import put_together

    put_together(text, Path(folder), Path(target))


def warm_up() -> None:
    """Load what simulations need, before the first one asks for it."""
    from experiments import parts

    del parts
