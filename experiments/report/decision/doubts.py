"""What the page for a decision warns of, and what it says to measure next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import cast

import pandas as pd

from experiments.answers.money.worlds import place_text
from experiments.answers.numbers import GLUE
from experiments.answers.study_labels import StudyLabels
from experiments.report.decision.words import Words
from experiments.studies.model import BASE
from experiments.studies.money.tables import NET
from gates.schema.base import DirectionName
from gates.schema.gate import Gate
from gates.schema.paths import Visit, walk
from gates.sources import assumptions

Frames = Mapping[str, pd.DataFrame]
MOST_STAGES = 4
LARGE_SHARE = 0.25
"""Share of waiting for opening in the benefit from which it is a caveat."""


def caveats(frames: Frames, labels: StudyLabels, words: Words, chosen: str) -> Iterator[str]:
    """Yield caveats, the gravest first."""
    growth = frames["growth"]
    if len(growth) and growth["is_overload"].any():
        yield words.say("overload")
    worlds = _worlds(frames, labels, words, chosen)
    yield worlds or words.say("inputs", count=len(assumptions(labels.gate.gate)))
    unseen = frames["uninspected"]
    if len(unseen) and unseen[unseen["scenario"] == chosen]["change"].sum() > 0:
        yield words.say("detection")
    share = _opening(frames, chosen)
    if share >= LARGE_SHARE:
        yield words.say("opening", share=f"{100 * share:.0f}{GLUE}%")
    ran, all_readings = len(labels.readings), len(labels.gate.gate.readings)
    if ran > 1:
        yield words.say("several-readings", count=ran)
    elif all_readings > 1 and not worlds:  # which draw the readings, too
        yield words.say("one-reading", count=all_readings - 1)
    yield words.say("arrivals")


def _worlds(frames: Frames, labels: StudyLabels, words: Words, chosen: str) -> str:
    """Return in how many plausible worlds the proposal is best; empty if it ran in none."""
    rows = frames["doubt"]
    if not len(rows) or not chosen:
        return ""
    measure = NET if (rows["measure"] == NET).any() else labels.metrics[0]
    mine = rows[(rows["measure"] == measure) & (rows["scenario"] == chosen)]
    if not len(mine):
        return ""
    row = mine.iloc[0]
    return words.say("worlds", share=f"{100 * row['best_share']:.0f}{GLUE}%", count=int(row["worlds"]))


def _opening(frames: Frames, chosen: str) -> float:
    """Return the share of waiting for opening in what the proposal saves."""
    rows = frames["money"]
    if not len(rows) or not chosen:
        return 0.0
    mine = rows[(rows["scenario"] == chosen) & (rows["item"] != "capital and running cost")]
    items = mine.groupby("item")["value"].sum()
    gained = float(items[items > 0].sum())
    return float(items.get("waiting for opening", 0.0)) / gained if gained else 0.0


def measures(frames: Frames, labels: StudyLabels, words: Words, direction: str) -> Iterator[str]:
    """Yield inputs by what it is worth to know them, then assumed numbers where trucks wait, and of the flows."""
    gate = labels.gate.gate
    known = frames["information"]
    for _, row in known.iloc[1:].iterrows() if len(known) else ():
        yield words.say("input", input=place_text(row["input"], labels), usd=words.usd(row["usd"]))
    assumed = {number.path: number for number in assumptions(labels.gate.gate)}
    for stage in _waiting_stages(frames, gate, direction):
        for kind, pattern in (
            ("service", rf"stages\.{stage}\.service\..*\.mean"),
            ("lanes", rf"stages\.{stage}\.lanes"),
        ):
            found = next((n for path, n in assumed.items() if re.fullmatch(pattern, path)), None)
            if found is not None:
                yield words.say(kind, stage=_stage(gate, stage, words), value=words.number(found.value))
                break
    for name, flow in gate.flows.items():
        number = assumed.get(f"flows.{name}.per_day")
        if number is not None and flow.direction == direction:
            yield words.say("flow", flow=name, value=words.number(number.value))


def _stage(gate: Gate, name: str, words: Words) -> str:
    title = gate.stages[name].title
    return title.get(words.language) or title.get("en") or name


def _waiting_stages(frames: Frames, gate: Gate, direction: str) -> list[str]:
    """Return holds, and the stages whose queues are longest today."""
    rows = frames["estimates"]
    queues = rows[(rows["scenario"] == BASE) & (rows["metric"] == "queue_trucks") & (rows["statistic"] == "mean")]
    longest = queues.groupby("stage")["value"].sum().sort_values(ascending=False)
    holds = [name for name, stage in gate.stages.items() if stage.hold and _is_on(gate, name, direction)]
    waiting = [str(name) for name, value in longest.items() if value >= 1 and _is_on(gate, str(name), direction)]
    return list(dict.fromkeys([*holds, *waiting]))[:MOST_STAGES]


def _is_on(gate: Gate, stage: str, direction: str) -> bool:
    visits = (placed.step for placed in walk(gate.paths.get(cast(DirectionName, direction), [])))
    return any(isinstance(step, Visit) and step.stage == stage for step in visits)
