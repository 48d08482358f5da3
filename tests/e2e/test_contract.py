"""The description of the API against what the server does, on thousands of generated requests.

The full search is `python -m tests.e2e.contract`; this is a short one, always the same.
"""

from __future__ import annotations

import pytest

from tests.e2e.contract import searched


@pytest.mark.long
def test_answers_are_as_described(tmp_path):
    code, output = searched(tmp_path, 40)
    assert code == 0, output
    assert "Server error" not in output
