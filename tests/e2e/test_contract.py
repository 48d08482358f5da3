"""The description of the API against what the server does, on thousands of generated requests.

The full search is `python -m tests.e2e.contract`; this is a short one, always the same.
"""

from __future__ import annotations

import pytest

from tests.e2e.contract import searched


@pytest.mark.long
def test_answers_are_as_described(tmp_path):
    found = searched(tmp_path, 40)
    assert found.code == 0, found.output
    assert found.cases > 2000, found.output
