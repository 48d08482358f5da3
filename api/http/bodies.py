"""JSON as it comes in: bounded in depth, without what JSON does not have or what no file may say."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NoReturn

from api.http.problems import Problem

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
LONGEST_INTEGER = 40


def read_json(body: bytes, depth: int) -> dict[str, Any]:
    """Return a body that is one JSON object.

    Raises
    ------
    Problem
        If it is none, is nested more than `depth` levels, names a key twice, or holds control characters.
    """
    try:
        found = json.loads(
            body.decode("utf-8"),
            parse_constant=_no_constant,
            parse_int=_integer,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        raise Problem("malformed", "The body is not UTF-8 text.") from None
    except RecursionError:
        raise Problem("malformed", f"The body is nested too deeply; keep it below {depth} levels.") from None
    except ValueError as error:
        raise Problem("malformed", f"The body is no JSON: {error}.") from None
    if not isinstance(found, dict):
        raise Problem("malformed", "The body is no JSON object. Send one in braces.")
    _refuse_what_no_file_says(found, depth)
    return found


def _refuse_what_no_file_says(found: object, depth: int) -> None:
    layer = [found]
    for _ in range(depth):
        below: list[object] = []
        for value in layer:
            if isinstance(value, dict):
                below += value.keys()
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif isinstance(value, str) and _CONTROL.search(value):
                raise Problem("invalid", "A text holds a control character or half a letter. Remove it.")
        if not below:
            return
        layer = below
    raise Problem("malformed", f"The body is nested too deeply; keep it below {depth} levels.")


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number of JSON")


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= LONGEST_INTEGER else float(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {json.dumps(twice[:40])} is there twice")
    return found
