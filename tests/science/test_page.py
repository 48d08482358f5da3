"""The page of theory says what the tests of this folder compare, and no row of it failed."""

from __future__ import annotations

import ast
import inspect
import re

from tests.science.page import AGREES, FILES, FOLDER, PAGE, Row, page

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in TEXT.splitlines() if line.startswith("| ")]
ROWS = [row for row in ROWS if row[0] != "system"]


def test_no_row_failed_and_every_verdict_follows_from_its_numbers():
    assert len(ROWS) >= 60
    for system, what, theory, mean, interval, verdict in ROWS:
        low, high = map(float, interval.split(" to "))
        assert verdict == AGREES, (system, what)
        rounding = 1e-4 * abs(float(theory))
        assert low - rounding <= float(theory) <= high + rounding, (system, what)
        assert low <= float(mean) <= high
    assert f"**{len(ROWS)} comparisons, 0 failed.**" in TEXT


def test_every_system_of_the_tests_is_on_the_page():
    systems = {re.sub(r" \[[^\]]*\]$", "", row[0]) for row in ROWS}
    for file in FILES:
        tree = ast.parse((FOLDER / file).read_text(encoding="utf-8"))
        for test in (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")):
            calls = {getattr(call.func, "id", "") for call in ast.walk(test) if isinstance(call, ast.Call)}
            if calls & {"check", "check_mmc", "check_mg1"} and "closely" not in test.name:
                said = ast.get_docstring(test)
                assert said, test.name
                assert " ".join(inspect.cleandoc(said).split("\n\n")[0].split()).replace("|", "/") in systems, test.name


def test_a_row_that_failed_is_counted():
    row = Row("test_queues.py", "M/M/1", "wait_h.mean", 1.0, 2.0, 0.1, "differs")
    text = page([row])
    assert "**1 comparisons, 1 failed.**" in text
    assert "| M/M/1 | `wait_h.mean` | 1 | 2 | 1.9 to 2.1 | differs |" in text
