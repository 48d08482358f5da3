"""The page of metrics says what the code defines."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current() -> None:
    spec = importlib.util.spec_from_file_location("page", ROOT / "scripts" / "write_metrics_page.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert script.renewed(page) == page, "run python scripts/write_metrics_page.py"
