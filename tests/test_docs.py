"""Every example of the pages at the top and in docs/ is run, so that a page cannot drift from the code.

The blocks of a page run in order, in one empty folder, like a reader who follows it from top to bottom:

- ```` ```python ````: run; names of earlier blocks of the page are still known.
- ```` ```console ````: each line after `$ ` is run, without a shell; other lines show output and are
  not compared.

A comment right before a block says what is special about it:

- `<!-- exit: 2 -->` the commands end with this code, not with 0.
- `<!-- background: http://127.0.0.1:8000 -->` its one command is a server that answers there: it stays until the
  page ends. A free port takes the place of 8000 on the whole page, and the newest run that of
  `run_0123456789abcdef`.
- `<!-- file: my-gate.yaml -->` the block, in any language, is written to this file for the blocks after it.
- `<!-- not executed: REASON -->` the block is skipped.
- `<!-- set-up: NAME -->` the block is skipped here: `.ci/run` executes it, in a fresh clone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from tests.needed import missing

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
NOTE = re.compile(r"<!--\s*(background|exit|file|not executed|set-up)\s*:?\s*(.*?)\s*-->")
FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,}|~{3,})\s*(?P<language>[\w-]*).*")
SHELL_WORDS = {"|", "||", "&&", "&", ";", ">", ">>", "<", "2>&1"}
COMMAND_SECONDS = 300
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
RUN = "run_0123456789abcdef"
LONG = {"README.md"} | {
    f"docs/{name}.md"
    for name in (
        *("another-border", "borders", "event-logs", "mechanisms", "metrics", "notebook", "own-gate", "plots"),
        *("recorded-trucks", "service", "studies", "timetable", "upgrades"),
    )
}
"""Pages with many runs, or a server, of more than ten CPU seconds; CI reads them too."""


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str
    notes: dict[str, str]

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def skipped(self) -> bool:
        return "not executed" in self.notes or "set-up" in self.notes


def blocks(page: str, text: str) -> list[Block]:
    """Return the fenced blocks of a page, each with the comments that stand right before it."""
    found: list[Block] = []
    notes: dict[str, str] = {}
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        opened = FENCE.fullmatch(line)
        if opened:
            close = re.compile(rf" *{re.escape(opened['ticks'][0])}{{{len(opened['ticks'])},}}\s*")
            end = next((row for row in range(at + 1, len(lines)) if close.fullmatch(lines[row])), None)
            assert end is not None, f"{page}:{at + 1}: this block is never closed"
            body = textwrap.dedent("\n".join(lines[at + 1 : end])) + "\n"
            found.append(Block(page, at + 1, opened["language"], body, notes))
            at, notes = end, {}
        elif note := NOTE.fullmatch(line.strip()):
            notes = {**notes, note[1]: note[2]}
        elif line.strip():
            notes = {}
        at += 1
    return found


def commands(block: Block) -> list[str]:
    joined = block.text.replace("\\\n", " ")
    return [line.removeprefix("$ ").strip() for line in joined.splitlines() if line.startswith("$ ")]


def programs(found: list[Block]) -> list[str]:
    """Return the programs that the blocks of a page start."""
    executed = [block for block in found if block.language == "console" and not block.skipped]
    return sorted({shlex.split(command, comments=True)[0] for block in executed for command in commands(block)})


def run_console(block: Block, folder: Path) -> None:
    expected = int(block.notes.get("exit", "0"))
    listed = commands(block)
    assert listed, f"{block.where}: no line starts with `$ `; use another language for output alone"
    for command in listed:
        words = shlex.split(command, comments=True)
        shell = SHELL_WORDS & set(words)
        assert not shell, f"{block.where}: `{command}` needs a shell ({' '.join(shell)}); write plain commands"
        done = subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, "PATH": PATH, "COLUMNS": "110"},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        ended = f"`{command}` ended with {done.returncode}, not {expected}"
        assert done.returncode == expected, f"{block.where}: {ended}\n{done.stdout}{done.stderr}"


def started(block: Block, folder: Path) -> subprocess.Popen[bytes]:
    """Start the server of a block, and wait until it answers."""
    (command,) = commands(block)
    process = subprocess.Popen(shlex.split(command), cwd=folder, env={**os.environ, "PATH": PATH})
    address = block.notes["background"]
    for _ in range(300):
        assert process.poll() is None, f"{block.where}: `{command}` ended with {process.returncode}"
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{address}/health")
            return process
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"{block.where}: nothing answers at {address}")


def stopped(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=30)


def with_free_port(found: list[Block]) -> list[Block]:
    """Return the blocks of a page with a server of its own, if it starts one."""
    if not any("background" in block.notes for block in found):
        return found
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])

    def changed(text: str) -> str:
        return text.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("--port 8000", f"--port {port}")

    return [
        replace(block, text=changed(block.text), notes={name: changed(note) for name, note in block.notes.items()})
        for block in found
    ]


def with_newest_run(block: Block, address: str) -> Block:
    """Return a block with the newest run in place of the one that the page names, once it is finished.

    On a busy machine that may take longer than the page waits.
    """
    if RUN not in block.text or not address:
        return block
    until = time.monotonic() + COMMAND_SECONDS
    while newest := httpx.get(f"{address}/api/v1/runs", params={"limit": 1}, timeout=30).json()["items"]:
        if newest[0]["status"] not in ("queued", "running"):
            return replace(block, text=block.text.replace(RUN, newest[0]["id"]))
        assert time.monotonic() < until, f"{block.where}: {newest[0]['id']} is not finished"
        time.sleep(0.5)
    return block


def run_python(block: Block, names: dict[str, object]) -> None:
    # Empty lines above the block make a traceback show the line of the page.
    source = "\n" * block.line + block.text
    exec(compile(source, block.page, "exec"), names)


def run_page(found: list[Block], folder: Path) -> int:
    """Run the blocks of one page in a folder; return how many were run."""
    with contextlib.ExitStack() as servers:
        return run_blocks(with_free_port(found), folder, servers)


def run_blocks(found: list[Block], folder: Path, servers: contextlib.ExitStack) -> int:
    names: dict[str, object] = {"__name__": "__page__"}
    ran, address = 0, ""
    for block in found:
        if address:
            block = with_newest_run(block, address)
        if "background" in block.notes:
            servers.callback(stopped, started(block, folder))
            address = block.notes["background"]
            ran += 1
        elif "file" in block.notes:
            (folder / block.notes["file"]).write_text(block.text, encoding="utf-8")
        elif block.skipped:
            continue
        elif block.language == "console":
            run_console(block, folder)
            ran += 1
        elif block.language == "python":
            run_python(block, names)
            ran += 1
    return ran


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> list[Block]:
    return blocks(name_of(path), path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.long] if name_of(path) in LONG else []) for path in PAGES],
    ids=name_of,
)
def test_page(path, tmp_path, monkeypatch):
    found = parsed(path)
    for block in found:
        assert block.notes.get("not executed", "yes"), f"{block.where}: say why it is not executed"
    monkeypatch.chdir(tmp_path)
    if gone := missing(*programs(found), path=PATH):
        pytest.skip(gone)
    run_page(found, tmp_path)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_to_files_lead_somewhere(path):
    text = re.sub(r"(`{3,}).*?\1|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)", text) + re.findall(r"<img[^>]*\ssrc=\"([^\"]+)\"", text)
    broken = [target for target in targets if "://" not in target and not (path.parent / target).exists()]
    assert not broken, f"{path.relative_to(ROOT)} links to what is not there: {broken}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_tests_that_pages_name_are_there(path):
    named = re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8"))
    source = (
        "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")) if named else ""
    )
    missing = [
        name for name in named if f"def {name}(" not in source and not list((ROOT / "tests").rglob(f"{name}.py"))
    ]
    assert not missing, f"{path.relative_to(ROOT)} names tests that are not there: {missing}"


def test_files_that_the_page_of_the_tests_names_are_there():
    page = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    there = {path.name for path in (ROOT / "tests").rglob("*.py")}
    assert not {*re.findall(r"\btest_\w+\.py\b", page)} - there


def test_no_row_of_the_mechanisms_is_empty():
    text = (ROOT / "docs" / "mechanisms.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1:-1] for row in re.findall(r"^\| \[.*\|$", text, re.MULTILINE)]
    assert len(rows) > 10
    assert all(len(row) == 6 and all(cell.strip() for cell in row) for row in rows)


# The runner itself: a page that is never run is worse than no page.

PAGE = """
Text.

