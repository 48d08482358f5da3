"""Run every check of the project, in this order, and say at the end which ones failed.

lint         ruff check                what the code looks like
format       ruff format --check       how it is laid out
types        mypy                      strict in the four packages and in scripts/
tests        pytest                    with branch coverage; the long profile too with --all
interpreted  pytest tests/sim          the same kernels as plain Python, so that coverage can see inside them
coverage     coverage                  both runs together; the engines must reach 100 % of their branches

    python scripts/check.py                what to run before a commit
    python scripts/check.py --fast         lint, format, types and the everyday tests, no coverage
    python scripts/check.py --all          what CI runs: the long tests and thousands of generated examples
    python scripts/check.py lint types     only these

Needs nothing but the `dev` extra: every tool is a module of the Python that runs this file.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINES = (
    "sim/engines/reference.py",
    "sim/engines/compiled.py",
    "sim/engines/conditions.py",
    "sim/engines/state.py",
    "sim/engines/agenda.py",
    "sim/engines/log.py",
    "sim/engines/simulate.py",
    "sim/arrays.py",
    "sim/draws/columns.py",
    "sim/plan/work_clocks.py",
    "sim/draws/outages.py",
)
"""What decides when things happen: every branch of it is tested, and none of it knows gates."""
COVERED_PERCENT = 90  # of the four packages; the engines have a bar of their own
FAST = ("lint", "format", "types", "tests")


def run(*command: str, **environment: str) -> bool:
    """Run one Python module from the repository's root, its output shown as it comes."""
    shown = [f"{name}={value}" for name, value in environment.items()] + ["python", "-m", *command]
    print("$", " ".join(shown), flush=True)
    line = [sys.executable, "-m", *command]
    return subprocess.run(line, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode == 0


def all_there(*names: str) -> bool:
    """Tell whether all these files exist, and print those that do not: what has moved must not go unchecked."""
    missing = [name for name in names if not (ROOT / name).is_file()]
    if missing:
        print(f"not there: {', '.join(missing)}. Say in scripts/check.py where it is now.")
    return not missing


def lint(_: argparse.Namespace) -> bool:
    return run("ruff", "check", ".")


def layout(_: argparse.Namespace) -> bool:
    return run("ruff", "format", "--check", ".")


def types(_: argparse.Namespace) -> bool:
    return run("mypy")


def tests(arguments: argparse.Namespace) -> bool:
    chosen = ["-n", arguments.workers, "--durations=10"]
    if not arguments.fast:
        chosen += ["--cov", "--cov-report="]
    if arguments.all:
        chosen += ["-m", "long or not long"]
    profile = "long" if arguments.all else os.environ.get("HYPOTHESIS_PROFILE", "everyday")
    return run("pytest", *chosen, HYPOTHESIS_PROFILE=profile, COVERAGE_FILE=".coverage.tests")


def interpreted(arguments: argparse.Namespace) -> bool:
    chosen = ["-n", arguments.workers, "--cov=sim", "--cov-report="]
    environment = {"NUMBA_DISABLE_JIT": "1", "HYPOTHESIS_PROFILE": "everyday"}
    return run("pytest", *chosen, "tests/sim", **environment, COVERAGE_FILE=".coverage.interpreted")


def coverage(_: argparse.Namespace) -> bool:
    if not all_there(*ENGINES):
        return False
    parts = [path.name for path in sorted(ROOT.glob(".coverage.*"))]
    if not run("coverage", "combine", "--keep", *parts):
        return False
    everything = run("coverage", "report", f"--fail-under={COVERED_PERCENT}")
    return run("coverage", "report", f"--include={','.join(ENGINES)}", "--fail-under=100") and everything


STEPS: dict[str, Callable[[argparse.Namespace], bool]] = {
    "lint": lint,
    "format": layout,
    "types": types,
    "tests": tests,
    "interpreted": interpreted,
    "coverage": coverage,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of: {', '.join(STEPS)} (default: every one)")
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--fast", action="store_true", help="no coverage, no long tests")
    extent.add_argument("--all", action="store_true", help="the long tests too")
    parser.add_argument("--workers", default="auto", help="processes of pytest (default: one a core)")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.steps if name not in STEPS]:
        parser.error(f"no such step: {', '.join(unknown)}. Steps are {', '.join(STEPS)}.")

    for old in ROOT.glob(".coverage*"):
        if old.is_file() and "tests" in (arguments.steps or STEPS):
            old.unlink()

    chosen = [name for name in STEPS if name in (arguments.steps or (FAST if arguments.fast else STEPS))]
    outcomes: dict[str, tuple[bool, float]] = {}
    for name in chosen:
        print(f"\n=== {name}", flush=True)
        began = time.monotonic()
        passed = STEPS[name](arguments)
        outcomes[name] = passed, time.monotonic() - began

    print("\n=== summary")
    for name, (passed, seconds) in outcomes.items():
        print(f"{name:<12} {'passed' if passed else 'FAILED'} {seconds:8.1f} s")
    return 0 if all(passed for passed, _ in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
