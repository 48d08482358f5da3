"""The description of the API against what the server does, on thousands of generated requests.

The full search is `python -m tests.e2e.contract`; this is a short one, always the same.
"""

from __future__ import annotations

import pytest

from tests.e2e.contract import searched


@pytest.mark.parametrize("cases", [3, pytest.param(60, marks=pytest.mark.long)])
def test_answers_are_as_described(cases, tmp_path):
    code, output = searched(tmp_path, cases)
    assert code == 0, output
    assert "Server error" not in output
