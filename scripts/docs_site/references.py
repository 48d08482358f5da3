"""The reference pages that the build makes: commands, Python, HTTP and metrics, each from where it is declared."""

from __future__ import annotations

import asyncio
import inspect
import tempfile
from collections.abc import Iterable
from enum import Enum
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

KINDS = {int: "NUMBER", float: "NUMBER", str: "TEXT", Path: "PATH"}
PYTHON = {
    "Run, compare, open": ("bordergate", ["run", "study", "compare", "result"]),
    "Gates and studies": ("bordergate", ["load_gate", "library_gates", "upgrade_names", "load_study", "Gate.with_"]),
    "Results": ("bordergate", ["Result", "StudyFolder", "Comparison", "Estimate"]),
    "Own rules": ("bordergate", ["Live", "WaitingTruck"]),
    "A server": ("bordergate", ["connect", "Server"]),
    "Mistakes": ("bordergate", ["ConfigError", "Finding", "ServiceError"]),
    "What stands at the gate": ("gates", ["apply_upgrades", "gate_from_text", "every_number", "assumptions"]),
    "How time passes": ("sim", ["compile_plan", "draw", "simulate", "measure", "stream", "Key"]),
    "Replications": ("experiments", ["run_scenario", "mean_interval"]),
}
MEMBERS = ("Result", "StudyFolder", "Comparison", "Estimate", "Server", "ConfigError", "Finding", "Key", "Live")


def commands() -> str:
    """Return the page of the command line, from the help of each command."""
    import typer

    from api.cli.app import app

    group: Any = typer.main.get_command(app)
    parts = ["# Command line", group.help, "`bordergate COMMAND --help` shows the same in the terminal."]
    parts += [
        "Exit codes: 0 done; 1 the machine failed, for instance because the disk is full; 2 the input cannot be used; "
        "130 interrupted."
    ]
    for name, command in group.commands.items():
        parts += _command(f"bordergate {name}", command, 2)
    return _page(parts)


def _command(name: str, command: Any, level: int) -> list[str]:
    parts = [f"{'#' * level} {name}", command.help or ""]
    inner = getattr(command, "commands", {})
    if not inner:
        arguments = [_name(one) for one in command.params if not one.opts[0].startswith("-")]
        usage = " ".join([name, *arguments, "[OPTIONS]"])
        parts += [f"```text\n{usage}\n```", _options(command.params)]
    for word, one in inner.items():
        parts += _command(f"{name} {word}", one, level + 1)
    return parts


def _name(parameter: Any) -> str:
    shown = parameter.metavar or parameter.name.upper()
    return shown if parameter.required or shown.startswith("[") else f"[{shown}]"


def _options(parameters: Iterable[Any]) -> str:
    rows = []
    for one in parameters:
        if one.opts[0].startswith("-"):
            words = ", ".join(f"`{word}`" for word in (*one.opts, *one.secondary_opts))
            value = "" if getattr(one, "is_flag", False) else f" `{_value(one)}`"
        else:
            words, value = f"`{one.metavar or one.name.upper()}`", ""
        rows.append(f"{words}{value}\n: {_sentence(one)}\n")
    return "\n".join(rows)


def _value(parameter: Any) -> str:
    kind = _plain_kind(parameter.type_descriptor.annotation)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(str(one.value) for one in kind)
    return str(parameter.metavar or KINDS.get(kind, "VALUE"))


def _plain_kind(annotation: Any) -> Any:
    """Return what one value of an option is: `int` for `int | None` and for `list[int] | None`."""
    for inner in getattr(annotation, "__args__", ()):
        if inner is not type(None):
            return _plain_kind(inner)
    return annotation


def _sentence(parameter: Any) -> str:
    default = parameter.default
    said = str(parameter.help or "")
    if default in (None, False, True, [], ()) or callable(default) or parameter.required:
        return said
    return f"{said} Default: `{default.value if isinstance(default, Enum) else default}`."


