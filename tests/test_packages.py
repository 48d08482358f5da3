"""The script that tries packages finds what is wrong; that ours are right is for the step `packages` of CI."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaging.tags import parse_tag
from packaging.utils import parse_wheel_filename

from hatch_build import CompiledCodeHook, tag
from scripts import packages


@pytest.mark.parametrize(
    ("line", "said", "code", "wrong"),
    [
        ("print('yes')", "yes", 0, ""),
        ("print('no')", "yes", 0, "ended with 0 instead of 0, or without 'yes':\nno"),
        ("raise SystemExit('yes')", "yes", 0, "ended with 1 instead of 0, or without 'yes':\nyes"),
        ("raise SystemExit('yes')", "yes", 1, ""),
        ("import os; print(*(name for name in os.environ if name == 'PYTHONPATH'), 'end')", "end", 0, ""),
    ],
)
def test_a_trial_that_goes_wrong_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, said: str, code: int, wrong: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = packages._wrong(tmp_path, (sys.executable, "-c", line), said, code)
    assert [each.partition(": ")[2].partition(": ")[2] for each in found] == ([wrong] if wrong else [])


def test_a_python_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def built(folder: Path) -> Iterator[tuple[Path, Path, Callable[[], Path]]]:
        yield folder / "a.whl", folder / "a.tar.gz", lambda: folder / "a-cp311.whl"

    put: list[tuple[str, str]] = []

    def installed(program: str, package: Path, folder: Path) -> Path:
        put.append((package.name, folder.name))
        return folder

    monkeypatch.setattr(packages, "built", built)
    monkeypatch.setattr(packages, "installed", installed)
    here = packages.HERE
    monkeypatch.setattr(packages, "pythons", lambda: {here: "here", "3.98": None, "3.99": "there"})
    monkeypatch.setattr(packages, "trials", lambda programs, _: ["bad"] if programs.name == "sdist-3.99" else [])
    monkeypatch.setattr(packages, "code_trials", lambda _, folder: ["compiles"])
    assert packages.main() == 1
    assert capsys.readouterr().out == (
        f"Python {here}, wheel: works\nPython {here}, sdist: works\n"
        f"Python 3.99, wheel: works\nPython 3.99, sdist: wrong\nPython {here}, compiled wheel: wrong\n"
        "Not on the path, not tried: Python 3.98\n"
        f"Python 3.99, sdist, bad\nPython {here}, compiled wheel, compiles\n"
    )
    assert put[0] == ("a.whl", f"wheel-{here}")
    assert put[-1] == ("a-cp311.whl", f"wheel-{here}"), "in the place of the other wheel"
    monkeypatch.setattr(packages, "pythons", lambda: {"3.11": None, "3.12": None, "3.13": None})
    assert packages.main() == 1


@pytest.mark.parametrize(
    ("run", "packed", "wrong"),
    [
        ("", "a 1", []),
        ("First use: compiling", "a 1", ["run 1 should compile nothing", "run 2 should compile nothing"]),
        ("", "a 2", ["other bits than by code for this processor:\na 1\na 2"]),
        ("", "a 1\nnot compiled: sim.a.b", ["other bits than by code for this processor:\na 1\na 1\nnot compiled"]),
    ],
)
def test_compiled_code_that_is_not_right_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str, packed: str, wrong: list[str]
) -> None:
    def done(folder: Path, line: tuple[str, ...], _: dict[str, str]) -> subprocess.CompletedProcess[str]:
        said = "a 1" if "here" in line else packed if folder == tmp_path and packages.BITS in line else run
        return subprocess.CompletedProcess(line, 0, said, "")

    monkeypatch.setattr(packages, "_done", done)
    found = packages.code_trials(tmp_path, tmp_path)
    assert len(found) == len(wrong)
    assert all(each.startswith(start) for each, start in zip(found, wrong, strict=True))


def test_the_python_that_runs_this_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    version = "{}.{}".format(*sys.version_info[:2])
    monkeypatch.setattr(packages, "SUPPORTED", (version, "3.99"))
    found = packages.pythons()
    assert Path(str(found[version])).parent == Path(sys.executable).parent
    assert found["3.99"] is None


def test_a_wheel_says_which_numba_its_code_is_for(tmp_path: Path) -> None:
    inside = "bordergate-0.1.0.dist-info"
    wheel = tmp_path / "bordergate-0.1.0-cp311-cp311-linux_x86_64.whl"
    head = "Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\n"
    rows = f"a.py,sha256=x,1\n{inside}/WHEEL,sha256=y,2\n{inside}/RECORD,,\n"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("a.py", "1")
        made.writestr(f"{inside}/WHEEL", head)
        made.writestr(f"{inside}/RECORD", rows)
    named = packages.numbered(wheel, "0.61.2")
    assert [path.name for path in tmp_path.iterdir()] == [named.name]
    assert parse_wheel_filename(named.name)[2] == (1, "_numba0.61.2")
    with zipfile.ZipFile(named) as read:
        changed = read.read(f"{inside}/WHEEL")
        assert changed.decode() == head.replace("Tag", "Build: 1_numba0.61.2\nTag")
        digest = base64.urlsafe_b64encode(hashlib.sha256(changed).digest()).decode().rstrip("=")
        assert f"{inside}/WHEEL,sha256={digest},{len(changed)}" in read.read(f"{inside}/RECORD").decode().splitlines()
        assert read.read("a.py") == b"1"


def test_only_a_wheel_that_asks_for_it_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = CompiledCodeHook(str(tmp_path), {}, None, None, str(tmp_path), "wheel")  # type: ignore[arg-type]
    wanted: dict[str, str] = {"standard": "", "editable": "1"}
    for version, value in wanted.items():
        monkeypatch.setenv("BORDERGATE_COMPILED", value)
        build_data: dict[str, object] = {}
        hook.initialize(version, build_data)
        assert build_data == {}
    monkeypatch.setattr("hatch_build.PROGRAM", "raise SystemExit(1)  # {folder}")
    with pytest.raises(SystemExit, match=r"Install what bordergate needs into this environment"):
        hook.initialize("standard", {"force_include": {}})
    hook.finalize("standard", {}, "")


def test_the_tag_of_compiled_code_names_this_python_and_the_machines_of_numba() -> None:
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    found = parse_tag(tag())
    assert {(each.interpreter, each.abi) for each in found} == {(python, python)}
    assert "any" not in {each.platform for each in found}
