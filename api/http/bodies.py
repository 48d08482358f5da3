"""Bodies of requests: JSON with limits on depth, names and entries, and without what a file may not hold.

Refusing costs little here, and what passes costs little to check: a body of the largest size can hold a hundred
thousand mistakes, each of which would become a finding.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NoReturn

from api.http.problems import Problem
from api.service.settings import Limits

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
LONGEST_INTEGER = 40


def read_json(body: bytes, limits: Limits) -> dict[str, Any]:
    """Return a body that is one JSON object.

    Raises
    ------
    Problem
        If it is not one, is nested too deeply, has too many names, repeats a key, or holds control characters.
    """
    names = 0

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal names
        names += len(pairs)
        if len(pairs) > limits.json_names_at_once or names > limits.json_names:
            most = f"{limits.json_names_at_once:,} in an object, and {limits.json_names:,} in all"
            raise Problem("too-large", f"The body has too many names; the limit is {most}. Shorten it.")
        return _object(pairs)

    depth = limits.json_depth
    try:
        parsed = json.loads(
            body.decode("utf-8"),
            parse_constant=_no_constant,
            parse_int=_integer,
            object_pairs_hook=as_object,
        )
    except UnicodeDecodeError:
        raise Problem("malformed", "The body is not UTF-8 text.") from None
    except RecursionError:
        raise Problem("malformed", f"The body is nested too deeply; keep it below {depth} levels.") from None
    except ValueError as error:
        raise Problem("malformed", f"The body is not JSON: {error}.") from None
    if not isinstance(parsed, dict):
        raise Problem("malformed", "The body is not a JSON object. Send one in braces.")
    _refuse_what_files_may_not_hold(parsed, limits)
    return parsed


def _refuse_what_files_may_not_hold(parsed: object, limits: Limits) -> None:
    layer, entries = [parsed], 0
    for _ in range(limits.json_depth):
        below: list[object] = []
        for value in layer:
            if isinstance(value, dict):
                below += value.keys()
                below += value.values()
            elif isinstance(value, list):
                below += value
                entries += len(value)
            elif isinstance(value, str) and _CONTROL.search(value):
                raise Problem("invalid", "A text holds a control character or an unpaired surrogate. Remove it.")
        if entries > limits.json_entries:
            detail = f"The body's lists have more than {limits.json_entries:,} entries. Shorten it."
            raise Problem("too-large", detail)
        if not below:
            return
        layer = below
    raise Problem("malformed", f"The body is nested too deeply; keep it below {limits.json_depth} levels.")


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {json.dumps(twice[:40])} is repeated")
    return values
