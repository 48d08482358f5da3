"""Compare what two commits compute, on this machine: draws, event logs, metrics and tables of studies.

    python scripts/compare_commits.py main                     main against HEAD
    python scripts/compare_commits.py main my-branch           two commits
    python scripts/compare_commits.py main --keep FOLDER       what is recorded of a commit is kept, and read next time
    python scripts/compare_commits.py main --renamed draws.asked=draws.would_come
    python scripts/compare_commits.py main --except 'study/*/scenarios/all/title'

Each commit is checked out in a folder of its own, removed afterwards, and `record_results.py` (that of the current
files, for both) runs in it. A neutral change leaves every value of the base as it is: a value that differs or is
gone is listed, and the script ends with 1. What is new in the second commit is counted and allowed. About two
minutes a commit on one core. Hashes are for one machine: another processor may round in another way.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RECORDER = Path(__file__).with_name("record_results.py")
CACHE = Path(tempfile.gettempdir()) / "bordergate-compare"
"""Where compiled code of each commit is kept."""
LIBRARIES = ("numba", "numpy", "pandas", "scipy", "simpy")
SHOWN = 40

Recorded = dict[str, str]
"""Name of a value -> its hash, or the exact value (see `record_results.py`)."""


class Comparison(NamedTuple):
    """Names of values, by what became of them."""

    equal: list[str]
    differ: list[str]
    gone: list[str]
    new: list[str]


def compare(base: Mapping[str, str], head: Mapping[str, str]) -> Comparison:
    """Compare all values of two commits by name."""
    shared = [name for name in base if name in head]
    return Comparison(
        equal=[name for name in shared if base[name] == head[name]],
        differ=[name for name in shared if base[name] != head[name]],
        gone=[name for name in base if name not in head],
        new=[name for name in head if name not in base],
    )


def with_new_names(values: Mapping[str, str], renamed: Mapping[str, str]) -> Recorded:
    """Return values under the names that they have now; `draws.outages` also renames `draws.outages.start`."""
    return {"/".join(_new_name(part, renamed) for part in name.split("/")): value for name, value in values.items()}


def _new_name(part: str, renamed: Mapping[str, str]) -> str:
    for old, new in renamed.items():
        if part == old or part.startswith(f"{old}."):
            return new + part[len(old) :]
    return part


def without(values: Mapping[str, str], patterns: Sequence[str]) -> Recorded:
    """Leave out the names that match one of the patterns, in which * stands for anything."""
    return {name: v for name, v in values.items() if not any(fnmatch.fnmatchcase(name, p) for p in patterns)}


# Recording.


def git(*arguments: str, root: Path = ROOT) -> str:
    """Return what git prints."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


@contextlib.contextmanager
def checked_out(commit: str, root: Path = ROOT) -> Iterator[Path]:
    """Give a folder with the files of a commit, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="bordergate-") as parent:
        folder = Path(parent) / commit[:12]
        git("worktree", "add", "--detach", str(folder), commit, root=root)
        try:
            yield folder
        finally:
            git("worktree", "remove", "--force", str(folder), root=root)


def record(commit: str, keep: Path | None = None, recorder: Path = RECORDER, root: Path = ROOT) -> Recorded:
    """Return what a commit computes, from `keep` if the same recorder was there before on such a machine."""
    kept = keep / f"{commit[:12]}-{circumstances(recorder)}.json" if keep else None
    if kept and kept.is_file():
        print(f"{commit[:12]}: read from {kept.name}", flush=True)
        return _read(kept)
    began = time.monotonic()
    with checked_out(commit, root) as folder:
        out = folder.parent / "recorded.json"
        cache = {"NUMBA_CACHE_DIR": str(CACHE / f"numba-{commit[:12]}"), "PYTHONPATH": str(folder)}
        line = [sys.executable, "-P", str(recorder), str(out)]
        if subprocess.run(line, cwd=folder, env={**os.environ, **cache}, check=False).returncode:
            raise SystemExit(f"{commit[:12]}: {recorder.name} failed; its message stands above")
        values = _read(out)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(values, indent=0), encoding="utf-8")
    print(f"{commit[:12]}: {len(values):,} values in {time.monotonic() - began:.0f} s", flush=True)
    return values


def _read(file: Path) -> Recorded:
    values: Recorded = json.loads(file.read_text(encoding="utf-8"))
    return values


def circumstances(recorder: Path) -> str:
    """Return a hash of all but the commit that a recorded value may depend on."""
    versions = [metadata.version(name) for name in LIBRARIES]
    text = repr((recorder.read_text(encoding="utf-8"), sys.version, platform.platform(), platform.node(), versions))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


# Telling.


def group_of(name: str) -> str:
    """Return the line under which a value is summed up: gate and part of it, or study."""
    kind, subject, *parts = name.split("/")
    return f"{kind}/{subject} {parts[-1].partition('.')[0] if kind == 'run' else 'tables'}"


def print_groups(base: Recorded, head: Recorded) -> None:
    """Print one hash for each gate and part of it, and for each study, over the names that both commits have."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(base.keys() & head.keys()):
        groups[group_of(name)].append(name)
    for group, names in groups.items():
        old, new = ("\n".join(f"{name} {values[name]}" for name in names) for values in (base, head))
        verdict = hashlib.sha256(new.encode()).hexdigest() if old == new else "DIFFERS"
        print(f"{group:<48} {len(names):>6}  {verdict}")


def print_names(title: str, names: Sequence[str], base: Mapping[str, str], head: Mapping[str, str]) -> None:
    """Print names with their two values."""
    if names:
        print(f"\n{title}:")
    for name in names[:SHOWN]:
        print(f"  {name}: {spoken(base.get(name))} -> {spoken(head.get(name))}")
    if len(names) > SHOWN:
        print(f"  and {len(names) - SHOWN:,} more")


def spoken(value: str | None) -> str:
    """Return a recorded value for people: a number as a decimal, the start of a hash."""
    if value is None:
        return "nothing"
    return repr(float.fromhex(value)) if "0x" in value or value in ("nan", "inf", "-inf") else value[:12]


def pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(f"{text} is not OLD=NEW")
    return old, new


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", metavar="BASE", help="commit whose values must stay")
    parser.add_argument("head", metavar="HEAD", nargs="?", default="HEAD", help="commit that is compared with it")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what is recorded of each commit there")
    parser.add_argument(
        "--renamed", type=pair, action="append", default=[], metavar="OLD=NEW", help="a part of names; repeatable"
    )
    parser.add_argument(
        "--except", action="append", default=[], dest="left_out", metavar="PATTERN", help="names left out; repeatable"
    )
    arguments = parser.parse_args()

    commits = [git("rev-parse", "--verify", f"{name}^{{commit}}") for name in (arguments.base, arguments.head)]
    base, head = (without(record(commit, arguments.keep), arguments.left_out) for commit in commits)
    base = with_new_names(base, dict(arguments.renamed))
    compared = compare(base, head)
    print_groups(base, head)
    print_names("Differ", compared.differ, base, head)
    print_names("Gone", compared.gone, base, head)
    print_names("New, which is allowed", compared.new, base, head)
    counts = ", ".join(f"{what} {len(names):,}" for what, names in compared._asdict().items())
    print(f"\nValues of {commits[0][:12]} in {commits[1][:12]}: {counts}.")
    return 1 if compared.differ or compared.gone or not compared.equal else 0


if __name__ == "__main__":
    sys.exit(main())
