"""The effect of every option under every reading, its rank there, and whether the advice holds in all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from experiments.studies.model import better_of, metric_key
from experiments.studies.result import StudyResult
from experiments.studies.tables import differences

Frame = pd.DataFrame
GOOD, BAD, NONE, UNCLEAR = "better", "worse", "no difference", "unclear"
_CLASSES = {
    "better": GOOD,
    "higher": GOOD,
    "worse": BAD,
    "lower": BAD,
    "too few replications to tell": UNCLEAR,
    "not defined": UNCLEAR,
}
REVERSES = "reverses"
TOO_FEW = "too few replications to tell"


def reading_effects(result: StudyResult) -> Frame:
    """Return every option less its reference under every reading; no rows for a study under one."""
    if not result.rivals:
        return Frame()
    frames = [differences(each).assign(reading=each.reading) for each in (result, *result.rivals)]
    found = pd.concat(frames, ignore_index=True)
    found = found[found["kind"] == "option"].reset_index(drop=True)
    if not len(found):
        return found
    signs = found["metric_name"].map(lambda text: -1.0 if better_of(metric_key(text)) == "more" else 1.0)
    value = (found["value"] * signs).fillna(math.inf)
    found["rank"] = value.groupby([found["reading"], found["context"], found["metric_name"]]).rank(method="min")
    option = ["context", "metric_name", "scenario"]
    holds = found.groupby(option, sort=False)["verdict"].agg(held).rename("holds").reset_index()
    return found.merge(holds, on=option, how="left")


def held(verdicts: Iterable[Any]) -> str:
    """Return whether advice holds: `better in all`, `better in some`, `reverses`, `no difference in all`, and so on.

    A verdict within the margin is no difference; one that cannot be told stands beside the others as none.
    """
    found = {_CLASSES.get(str(verdict), NONE) for verdict in verdicts}
    if {GOOD, BAD} <= found:
        return REVERSES
    for kind in (GOOD, BAD):
        if kind in found:
            return f"{kind} in all" if found == {kind} else f"{kind} in some"
    return TOO_FEW if UNCLEAR in found else f"{NONE} in all"
