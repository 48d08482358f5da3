"""What is only on some operating systems is in one file, and nothing that a user of Windows runs needs it.

Nobody has run these tests on Windows: modules and calls that Windows lacks are taken away here, and those that only
Windows has are imitated.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments import operating_system
from experiments.runs import executors

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gates", "sim", "experiments", "api", "bordergate")
HOME = ROOT / "experiments" / "operating_system.py"
SOURCES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
NOT_ON_WINDOWS = {
    *("fcntl", "resource", "uvloop", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline", "crypt", "spwd"),
}
CALLS = {
    *("fork", "forkpty", "nice", "statvfs", "fstatvfs", "getuid", "geteuid", "getgid", "getpgid", "killpg", "setsid"),
    *("sched_getaffinity", "mkfifo", "uname", "getloadavg", "sysconf", "chown", "wait", "wait3", "wait4", "initgroups"),
}
"""Of `os`, and not on Windows."""
LIBRARIES_NEED = {"uname", "getuid", "sysconf"}
"""On Linux, where this test runs."""
ELSEWHERE = {"sched_getaffinity": "experiments/runs/executors.py"}
"""Calls outside the one file: they are asked for before they are used."""
WITHOUT = f"""
import importlib.abc, os, sys

class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {NOT_ON_WINDOWS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

for name in {NOT_ON_WINDOWS!r}:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Hidden())
for name in {CALLS - LIBRARIES_NEED!r}:
    if hasattr(os, name):
        delattr(os, name)
"""


def python(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment}
    line = [sys.executable, "-c", script]
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, encoding=encoding, check=False)
    assert done.returncode == 0, done.stderr
    return done


# Without what Windows lacks.


@pytest.mark.slow
def test_every_module_is_imported_without_what_windows_lacks(tmp_path: Path) -> None:
    names = [path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in SOURCES]
    modules = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    script = f"{WITHOUT}\nimport importlib\nfor name in {modules!r}:\n    importlib.import_module(name)\nprint('all')"
    assert python(script, tmp_path).stdout == "all\n"


@pytest.mark.long
def test_a_gate_is_run_without_what_windows_lacks(tmp_path: Path) -> None:
    words = ["run", "minimal", "--days", "1", "--warmup-days", "0", "--replications", "1", "--engine", "reference"]
    script = f"{WITHOUT}\nsys.argv[1:] = {words!r}\nfrom bordergate.__main__ import main\nmain()"
    assert "Report: " in python(script, tmp_path).stdout
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*")]
    assert [str(path) for path in written if not allowed_on_windows(path)] == []
    assert len(written) > 20
    text = next(tmp_path.glob("results/*/manifest.json")).read_bytes()
    assert b"\r" not in text


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_that_lacks_letters_shows_question_marks(tmp_path: Path, encoding: str) -> None:
    script = "import sys; sys.argv[1:] = ['gates', 'minimal']; from bordergate.__main__ import main; main()"
    shown = python(script, tmp_path, PYTHONIOENCODING=encoding).stdout
    dot = "·" if encoding == "cp1252" else "?"
    assert shown.startswith(f"A minimal gate {dot} C?a kh?u t?i gi?n {dot} ????\n")


def test_what_is_only_on_some_systems_is_in_one_file() -> None:
    """No import and no call of it stands anywhere else."""
    wrong = []
    for path in SOURCES:
        where = path.relative_to(ROOT).as_posix()
        for line, name in names_of_systems(ast.parse(path.read_text(encoding="utf-8"))):
            if path != HOME and ELSEWHERE.get(name) != where:
                wrong.append(f"{where}:{line}: {name}")
    assert wrong == []
    used = {name for _, name in names_of_systems(ast.parse(HOME.read_text(encoding="utf-8")))}
    assert used == {"fcntl", "resource", "msvcrt", "nice", "kill", "fsync"}


def names_of_systems(tree: ast.AST) -> Iterator[tuple[int, str]]:
    modules = NOT_ON_WINDOWS | {"msvcrt", "winreg", "_winapi"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from ((node.lineno, name) for name in named if name.partition(".")[0] in modules)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            yield from ((node.lineno, node.attr) for name in (*CALLS, "kill", "fsync") if name == node.attr)


def test_every_text_file_is_opened_with_its_encoding() -> None:
    """Windows would take another one than UTF-8."""
    wrong = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and opens_text(node) and "encoding" not in {k.arg for k in node.keywords}:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


PACKED = "packed"
"""A ZIP file, here: its members are bytes."""


def opens_text(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = call.func.value.id if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else ""
    if name in ("write_text",) or (name == "read_text" and not (len(call.args) == 1 and not owner)):
        return True
    modes = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return name == "open" and owner not in ("os", PACKED) and not any("b" in mode for mode in modes)


def allowed_on_windows(path: Path) -> bool:
    reserved = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
    return len(path.as_posix()) < 160 and all(
        not re.search(r'[<>:"|?*\\\x00-\x1f]|[. ]$', part) and not reserved.fullmatch(part) for part in path.parts
    )


def test_every_file_of_the_packages_has_a_name_that_windows_allows() -> None:
    files = [
        path.relative_to(ROOT) for name in (*PACKAGES, "docs", "scripts", "tests") for path in (ROOT / name).rglob("*")
    ]
    files = [path for path in files if "__pycache__" not in path.parts]
    assert [str(path) for path in files if not allowed_on_windows(path)] == []
    lower = [path.as_posix().lower() for path in files]
    assert sorted(set(lower)) == sorted(lower)


# What is imitated.


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operating_system, "WINDOWS", True)
    monkeypatch.setattr(operating_system, "PAUSE_S", 0.0)


@pytest.mark.usefixtures("windows")
def test_a_file_that_is_open_elsewhere_is_moved_as_soon_as_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    replace = Path.replace

    def busy(self: Path, target: Path) -> Path:
        tried.append(self)
        if len(tried) < 4:
            raise PermissionError(13, "in use", str(self))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", busy)
    (tmp_path / "a").write_text("x", encoding="utf-8")
    operating_system.move(tmp_path / "a", tmp_path / "b")
    assert len(tried) == 4
    assert (tmp_path / "b").read_text(encoding="utf-8") == "x"
    tried.clear()
    monkeypatch.setattr(operating_system, "TRIES", 1)
    with pytest.raises(PermissionError):
        operating_system.move(tmp_path / "b", tmp_path / "c")


FREED = """
import ctypes, resource, sys
from experiments.operating_system import keep_freed_memory

