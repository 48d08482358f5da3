"""A usable gate out of a broken one, so that the checks can look at the parts that are sound.

The result is never simulated. It only lets a person see all mistakes of a file at once: what the
models refuse is replaced by something harmless, or removed, and its place is noted so that the checks
do not report the repair.
"""

from __future__ import annotations

import copy
from typing import Any

from pydantic import ValidationError

from gates.files.explain import place_of
from gates.findings import Place, path_text
from gates.schema.gate import Gate

_ROUNDS = 12
_DAY = "2000-01-01"


def best_effort(
    data: dict[str, Any], context: dict[str, str] | None, error: ValidationError
) -> tuple[Gate | None, list[str]]:
    """The gate with the refused parts replaced or removed.

    Parameters
    ----------
    data, context
        What was validated; `data` is not changed.
    error
        The errors it had.

    Returns
    -------
    The gate, or none if nothing could be saved, and the paths of what was replaced or removed.
    """
    data = copy.deepcopy(data)
    damaged: list[str] = []
    for _ in range(_ROUNDS):
        places = sorted(dict.fromkeys(place_of(details) for details in error.errors()), key=_depth, reverse=True)
        damaged += [path_text(_replace(data, place)) for place in places]
        try:
            return Gate.model_validate(data, context=context), damaged
        except ValidationError as again:
            error = again
    return None, damaged


def _depth(place: Place) -> tuple[int, int]:
    """Sorts the inner before the outer, and the later entries of a list before the earlier."""
    last = place[-1] if place else 0
    return len(place), last if isinstance(last, int) else 0


def _replace(data: dict[str, Any], place: Place) -> Place:
    """Replace or remove what is at `place`; return the place that was changed."""
    if not place:
        return place
    holder, last = _at(data, place[:-1]), place[-1]
    if not isinstance(holder, dict | list):
        return _replace(data, place[:-1])
    present = last in holder if isinstance(holder, dict) else isinstance(last, int) and last < len(holder)
    harmless = _harmless(data, place)
    if harmless is not None and not (present and holder[last] == harmless):  # type: ignore[index]
        holder[last] = harmless  # type: ignore[index]
    elif present:
        del holder[last]  # type: ignore[arg-type]
        return place[:-1] if isinstance(holder, list) else place
    else:
        return _replace(data, place[:-1])
    return place


def _at(data: Any, place: Place) -> Any:
    for part in place:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _harmless(data: dict[str, Any], place: Place) -> Any:
    """Something that neither the models nor the checks object to at `place`, or none."""
    section, last = place[0], place[-1]
    stage = {"side": _first(data, "sides"), "lanes": 1, "service": {"constant": 0}}
    if isinstance(last, int):
        entries = {
            "paths": {
                "choose": "broken-" + "-".join(str(p) for p in place if isinstance(p, int)),
                "shares": {"a": 1},
            },
            "stages": {"name": f"broken-{last}", "lanes": 1},
            "calendar": {"name": "broken", "first": _DAY, "last": _DAY},
            "initial": {
                "class": _first(data, "classes"),
                "direction": _first(data, "paths"),
                "stage": _first(data, "stages"),
                "trucks": 1,
            },
        }
        return entries.get(str(section))
    if len(place) == 2 and section in ("stages", "classes", "profiles"):
        return stage if section == "stages" else {}
    keys = {
        **stage,
        "class": _first(data, "classes"),
        "direction": _first(data, "paths"),
        "per_day": 0,
        "units": 1,
        "spaces": 1,
        "stage": _first(data, "stages"),
        "trucks": 1,
        "demand": 1,
        "start": _DAY,
        "first": _DAY,
        "last": _DAY,
        "name": "broken",
    }
    return keys.get(str(last))


def _first(data: dict[str, Any], section: str) -> Any:
    entries = data.get(section)
    return next(iter(entries), None) if isinstance(entries, dict) else None