<!-- not executed: needs a network -->

```python
raise RuntimeError
```

<!-- file: note.txt -->
```yaml
five: 5
```

```python
from pathlib import Path
text = Path("note.txt").read_text()
```

1. A step:

   ```python
   assert text == "five: 5\\n"
   ```

<!-- exit: 3 -->
```console
$ python -c "import sys; \\
    sys.exit(3)"
output
```
"""


def test_blocks_are_found_with_their_notes():
    found = blocks("page.md", PAGE)
    assert [(block.language, block.line, block.notes) for block in found] == [
        ("python", 6, {"not executed": "needs a network"}),
        ("yaml", 11, {"file": "note.txt"}),
        ("python", 15, {}),
        ("python", 22, {}),
        ("console", 27, {"exit": "3"}),
    ]
    assert found[3].text == 'assert text == "five: 5\\n"\n'


def test_the_programs_of_a_page_are_known_before_it_runs():
    page = "```console\n$ curl -s \\\n  http://127.0.0.1\n$ python -V\n$ curl -V\n```"
    assert programs(blocks("page.md", page)) == ["curl", "python"]
    assert programs(blocks("page.md", f"<!-- not executed: slow -->\n{page}")) == []


def test_blocks_run_in_order_in_one_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_page(blocks("page.md", PAGE), tmp_path) == 3


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("```console\n$ python -c 'raise SystemExit(2)'\n```", "page.md:1: .* ended with 2, not 0"),
        ("```console\n$ python -V | cat\n```", "needs a shell"),
        ("```console\nonly output\n```", "no line starts with"),
        ("```python\nassert 1 == 2, 'drifted'\n```", "drifted"),
        ("```python\n", "never closed"),
    ],
)
def test_a_wrong_page_fails(page, problem, tmp_path):
    with pytest.raises(AssertionError, match=problem):
        run_page(blocks("page.md", page), tmp_path)
