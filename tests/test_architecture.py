"""The import direction, what may not be imported at all, and what an import may cost."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.check import ENGINES

ROOT = Path(__file__).resolve().parent.parent
ORDER = ("gates", "sim", "experiments", "api", "bordergate")  # each may import those before it
DOORS = (*ORDER, "api.cli")
MOST_MODULES = 12
"""Modules of a package, `__init__` not counted: more than that is a corridor."""
MOST_LINES = 400
"""Lines of a module; a longer one says in its first lines why, in a sentence that starts with "Long because"."""
STILL_TOO_LONG: set[str] = set()
VAGUE = {"utils", "util", "helpers", "helper", "common", "core", "misc"}
HEAVY = {
    *("numba", "pandas", "altair", "scipy", "scipy.stats", "pyarrow", "vl_convert", "simpy", "fontTools"),
    *("fastapi", "sqlalchemy", "uvicorn", "jinja2", "distributed", "SALib", "holidays", "matplotlib", "babel"),
}  # too slow to load for a line of help
NEEDED = {"sim": {"numba", "scipy"}}  # the kernels, and the inverse distributions

sources = [path for name in ORDER for path in sorted((ROOT / name).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every import of a file, wherever it stands: line, absolute dotted name."""
    package = path.parent.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            yield node.lineno, ".".join([*base, *([node.module] if node.module else [])])
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


@pytest.mark.parametrize("path", sources, ids=name_of)
def test_imports_go_one_way(path):
    package = path.relative_to(ROOT).parts[0]
    allowed = ORDER[: ORDER.index(package) + 1]
    wrong = [
        f"{name_of(path)}:{line} imports {name}; {package} may import only {', '.join(allowed)}"
        for line, name in imports(path)
        if name.partition(".")[0] in {*ORDER, "tests", "scripts"} - set(allowed)
    ]
    assert not wrong, "\n".join(wrong)


MODULES = {name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in sources}


def needed_modules(path: Path) -> set[str]:
    """Modules of ours that a file imports, for type checking only included."""
    needed = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            needed |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            needed |= parts & MODULES.keys() or {node.module}
    return needed & MODULES.keys()


def circle(graph: dict[str, set[str]]) -> tuple[str, ...]:
    """A circle of the graph; empty if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return tuple(error.args[1])
    return ()


def test_no_import_goes_in_a_circle():
    graph = {name: needed_modules(path) - {name} for name, path in MODULES.items()}
    assert not circle(graph)


def test_packages_need_each_other_one_way():
    """`sim.plan` may import `sim`, where it stands, and `sim` what it is made of; two packages side by side may not."""
    package = {name: name if path.stem == "__init__" else name.rpartition(".")[0] for name, path in MODULES.items()}
    graph: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        here = package[name]
        graph.setdefault(here, set()).update(
            there
            for there in map(package.__getitem__, needed_modules(path))
            if not f"{here}.".startswith(f"{there}.") and not f"{there}.".startswith(f"{here}.")
        )
    assert not circle(graph)


@pytest.mark.parametrize("folder", sorted({path.parent for path in sources}), ids=name_of)
def test_no_package_is_a_corridor(folder):
    modules = sorted(path.name for path in folder.glob("*.py") if path.stem not in ("__init__", "__main__"))
    assert len(modules) <= MOST_MODULES, f"{name_of(folder)} has {len(modules)} modules: {', '.join(modules)}"


@pytest.mark.parametrize("path", sources, ids=name_of)
def test_long_modules_say_why(path):
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if name_of(path) in STILL_TOO_LONG:
        assert lines > MOST_LINES, f"{name_of(path)} is no longer too long: take it out of the list"
    else:
        docstring = ast.get_docstring(ast.parse(text)) or ""
        assert lines <= MOST_LINES or "Long because" in docstring, f"{name_of(path)} has {lines} lines and no reason"


@pytest.mark.parametrize("name", ENGINES)
def test_engines_know_arrays_not_gates(name):
    path = ROOT / name
    wrong = [f"{name_of(path)}:{line} imports {name}" for line, name in imports(path) if name.startswith("gates")]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", [path for path in sources if name_of(path).startswith("sim/")], ids=name_of)
def test_no_technology_is_named_where_time_passes(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    wrong = [f"{name_of(path)}:{at}: {line}" for at, line in enumerate(lines, 1) if re.search(r"\b[45]g\b", line, re.I)]
    assert not wrong, "an upgrade is data; sim/ must not know it:\n" + "\n".join(wrong)


@pytest.mark.parametrize("path", sources, ids=name_of)
def test_files_are_named_for_what_they_hold(path):
    assert path.stem not in VAGUE, f"{name_of(path)} could hold anything: give it the name of its noun"


@pytest.mark.parametrize("module", DOORS)
def test_imports_load_nothing_heavy(module):
    """What a door loads, everybody waits for; `python -X importtime` tells how long."""
    script = f"import sys, {module}; print(*sorted(sys.modules.keys() & {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    needless = set(done.stdout.split()) - NEEDED.get(module, set())
    assert not needless, f"import {module} loads {', '.join(sorted(needless))}: import it in the function that needs it"


def test_help_loads_nothing_heavy():
    script = f"""
import sys
from api.cli import main
sys.argv = ["bordergate", "--help"]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
print("LOADED", *sorted(sys.modules.keys() & {HEAVY!r}))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--help" in done.stdout
    assert done.stdout.splitlines()[-1] == "LOADED", f"`bordergate --help` loads {done.stdout.splitlines()[-1]}"
