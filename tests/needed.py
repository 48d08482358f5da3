"""What a test needs beyond Python and the `dev` extra: without it the test is skipped, with the program's name.

CI installs every program, and sets `BORDERGATE_NOTHING_SKIPPED`: a skipped test is a failure there
(`tests/conftest.py`).
"""

from __future__ import annotations

import shutil

import pytest


def missing(*programs: str, path: str | None = None) -> str:
    """Return why a test cannot run: the programs that are not on the path; nothing if all are."""
    gone = [name for name in programs if shutil.which(name, path=path) is None]
    return f"not installed: {', '.join(gone)}" if gone else ""


def needs(*programs: str) -> pytest.MarkDecorator:
    """Mark a test that starts these programs."""
    reason = missing(*programs)
    return pytest.mark.skipif(bool(reason), reason=reason or "all there")
