"""Put the last figures, the machine and the commit into `benchmarks/README.md`.

Run it after the scripts have written `benchmarks/results/*.json`:

    python -m benchmarks.report
    python -m benchmarks.report --commit ID    the commit that holds the measured code, if not the present one
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import command, gate, limit, peers, scaling, service
from benchmarks.harness import RESULTS, commit, engine_digest, table, three_digits

README = Path(__file__).resolve().parent / "README.md"
NAMES = ("peers", "gate", "scaling", "limit", "service", "command")
Document = dict[str, Any]


def read(results: Path) -> dict[str, Document]:
    """Return the result files that exist."""
    found = {}
    for name in NAMES:
        path = results / f"{name}.json"
        if path.exists():
            found[name] = json.loads(path.read_text("utf-8"))
    return found


def sections(documents: dict[str, Document], present: str) -> dict[str, str]:
    """Return the text of each section of the page."""
    tables: dict[str, Callable[[list[Any]], str]] = {
        "peers": peers.markdown,
        "gate": gate.markdown,
        "scaling": scaling.markdown,
        "limit": limit.markdown,
        "service": service.markdown,
        "command": command.markdown,
    }
    written = {name: tables[name](document["rows"]) for name, document in documents.items()}
    if "peers" in written:
        theory = documents["peers"]["theory_mean_s"]
        written["peers"] += f"\n\nThe exact mean in the long run is {theory:.2f} s (Burke 1956, Erlang 1917)."
    if "scaling" in written:
        written["scaling"] += f"\n\n{scaling.summary(documents['scaling']['summary'])}"
    return {**written, "targets": targets(documents), "machine": where(documents, present)}


def where(documents: dict[str, Document], present: str) -> str:
    """Return machine, versions, date and commit of each result."""
    lines = []
    for name, document in documents.items():
        machine = document["machine"]
        libraries = ", ".join(f"{library} {version}" for library, version in machine["libraries"].items())
        same = document["engine_digest"] == engine_digest()
        made = present if same else f"{document['commit']} or later; `sim/` has changed since"
        lines.append(
            f"- **{name}**: {document['measured']}, commit {made}; {machine['cpu']}, {machine['cores']} cores, "
            f"{machine['memory_gib']} GiB, {machine['system']}; Python {machine['python']}, {libraries}"
        )
    return "\n".join(lines)


def targets(documents: dict[str, Document]) -> str:
    """Return the table of what the project wants of its engine, and what was measured."""
    rows: list[tuple[str, str, str, str]] = []

    def add(what: str, wanted: float, found: float, *, at_most: bool = False) -> None:
        met = found <= wanted if at_most else found >= wanted
        sign = "≤" if at_most else "≥"
        rows.append((what, f"{sign} {wanted:,g}", three_digits(found), "yes" if met else "**no**"))

    if "gate" in documents:
        year = documents["gate"]["rows"][-1]
        month = next(row for row in documents["gate"]["rows"] if "times_reference" in row)
        add(f"Friendship Pass, {year['days']} days: million visits/s in simulate", 6, year["visits_per_s"] / 1e6)
        add(f"Friendship Pass, {month['days']} days: times the reference engine", 100, month["times_reference"])
        add(f"Friendship Pass, {year['days']} days by streaming [s]", 2, year["cpu_s"]["streaming"], at_most=True)
        for row in documents["gate"]["rows"]:
            what = f"Friendship Pass, {row['days']} days: times simulate alone,"
            together = gate.times_simulate(row, "draw", "simulate", "metrics")
            add(f"{what} draw + simulate + metrics", 1.8, together, at_most=True)
            add(f"{what} the same by streaming", 2, gate.times_simulate(row, "streaming"), at_most=True)
    if "peers" in documents:
        for tool, wanted in (("SimPy", 60), ("Ciw", 200)):
            found = [
                row["compiled_is_times_faster"]
                for row in documents["peers"]["rows"]
                if row["tool"] == tool and row["cpu_s"] is not None and not row["refused"]
            ]
            if found:
                add(f"six-stage line: times {tool}, the worst size", wanted, min(found))
    if "limit" in documents:
        found = [row["of_bare"] for row in documents["limit"]["rows"] if row["loop"] == limit.ENGINE]
        add("six-stage line: speed over that of the bare loop, largest size", 0.6, found[-1])
    if "command" in documents:
        for row in documents["command"]["rows"]:
            names = ("first_number_s", "last_file_s")
            for name, wanted in zip(names, command.WANTED.get(row["what"], (None, None)), strict=True):
                if wanted is not None:
                    what = f"`bordergate run`, {row['what']}: {name.removesuffix('_s').replace('_', ' ')} [s]"
                    add(what, wanted, row[name], at_most=True)
    if "scaling" in documents:
        ratios = documents["scaling"]["summary"]
        what = f"time a visit, {ratios['trucks_to']:,.0f} trucks over {ratios['trucks_from']:,.0f}"
        add(what, 1.3, ratios["time_per_visit_ratio"], at_most=True)
        add(f"{what}, without memory given by the system", 1.3, ratios["user_time_per_visit_ratio"], at_most=True)
        add(f"{what}, streaming", 1.3, ratios["streaming_time_per_visit_ratio"], at_most=True)
        what = f"streaming: peak memory, {ratios['days_to']:,} days over {ratios['days_from']:,}"
        add(what, 1.1, ratios["streaming_memory_ratio"], at_most=True)
    return table(("what", "wanted", "measured", "met"), rows)


def filled(page: str, texts: dict[str, str]) -> str:
    """Return the page with the text of each section between its two comment lines."""
    for name, text in texts.items():
        begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
        if begin not in page or end not in page:
            raise SystemExit(f"{README.name} lacks `{begin}` or `{end}`")
        between = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        page = between.sub(lambda _, put=f"{begin}\n\n{text}\n\n{end}": put, page)  # type: ignore[misc]
    return page


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of results")
    parser.add_argument("--commit", default=commit(), help="commit that holds the measured code")
    options = parser.parse_args(argv)
    texts = sections(read(options.results), options.commit)
    README.write_text(filled(README.read_text("utf-8"), texts), "utf-8")
    print(f"{README.name}: {', '.join(texts)}\n\n{texts['targets']}\n\n{texts['machine']}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
