"""Run every check of the project, in this order, and say at the end which ones failed.

lint         ruff check                what the code looks like
format       ruff format --check       how it is laid out
types        mypy                      strict in the four packages and in scripts/
engines      pytest sim, science       as users run them: compiled, which coverage cannot see into
tests        pytest                    all others, with branch coverage, which makes them half as fast again
long         pytest                    the long tests, without; with --all, or by its name
interpreted  pytest tests/sim          the same kernels as plain Python, so that coverage can see inside them
coverage     coverage                  both runs together; the engines must reach 100 % of their branches
docs         scripts.docs_site         the docs site, warnings as errors; with --all, or by its name
page         scripts.build_page        the page built anew gives the committed bytes; with --all, or by its name
packages     scripts/packages.py       wheels and source archive, installed and tried with each supported Python (--all)
speed        benchmarks.guard, pytest  the engine beside a bare loop, the replay's script: alone, so that nothing else
                                       on the machine is measured (--all)

    python scripts/check.py                what to run before a commit
    python scripts/check.py --quick        under a minute: lint, format, types, the tests of the package that changed
    python scripts/check.py --quick sim    the same for this package
    python scripts/check.py --all          what CI runs: the long tests too, each long series in a small form
    python scripts/check.py --soak         an hour or more: each long series in full; writes docs/validation/soak.md
    python scripts/check.py --soak queues  only this series; the page keeps the rows of the others
    python scripts/check.py lint types     only these

How often a series repeats what it tries is in tests/tiers.py. Needs nothing but the `dev` extra: every tool is a module
of the Python that runs this file, and a test that needs another program is skipped with its name.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gates", "sim", "experiments", "api", "bordergate")
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
COVERED_PERCENT = 90  # of the packages; the engines have a bar of their own
SPREAD = ("--dist", "worksteal")
"""Each worker of pytest gets neighbouring tests, so that a run or a server they share is made once; then the idle one
takes from the other."""
QUICK = ("lint", "format", "types", "tests")
COMPILED = ("tests/sim", "tests/science")
"""Tests of compiled code: coverage sees nothing of it, and would only make them slow."""
STRUCTURE = ("tests/test_architecture.py", "tests/test_exported_members.py")
"""Tests that a change in any package can break, and that take seconds."""


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


def git(*arguments: str) -> list[str]:
    """Return the lines that git prints; none where there is neither git nor a repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return done.stdout.splitlines()


def changed() -> list[str]:
    """Return the files that differ from where this branch left main, those not yet added to git included."""
    start = git("merge-base", "HEAD", "main") or ["HEAD"]
    return git("diff", "--name-only", start[0]) + git("ls-files", "--others", "--exclude-standard")


def where_tested(files: list[str]) -> list[str]:
    """Return where the tests of these files are: folders of packages, single files, those of the structure."""
    found = set(STRUCTURE)
    for name in files:
        top, *rest = name.split("/")
        mirrored = rest[0] if top == "tests" and rest else top
        if mirrored in PACKAGES:
            found.add(f"tests/{mirrored}")
        elif re.fullmatch(r"tests/(.+/)?test_\w+\.py", name) and (ROOT / name).is_file():
            found.add(name)
        elif name.endswith(".md"):
            found.add("tests/test_docs.py")
        elif top == "scripts":
            found |= {"tests/test_check.py", "tests/test_compare_commits.py", "tests/test_docs_site.py"}
    return sorted(found)


def lint(_: argparse.Namespace) -> bool:
    return run("ruff", "check", ".")


def layout(_: argparse.Namespace) -> bool:
    return run("ruff", "format", "--check", ".")


def types(_: argparse.Namespace) -> bool:
    return run("mypy")


def pytest(arguments: argparse.Namespace, name: str, *chosen: str, **environment: str) -> bool:
    """Run tests and count them under the name of their step."""
    counted = f"--junitxml={arguments.counted / name}.xml"
    spread = ("-n", arguments.workers, *SPREAD)
    return run("pytest", *spread, counted, *chosen, **{"BORDERGATE_TIER": arguments.tier, **environment})


def engines(arguments: argparse.Namespace) -> bool:
    return pytest(arguments, "engines", "--durations=10", *COMPILED)


def tests(arguments: argparse.Namespace) -> bool:
    if arguments.tier == "quick":
        chosen = where_tested([f"{arguments.quick}/"] if arguments.quick else changed())
        return pytest(arguments, "tests", "-m", "not long and not slow", *chosen)
    chosen = [f"--ignore={folder}" for folder in COMPILED]
    return pytest(
        arguments, "tests", "--durations=10", "--cov", "--cov-report=", *chosen, COVERAGE_FILE=".coverage.tests"
    )


def long(arguments: argparse.Namespace) -> bool:
    return pytest(arguments, "long", "--durations=10", "-m", "long and not timed")


def interpreted(arguments: argparse.Namespace) -> bool:
    as_python = {"NUMBA_DISABLE_JIT": "1", "BORDERGATE_TIER": "everyday", "COVERAGE_FILE": ".coverage.interpreted"}
    return pytest(arguments, "interpreted", "--cov=sim", "--cov-report=", "tests/sim", **as_python)


