"""The description of the API against what the server does, on thousands of generated requests.

`python -m tests.e2e.contract` is the same search by hand.
"""

from __future__ import annotations

import pytest

from tests.e2e.contract import FULL, WANTED, searched


@pytest.mark.long
@pytest.mark.series(name="contract")
def test_answers_are_as_described(tmp_path, times, record_property):
    found = searched(tmp_path, times)
    record_property("shown", f"{found.cases:,} requests")
    assert found.code == 0, found.output
    assert found.cases > WANTED / FULL * times, found.output
