"""Bodies and paths that nobody means well with."""

from __future__ import annotations

import gzip
import json
from typing import Any

from gates import load_gate

GATE = load_gate("minimal").model_dump(mode="json", by_alias=True)


def _run(**changes: Any) -> bytes:
    return json.dumps({"gate": "minimal", **changes}).encode()


def _gate(**changes: Any) -> bytes:
    return _run(gate={**GATE, **changes})


def _flow(**changes: Any) -> bytes:
    return _gate(flows={"general": {**GATE["flows"]["general"], **changes}})


def _times(values: list[Any]) -> bytes:
    return _gate(stages={"documents": {"side": "vn", "lanes": 1, "service": {"empirical": values}}})


def _deep(levels: int) -> bytes:
    return b'{"gate": ' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


BODIES: dict[str, bytes] = {
    "empty": b"",
    "nothing": b"null",
    "a list": b"[1, 2]",
    "a text": b'"minimal"',
    "half a document": b'{"gate": "minimal"',
    "two documents": b'{"gate": "minimal"} {"gate": "minimal"}',
    "no UTF-8": b'{"gate": "\xff\xfe"}',
    "UTF-16": '{"gate": "minimal"}'.encode("utf-16"),
    "half a letter": b'{"gate": "\\ud800"}',
    "a control character": b'{"gate": "min\\u0000imal"}',
    "not a number": b'{"gate": "minimal", "days": NaN}',
    "infinity": b'{"gate": "minimal", "demand": -Infinity}',
    "beyond every float": b'{"gate": "minimal", "demand": 1e400}',
    "five thousand digits": b'{"gate": "minimal", "seed": ' + b"9" * 5000 + b"}",
    "minus one": _run(days=-1),
    "true for a number": _run(replications=True),
    "text for a number": _run(days="30"),
    "a list for a number": _run(days=[30]),
    "no end of days": _run(days=10**12),
    "no end of replications": _run(replications=10**9),
    "the year one": _run(start="0001-01-01"),
    "the year ten thousand": _run(start="10000-01-01"),
    "an unknown key": _run(shell="rm -rf"),
    "a key twice": b'{"gate": "minimal", "gate": "friendship-pass"}',
    "a path": _run(gate="../../etc/passwd"),
    "a file": _run(gate="/etc/passwd"),
    "a gate file": _run(gate="gates/library/gates/minimal.yaml"),
    "an address": _run(gate="http://169.254.169.254/latest/meta-data"),
    "a formula for a name": _gate(name='=cmd|" /C calc"!A0'),
    "a script for a title": _gate(name="<script>"),
    "a name without end": _gate(name="a" * 100_000),
    "no stages": _gate(stages={}),
    "ten thousand unknown keys": _gate(**{f"key{n}": n for n in range(10_000)}),
    "ten thousand stages": _gate(stages={f"stage-{n}": {"side": "vn"} for n in range(6_000)}),
    "five hundred stages that are none": _gate(stages={f"stage-{n}": {} for n in range(500)}),
    "five hundred unknown keys": _gate(**{f"key{n}": n for n in range(450)}),
    "a thousand empty entries": _gate(calendar=[{}] * 1000),
    "a hundred thousand numbers": _gate(calendar=[1] * 100_000),
    "ten thousand times that are none": _times(["x"] * 10_000),
    "five thousand times below zero": _times([-1] * 4_900),
    "five thousand names, few in each": _gate(stages={f"s{n}": {f"k{m}": 1 for m in range(20)} for n in range(220)}),
    "10^12 trucks": _flow(per_day=10**12),
    "trucks below zero": _flow(per_day=-5),
    "41 levels": _deep(41),
    "a thousand levels": _deep(1_000),
    "a hundred thousand levels": b'{"gate": ' + b"[" * 100_000,
    "more upgrades than there are": _run(upgrades=[f"upgrade-{n}" for n in range(1000)]),
    "an upgrade that is a path": _run(upgrades=["../secret"]),
    "a reuse that is none": _run(reuse="perhaps"),
    "an array of keys": b'{"gate": {"stages": [[[[]]]]}}',
    "code": _run(gate={"__class__": {"__init__": {"__globals__": 1}}}),
    "a pickle": b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "an archive": b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + b"\x00" * 64,
    "packed": gzip.compress(b'{"gate": "minimal"}', mtime=0),
    "YAML whose aliases swell": b"a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: [*b, *b, *b, *b]\n",
    "YAML": b"gate: minimal\ndays: 3\n",
    "XML": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
}

PATHS = [
    "/api/v1/runs/..%2f..%2fetc%2fpasswd",
    "/api/v1/runs/run_0123456789abcdef%2f..%2f..",
    "/api/v1/runs/run_0123456789abcdeF",
    "/api/v1/runs/run_0123456789abcdef0",
    "/api/v1/runs/run_%00123456789abcde",
    "/api/v1/runs/run_0123456789abcdef",
    "/api/v1/runs/run_0123456789abcdef/event-log?rep=-1",
    "/api/v1/runs/run_0123456789abcdef/event-log?rep=99999999999999999999",
    "/api/v1/runs/run_0123456789abcdef/plots/..%2f..%2fmanifest.json",
    "/api/v1/runs/run_0123456789abcdef/plots/%2e%2e.svg",
    "/api/v1/runs/run_0123456789abcdef/queue-series?points=1e9",
    "/api/v1/runs/run_0123456789abcdef/clearance?bins=nan",
    "/api/v1/runs/run_0123456789abcdef/replay?from=nan",
    "/api/v1/runs/run_0123456789abcdef/replay?to=inf",
    "/api/v1/runs?limit=0",
    "/api/v1/runs?limit=%F0%9F%92%A9",
    "/api/v1/runs?status=%27%20OR%201=1",
    "/api/v1/runs?cursor=" + "A" * 5000,
    "/api/v1/gates/..%2f..%2f..%2fetc%2fpasswd",
    "/api/v1/gates/minimal%00",
    "/docs/..%2f..%2f__init__.py",
    "/docs/%2e%2e/core.py",
    "/api/v1/schema/secret",
    "/api/v1/problems/%3Cscript%3E",
    "//evil.example/%2f..",
]
