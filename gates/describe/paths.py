"""Paths in words: one line for each step, indented inside the alternatives of a choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gates.schema.base import DirectionName
from gates.schema.gate import Gate
from gates.schema.paths import Alternative, Choice, Mark, Step, Visit, walk
from gates.schema.quantities import share_text


def path_words(gate: Gate, direction: DirectionName) -> Iterator[str]:
    """The path of a direction, then the steps of trucks with a second load."""
    yield from _steps_in_words(gate.paths[direction])
    if direction in gate.two_way:
        back = gate.two_way[direction]
        shares = [share_text(back.share), *(f"{name} {share_text(share)}" for name, share in back.share_for.items())]
        yield f"with a second load of {back.vehicle_class} instead of returning empty ({', '.join(shares)}):"
        yield from (f"  {line}" for line in _steps_in_words(back.steps))


def _steps_in_words(steps: Sequence[Step]) -> Iterator[str]:
    for placed in walk(steps):
        indent = "    " * len(placed.inside)
        match placed.step:
            case Mark(mark="released"):
                yield f"{indent}(released from the last control)"
            case Mark():
                yield f"{indent}(empty from here on)"
            case Choice() as choice:
                yield from (indent + line for line in _choice_words(choice))
            case Alternative() as alternative:
                yield f"{indent}  {alternative.name}:"
            case Visit() as visit:
                yield indent + _visit_words(visit)


def _choice_words(choice: Choice) -> Iterator[str]:
    rules = {"shortest-queue": "the shortest queue", "least-wait": "the least expected wait"}
    yield f"{choice.choose}: {_shares_words(choice.shares) if choice.rule is None else rules[choice.rule]}"
    for vehicle_class, shares in choice.shares_for.items():
        yield f"  for {vehicle_class}: {_shares_words(shares)}"


def _shares_words(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share_text(share)}" for name, share in shares.items())


def _visit_words(visit: Visit) -> str:
    words = [visit.stage]
    words += [f"only {', '.join(visit.only)}"] if visit.only is not None else []
    words += [f"if {choice} is {' or '.join(names)}" for choice, names in visit.when.items()]
    words += [share_text(visit.share)] if visit.share != 1 or visit.share_for else []
    words += [f"{name} {share_text(share)}" for name, share in visit.share_for.items()]
    words += [_again_words(visit)] if visit.again or visit.again_for else []
    return words[0] + (f" ({'; '.join(words[1:])})" if len(words) > 1 else "")


def _again_words(visit: Visit) -> str:
    """Who makes it again: `again from scan: 10 %, durian 20 %, at most 2 times`."""
    shares = [share_text(visit.again)] if visit.again else []
    shares += [f"{name} {share_text(share)}" for name, share in visit.again_for.items()]
    start = f" from {visit.again_from}" if visit.again_from else ""
    times = "once" if visit.most == 1 else f"{visit.most} times"
    return f"again{start}: {', '.join(shares)}, at most {times}"
