"""Write the table of docs/metrics.md from the definitions in `sim.metrics.definitions`.

python scripts/write_metrics_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sim.metrics.definitions import METRICS  # noqa: E402

PAGE = ROOT / "docs" / "metrics.md"
BEGIN, END = "<!-- begin: definitions -->\n", "<!-- end: definitions -->\n"


def table() -> str:
    """Return the definitions as a table."""
    rows = [f"| `{name}` | {d.unit} | {d.sentence} | {d.source} |" for name, d in METRICS.items()]
    return "\n".join(["| metric | unit | what it is | whose definition |", "|---|---|---|---|", *rows]) + "\n"


def renewed(page: str) -> str:
    """Return the page with its table made anew."""
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n" + table() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
