"""The script that tries packages finds what is wrong; that ours are right is for the step `packages` of CI."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

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
    monkeypatch.setattr(packages, "build", lambda folder: [folder / "a.whl", folder / "a.tar.gz"])
    monkeypatch.setattr(packages, "installed", lambda program, package, folder: folder.mkdir(parents=True) or folder)
    monkeypatch.setattr(packages, "pythons", lambda: {"3.11": "here", "3.12": None, "3.13": "there"})
    monkeypatch.setattr(packages, "trials", lambda _, folder: ["bad"] if folder.name == "sdist-3.13" else [])
    assert packages.main() == 1
    assert capsys.readouterr().out == (
        "Python 3.11, wheel: works\nPython 3.11, sdist: works\nPython 3.13, wheel: works\nPython 3.13, sdist: wrong\n"
        "Not on the path, not tried: Python 3.12\nPython 3.13, sdist, bad\n"
    )
    monkeypatch.setattr(packages, "pythons", lambda: {"3.11": None, "3.12": None, "3.13": None})
    assert packages.main() == 1


def test_the_python_that_runs_this_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    version = "{}.{}".format(*sys.version_info[:2])
    monkeypatch.setattr(packages, "SUPPORTED", (version, "3.99"))
    found = packages.pythons()
    assert Path(str(found[version])).parent == Path(sys.executable).parent
    assert found["3.99"] is None
