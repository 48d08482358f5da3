"""Write the table of docs/metrics.md from the declarations of the metrics.

python scripts/write_metrics_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sim.metrics.registry import METRICS  # noqa: E402

PAGE = ROOT / "docs" / "metrics.md"
BEGIN, END = "<!-- begin: definitions -->\n", "<!-- end: definitions -->\n"


def table() -> str:
    """Return the declarations as a table."""
    rows = [
        f"| `{name}` | {m.title} | {m.unit} | {', '.join(m.statistics)} | {m.better} | {m.definition} | {m.source} |"
        for name, m in METRICS.items()
    ]
    head = "| metric | title | unit | statistics | better | definition | whose definition |"
    return "\n".join([head, "|" + "---|" * 7, *rows]) + "\n"


def renewed(page: str) -> str:
    """Return the page with its table made anew."""
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n" + table() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