def python() -> str:
    """Return the page of the Python names, which Sphinx fills from their docstrings."""
    parts = [
        "# Python",
        "`import bordergate as bg` gives the names of the first six sections. The others are for those who look "
        "inside a run: the [concepts](concepts.md) say what plan, draws and log are.",
    ]
    for title, (module, names) in PYTHON.items():
        parts.append(f"## {title}")
        parts += [_autodoc(module, name) for name in names]
    return _page(parts)


def _autodoc(module: str, name: str) -> str:
    plain = "automethod" if "." in name else "autofunction"
    kind = "autoclass" if inspect.isclass(attrgetter(name)(import_module(module))) else plain
    members = "\n   :members:\n   :inherited-members: Exception, tuple" if name in MEMBERS else ""
    return f"```{{eval-rst}}\n.. {kind}:: {module}.{name}{members}\n```"


def http() -> str:
    """Return the page of the HTTP interface, from its OpenAPI description."""
    document = asyncio.run(_described())
    parts = [
        "# HTTP",
        document["info"]["description"],
        "A running server describes the same at `/docs`, where requests can be tried, and at `/openapi.json` for "
        "programs. [Runs over HTTP](service.md) shows it in use. Errors are problem details (RFC 9457): `type`, "
        "`title`, `status`, `detail` and `findings`.",
    ]
    tags: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).extend(_operation(method.upper(), path, operation))
    for tag, operations in tags.items():
        parts += [f"## {tag.capitalize()}", *operations]
    parts += ["## Shapes", "The JSON of requests and answers."]
    for name, shape in sorted(document["components"]["schemas"].items()):
        parts += _shape(name, shape)
    return _page(parts)


async def _described() -> Any:
    import httpx

    from api.http.app import create_app, open_data
    from api.service.settings import ServiceSettings

    with tempfile.TemporaryDirectory() as folder:
        settings = ServiceSettings(data=Path(folder) / "data")
        opened = open_data(settings)
        try:
            transport = httpx.ASGITransport(create_app(settings, opened, hosts=["localhost"], keys=False))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return (await client.get("/openapi.json")).raise_for_status().json()
        finally:
            opened.close()


def _operation(method: str, path: str, operation: dict[str, Any]) -> list[str]:
    parts = [f"### {operation['summary']}", f"```text\n{method} {path}\n```", operation.get("description", "")]
    given = [
        f"`{one['name']}` ({one['in']}{', required' if one.get('required') else ''})"
        f"\n: {one.get('description') or one['schema'].get('description') or _kind(one['schema'])}\n"
        for one in operation.get("parameters", [])
    ]
    answers = [
        f"| {code} | {answer['description']} | {_body(answer)} |" for code, answer in operation["responses"].items()
    ]
    body = operation.get("requestBody")
    parts += ["\n".join(given), f"Body: {_body(body)}." if body and _body(body) else ""]
    parts.append("\n".join(["| status | meaning | answer |", "|---|---|---|", *answers]))
    return parts


def _body(answer: dict[str, Any]) -> str:
    return ", ".join(
        f"`{media}` {_kind(one['schema'])}".strip() if "schema" in one else f"`{media}`"
        for media, one in answer.get("content", {}).items()
    )


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    return str(schema.get("type", ""))


def _shape(name: str, shape: dict[str, Any]) -> list[str]:
    needed = shape.get("required", [])
    rows = [
        f"| `{key}` | {_kind(one)} | {'yes' if key in needed else 'no'} | {one.get('description', '')} |"
        for key, one in shape.get("properties", {}).items()
    ]
    table = "\n".join(["| key | kind | always there | meaning |", "|---|---|---|---|", *rows]) if rows else ""
    return [f"### {name}", shape.get("description", ""), table]


def metrics() -> str:
    """Return a section for each metric, from its declaration."""
    from sim.metrics.registry import METRICS

    parts = ["## All metrics"]
    for name, metric in METRICS.items():
        better = {"more": "More is better.", "less": "Less is better."}.get(str(metric.better), "Neither is better.")
        parts += [
            f"### {metric.title}",
            f"`{name}` [{metric.unit}]: {', '.join(metric.statistics)}. {better}",
            metric.definition,
            f"*Definition by: {metric.source}.*" if metric.source != "bordergate" else "",
        ]
    return _page(parts)


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"