def coverage(_: argparse.Namespace) -> bool:
    if not all_there(*ENGINES):
        return False
    parts = [path.name for path in sorted(ROOT.glob(".coverage.*"))]
    if not run("coverage", "combine", "--keep", *parts):
        return False
    everything = run("coverage", "report", f"--fail-under={COVERED_PERCENT}")
    return run("coverage", "report", f"--include={','.join(ENGINES)}", "--fail-under=100") and everything


def packages(_: argparse.Namespace) -> bool:
    return run("scripts.packages")


def speed(arguments: argparse.Namespace) -> bool:
    counted = f"--junitxml={arguments.counted / 'timed'}.xml"
    passed = run("benchmarks.guard")
    return run("pytest", counted, "-m", "timed", "tests/e2e/test_page.py", BORDERGATE_TIER=arguments.tier) and passed


def soak(arguments: argparse.Namespace) -> bool:
    chosen = " or ".join(f"series(name='{name}')" for name in arguments.steps) or "series"
    passed = pytest(arguments, "soak", "-m", chosen, BORDERGATE_TIER="soak")
    return run("scripts.soak_table", str(arguments.counted / "soak.xml")) and passed


def docs(_: argparse.Namespace) -> bool:
    return run("scripts.docs_site")


def page(_: argparse.Namespace) -> bool:
    return run("scripts.build_page", "--check")


STEPS: dict[str, Callable[[argparse.Namespace], bool]] = {
    "lint": lint,
    "format": layout,
    "types": types,
    "engines": engines,
    "tests": tests,
    "long": long,
    "interpreted": interpreted,
    "coverage": coverage,
    "docs": docs,
    "page": page,
    "packages": packages,
    "speed": speed,
}
FOR_CI = ("long", "docs", "page", "packages", "speed")
OF_TIER = {"quick": QUICK, "everyday": tuple(name for name in STEPS if name not in FOR_CI)}
"""Steps of the tiers that leave some out."""


def series() -> tuple[str, ...]:
    """Return the names of the long series; this file may be run from anywhere."""
    sys.path.append(str(ROOT))
    from tests.tiers import SERIES

    return tuple(SERIES)


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of: {', '.join(STEPS)} (default: all of the tier)")
    tier = parser.add_mutually_exclusive_group()
    tier.add_argument(
        "--quick",
        nargs="?",
        const="",
        choices=("", *PACKAGES),
        metavar="PACKAGE",
        help="lint, format, types, and the tests of one package (default: of what changed)",
    )
    tier.add_argument("--all", action="store_true", help="the long tests too")
    tier.add_argument("--soak", action="store_true", help="only the long series, in full; STEP names some of them")
    parser.add_argument("--workers", default="auto", help="processes of pytest (default: one a core)")
    arguments = parser.parse_args()
    kind, known = ("series", series()) if arguments.soak else ("step", tuple(STEPS))
    if unknown := [name for name in arguments.steps if name not in known]:
        parser.error(f"there is no {kind} {', '.join(unknown)}. Choose from: {', '.join(known)}.")
    arguments.tier = "quick" if arguments.quick is not None else "all" if arguments.all else "everyday"
    return arguments


def closing_line(outcomes: dict[str, tuple[bool, float]], counted: Path) -> str:
    """Return the last line as pytest writes it, over all runs of pytest; any other step that failed is an error."""
    counts: Counter[str] = Counter()
    for file in counted.glob("*.xml"):
        for suite in ElementTree.parse(file).getroot().iter("testsuite"):
            bad = {name: int(suite.get(key, 0)) for key, name in WORDS.items()}
            counts.update({**bad, "passed": int(suite.get("tests", 0)) - sum(bad.values())})
    unread = [name for name, (passed, _) in outcomes.items() if not passed and not (counted / f"{name}.xml").is_file()]
    counts["errors"] += len(unread)
    shown = [f"{counts[name]} {name}" for name in ("failed", "passed", "skipped", "errors") if counts[name]]
    seconds = sum(seconds for _, seconds in outcomes.values())
    return f" {', '.join(shown) or 'no tests ran'} in {seconds:.2f}s ".center(80, "=")


WORDS = {"failures": "failed", "errors": "errors", "skipped": "skipped"}


def main() -> int:
    arguments = parsed_arguments()
    for old in ROOT.glob(".coverage*"):
        if old.is_file() and "tests" in (arguments.steps or STEPS) and arguments.tier != "quick":
            old.unlink()

    steps: dict[str, Callable[[argparse.Namespace], bool]] = {"soak": soak} if arguments.soak else STEPS
    named = () if arguments.soak else arguments.steps
    chosen = [name for name in steps if name in (named or OF_TIER.get(arguments.tier, steps))]
    outcomes: dict[str, tuple[bool, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        arguments.counted = Path(folder)
        for name in chosen:
            print(f"\n=== {name}", flush=True)
            began = time.monotonic()
            passed = steps[name](arguments)
            outcomes[name] = passed, time.monotonic() - began

        print("\n=== summary")
        for name, (passed, seconds) in outcomes.items():
            print(f"{name:<12} {'passed' if passed else 'FAILED'} {seconds:8.1f} s")
        print(closing_line(outcomes, arguments.counted))
    return 0 if all(passed for passed, _ in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
