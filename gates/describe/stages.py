"""Stages in words: a row for each lane group."""

from __future__ import annotations

from gates.describe.tables import StageRow
from gates.describe.texts import distribution_text, hours_on_clocks, source_ids, title_of
from gates.schema.base import LanguageTag
from gates.schema.gate import Gate
from gates.schema.quantities import seconds_text
from gates.schema.stages import LaneGroup, Reversal, Stage
from gates.sources import SourcedNumber


def stage_rows(gate: Gate, name: str, sources: dict[str, SourcedNumber], language: LanguageTag) -> list[StageRow]:
    """The rows of a stage, one a lane group."""
    stage = gate.stages[name]
    groups = stage.lane_groups()
    return [
        StageRow(
            name=name if len(groups) == 1 else f"{name}/{group.name}",
            title=title_of(stage.title, name, language),
            side=stage.side,
            lanes=f"{group.lanes}{_by_queue(group)}",
            admits=_admits(group),
            hours=hours_on_clocks(gate, stage.side, group.hours or stage.hours),
            service=_service(stage),
            source=source_ids(sources, f"stages.{name}", _lane_paths(stage, n)),
        )
        for n, group in enumerate(groups)
    ]


def _lane_paths(stage: Stage, n: int) -> tuple[str, ...]:
    lanes = (
        (f"lanes[{n}].lanes", f"lanes[{n}].hours", f"lanes[{n}].opens", f"lanes[{n}].reverses")
        if isinstance(stage.lanes, list)
        else ("lanes",)
    )
    return (*lanes, "hours", "service", "service_for", "move_up")


def _by_queue(group: LaneGroup) -> str:
    if (rule := group.reverses) is not None:
        return f", reversible ({rule.until}) in {seconds_text(rule.takes)}{_limits(rule)}"
    if (opens := group.opens) is None:
        return ""
    delay = f" after {seconds_text(opens.after)}" if opens.after else ""
    least = f", for {seconds_text(opens.at_least)} at least" if opens.at_least else ""
    return f", opened at a queue of {opens.at}{delay}, closed below {opens.closes_below}{least}"


def _limits(rule: Reversal) -> str:
    """What limits the rule of reversible lanes: `, from 5 waiting on, for 10 min at least`."""
    words = [f"from {rule.at} waiting on"] if rule.at else []
    words += [f"{rule.lead} longer"] if rule.lead > 1 else []
    words += [f"for {seconds_text(rule.at_least)} at least"] if rule.at_least else []
    words += [f"for {seconds_text(rule.at_most)} at most"] if rule.at_most is not None else []
    words += [f"{rule.most_trucks} trucks at most"] if rule.most_trucks is not None else []
    words += ["each by itself"] if rule.each else []
    return "".join(f", {word}" for word in words)


def _admits(group: LaneGroup) -> str:
    words: list[str] = [] if group.load == "any" else [group.load]
    words += [", ".join(group.classes)] if group.classes is not None else []
    words += [", ".join(group.directions)] if group.directions is not None else []
    return "; ".join(words)


def _service(stage: Stage) -> str:
    moving = f" + {seconds_text(stage.move_up)} to move up" if stage.move_up else ""
    others = [f"; {key} {distribution_text(service)}" for key, service in stage.service_for.items()]
    return distribution_text(stage.service) + "".join(others) + moving