kept = "keep" in sys.argv and keep_freed_memory()
for _ in range(6):  # replications
    pieces = [ctypes.create_string_buffer(12 << 20) for _ in range(3)]
    del pieces
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a way")
def test_memory_that_is_freed_is_kept_for_the_next_replication(tmp_path: Path) -> None:
    faults = {}
    for word in ("", "keep"):
        kept, count = python(f"import sys; sys.argv.append({word!r})\n{FREED}", tmp_path).stdout.split()
        faults[kept] = int(count)
    assert faults.keys() == {"False", "True"}
    assert faults["True"] * 3 < faults["False"]


def test_where_the_library_has_no_such_setting_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert not operating_system.keep_freed_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr("ctypes.CDLL")
    assert not operating_system.keep_freed_memory()


@pytest.mark.usefixtures("windows")
def test_a_lock_of_windows_takes_a_byte_that_nobody_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int, int]] = []
    held: set[int] = set()

    def locking(descriptor: int, mode: int, count: int) -> None:
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        calls.append((at, mode, count))
        if at in held:
            raise OSError(13, "Permission denied")
        held.add(at)

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))
    with (tmp_path / "lock").open("a+", encoding="ascii") as file:
        file.write("4711\n")
        operating_system.hold(file)
        assert file.read(4) == "4711"
    with (tmp_path / "lock").open("a+", encoding="ascii") as file, pytest.raises(BlockingIOError):
        operating_system.hold(file)
    assert calls == [(operating_system.LOCKED_AT, 2, 1)] * 2


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    ("handle", "error", "waited", "alive"), [(0, 87, 0, False), (0, 5, 0, True), (7, 0, 0x102, True), (7, 0, 0, False)]
)
def test_windows_is_asked_for_a_process_and_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch, handle: int, error: int, waited: int, alive: bool
) -> None:
    import ctypes

    closed: list[int] = []
    kernel = types.SimpleNamespace(
        OpenProcess=lambda *_: handle, WaitForSingleObject=lambda *_: waited, CloseHandle=closed.append
    )
    monkeypatch.setattr(ctypes, "WinDLL", lambda *_, **__: kernel, raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: error, raising=False)
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("it would end the process"))
    assert operating_system.is_alive(4711) is alive
    assert closed == ([handle] if handle else [])


@pytest.mark.usefixtures("windows")
def test_what_windows_lacks_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Any] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    monkeypatch.setattr(os, "nice", lambda _: pytest.fail("Windows has no such call"))
    operating_system.sync(tmp_path)
    assert synced == []
    (tmp_path / "a").touch()
    operating_system.sync(tmp_path / "a")
    assert len(synced) == 1
    operating_system.yield_to_others(10)
    operating_system.limit_memory(1)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert operating_system.user_data() == tmp_path
    monkeypatch.delenv("LOCALAPPDATA")
    assert operating_system.user_data() == Path.home() / "AppData" / "Local"


@pytest.mark.usefixtures("windows")
def test_windows_has_at_most_61_processes_in_a_pool() -> None:
    """Python 3.11's `concurrent.futures` refuses more there: `max_workers must be <= 61`."""
    with executors.local(100, modules=()) as pool:
        assert pool._max_workers == 61  # type: ignore[attr-defined]
    with executors.local(3, modules=()) as pool:
        assert pool._max_workers == 3  # type: ignore[attr-defined]


def test_the_server_takes_uvloop_where_it_is() -> None:
    import tomllib

    from packaging.requirements import Requirement

    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    (marker,) = (need.marker for need in map(Requirement, listed) if need.name == "uvloop")
    assert marker is not None
    assert {system: marker.evaluate({"sys_platform": system}) for system in ("linux", "darwin", "win32")} == {
        "linux": True,
        "darwin": True,
        "win32": False,
    }
