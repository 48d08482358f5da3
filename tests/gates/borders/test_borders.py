"""Border files: what is wrong, where, and the remedy; how their gates are found; a border read as one gate."""

from __future__ import annotations

import json
from typing import Any

import pytest

import gates
from gates.borders.checks import CHECKS, check_border
from gates.files.load import gate_from_data, gate_from_text
from gates.schema.borders.composed import ComposedGate
from gates.schema.borders.model import Border
from gates.schema.borders.names import parted

from ..files import REMOVED, minimal, put, write


def small_border(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Return a border of two small gates with trade between them, with values put at paths."""
    data: dict[str, Any] = {
        "name": "two",
        "start": "2025-07-01",
        "end_of_day": {"at": "20:00", "side": "vn"},
        "gates": {"a": {"gate": minimal()}, "b": {"gate": minimal()}},
        "board": {"at": ["20:00"], "side": "vn"},
        "trade": {
            "cargo": {
                "flows": {"a": ["general"], "b": ["general"]},
                "usual_wait": {"a": "2 h", "b": "1 h"},
                "spread": "1 h",
                "thinks_again": {"in": {"a": ["booth"]}, "gain": "1 h"},
            }
        },
    }
    return put(data, changes, "/")


def findings_of(data: dict[str, Any]) -> list[gates.Finding]:
    """Return what is wrong with plain data, read as a file would be."""
    try:
        gate_from_text(json.dumps(data), "border.yaml")
    except gates.ConfigError as error:
        return error.findings
    return []


TRADE = "trade/cargo"
FLEET = {"side": "vn", "shifts": [{"hours": "24 h", "units": 2}]}
ROWS: dict[str, list[tuple[list[tuple[str, Any]], str, str, str, str]]] = {
    "sides": [
        (
            [("end_of_day/side", "xx")],
            "end_of_day.side",
            "xx",
            "no side of a, b",
            "Use one that all gates have: cn, vn.",
        ),
        (
            [("gates/b/gate/sides/cn", "Asia/Tokyo")],
            "gates.b.gate",
            "Asia/Tokyo",
            "side cn has another time zone at a: Asia/Shanghai",
            "Name the sides of one of the two anew.",
        ),
    ],
    "trade_flows": [
        ([(f"{TRADE}/flows/c", ["general"]), (f"{TRADE}/usual_wait/c", "1 h")], "trade.cargo.flows.c", "c",
         "no such gate of the border", "Use one of a, b."),
        ([(f"{TRADE}/flows/a", ["genral"])], "trade.cargo.flows.a[0]", "genral", "no such flow of minimal",
         "Did you mean general?"),
        ([(f"{TRADE}/flows/a", ["general", "general"])], "trade.cargo.flows.a[1]", "general", "named twice",
         "Keep one of the two."),
        ([("trade/other", {"flows": {"a": ["general"]}, "usual_wait": {"a": "1 h"}})], "trade.other.flows.a[0]",
         "general", "trucks of its class and direction belong to the trade cargo", "Keep one of the two."),
        ([("gates/a/gate/booking", {"slots": {"flows": ["general"], "side": "vn", "slot": "30 min", "capacity": 2}})],
         "trade.cargo.flows.a[0]", "general", "its trucks book a slot at their gate",
         "Leave the flow out of the trade, or out of the booking of the gate."),
    ],
    "board": [
        ([("board", None)], "board", "", "missing", "Add `board`: when the waits at the gates are posted."),
        ([("trade", {})], "board", "", "nobody chooses by it", "Add `trade`, or remove it."),
    ],
    "trade_costs": [
        ([(f"{TRADE}/usual_wait/b", REMOVED)], "trade.cargo.usual_wait", "", "no usual wait at b",
         "Add `b`: the wait posted on a usual day."),
        ([(f"{TRADE}/usual_wait/c", "1 h")], "trade.cargo.usual_wait.c", "c", "no such gate of the trade",
         "Use one of a, b."),
        ([(f"{TRADE}/fees", {"a": 10})], "trade.cargo.fees", "", "nothing turns them into time",
         "Add `value_of_time`, in USD an hour."),
        ([("gates/b/gate/flows/general/per_day", 0)], "trade.cargo.flows.b", "general", "no truck usually goes there",
         "Give a flow its usual `per_day`, or leave the gate out of the trade."),
    ],
    "thinks_again": [
        ([(f"{TRADE}/thinks_again/in/c", ["booth"])], "trade.cargo.thinks_again.in.c", "c",
         "no such gate of the trade", "Use one of a, b."),
        ([(f"{TRADE}/thinks_again/in/a", ["boot"])], "trade.cargo.thinks_again.in.a[0]", "boot",
         "no such stage of minimal", "Did you mean booth?"),
        ([(f"{TRADE}/thinks_again/in/a", ["dock"]),
          ("gates/a/gate/stages/dock", {"side": "vn", "lanes": 1, "service": {"constant": "1 h"}}),
          ("gates/a/gate/paths/northbound", ["booth", "inspection", "exit", {"mark": "released"}, "dock"])],
         "trade.cargo.thinks_again.in.a[0]", "dock", "no truck of the trade comes there before its release",
         "Name a stage of their path."),
        ([(f"{TRADE}/thinks_again/in/a", ["yard"]), ("gates/a/gate/pools/fleet", FLEET),
          ("gates/a/gate/stages/booth/takes", {"fleet": 1}),
          ("gates/a/gate/stages/yard",
           {"side": "vn", "lanes": 1, "service": {"constant": "1 h"}, "gives": {"fleet": 1}}),
          ("gates/a/gate/paths/northbound", ["booth", "yard", "inspection", "exit"])],
         "trade.cargo.thinks_again.in.a[0]", "yard", "trucks hold units of a pool there",
         "Name a stage at which they hold nothing."),
        ([("gates/a/gate/stages/moving-cargo", {"side": "vn", "lanes": 1, "service": {"constant": "1 h"}}),
          ("gates/a/gate/paths/northbound", ["booth", "moving-cargo", "inspection", "exit"])],
         "trade.cargo", "cargo", "a has a stage moving-cargo, which is the name of the way there",
         "Rename the trade or the stage."),
    ],
    "sources": [
        ([(f"{TRADE}/sources", {"spred": "assumption"})], "trade.cargo.sources.spred", "spred",
         "nothing here has this name", "Did you mean spread?"),
        ([("board/sources", {"at": "F9999"})], "board.sources.at", "F9999", "F9999 is not in the fact library",
         "Write fact ids, `assumption: why` or `own: where it is written`."),
    ],
    "distributions": [
        ([(f"{TRADE}/moves", {"takes": {"uniform": {"low": "2 h", "high": "1 h"}}})],
         "trade.cargo.moves.takes.uniform", "2 h to 1 h", "low is greater than high", "Swap them."),
        ([(f"{TRADE}/sets_out", {"puts_up_with": {"lognormal": {"mean": "300 d", "cv": 10}}})],
         "trade.cargo.sets_out.puts_up_with", "", "durations may exceed 100 years", "Use a smaller mean or cv."),
    ],
}  # fmt: skip
FLAT = [(name, *row) for name, rows in ROWS.items() for row in rows]


def test_the_small_border_is_sound():
    border = gate_from_text(json.dumps(small_border()))
    assert isinstance(border, ComposedGate)
    assert check_border(border.border) == []


def test_every_check_has_a_row_and_every_row_a_check():
    assert set(ROWS) == set(CHECKS)


@pytest.mark.parametrize("row", FLAT, ids=[f"{row[0]}-{n}" for n, row in enumerate(FLAT)])
def test_a_mistake_is_found_with_its_remedy(row):
    _, changes, path, value, problem, remedy = row
    found = {(f.path, f.problem, f.remedy): f.value for f in findings_of(small_border(*changes))}
    assert (path, problem, remedy) in found
    assert not value or found[path, problem, remedy] == value
    assert len(found) == 1


def test_mistakes_of_the_models_and_of_gates_are_found_at_their_places():
    wrong = small_border(("board/over", 0), ("gates/b", {"gate": "frendship-pass"}))
    assert {f.path for f in findings_of(wrong)} == {"board.over"}
    (found,) = findings_of(small_border(("gates/b", {"gate": "frendship-pass"})))
    assert str(found).endswith(
        "gates.b.gate = frendship-pass - no such gate in the library. Did you mean friendship-pass?"
    )
    inside = findings_of(small_border(("gates/b/gate/stages/booth/hours", "08:00-08:00")))
    assert [f.path for f in inside] == ["gates.b.gate.stages.booth.hours"]
    (upgrade,) = findings_of(small_border(("gates/a/upgrades", ["no-such"])))
    assert upgrade.path == "gates.a.upgrades[0]"


def test_gates_are_found_in_the_library_and_beside_the_file(tmp_path):
    write(tmp_path, json.dumps(minimal()), "own.yaml")
    border = small_border(("gates/a", {"gate": "minimal"}), ("gates/b", {"gate": "own.yaml"}))
    path = write(tmp_path, json.dumps(border), "border.yaml")
    found = gates.load_gate(path)
    assert isinstance(found, ComposedGate)
    again = gate_from_data(found.document)  # by itself, wherever it is read
    assert isinstance(again, ComposedGate)
    assert again.document == found.document
    assert found.border.gates["a"].found == found.border.gates["b"].found == gates.load_gate("minimal")
    (refused,) = findings_of(border)  # a text from elsewhere names no file of this machine
    assert refused.path == "gates.b.gate"


def test_a_border_is_no_gate_of_a_border(tmp_path):
    write(tmp_path, json.dumps(small_border()), "inner.yaml")
    path = write(tmp_path, json.dumps(small_border(("gates/b", {"gate": "inner.yaml"}))), "border.yaml")
    with pytest.raises(gates.ConfigError, match="is a border"):
        gates.load_gate(path)


def test_upgrades_apply_by_gate(tmp_path):
    upgrade = {
        "name": "more", "about": "One lane more.", "gate": "minimal",
        "changes": [{"path": "stages.booth.lanes", "set": 3, "source": "assumption"}],
    }  # fmt: skip
    write(tmp_path, json.dumps(upgrade), "more.yaml")
    path = write(tmp_path, json.dumps(small_border(("gates/a/upgrades", ["more.yaml"]))), "border.yaml")
    found = gates.load_gate(path)
    assert isinstance(found, ComposedGate)
    assert [found.stages[f"{name}:booth"].lanes for name in "ab"] == [3, minimal()["stages"]["booth"]["lanes"]]
    assert [change.path for change in found.changes] == ["gates.a.gate.stages.booth.lanes"]
    with pytest.raises(gates.ConfigError, match="upgrades change a gate, not a border"):
        gates.apply_upgrades(found, [gates.load_upgrade(tmp_path / "more.yaml")])


def test_a_border_reads_as_one_gate():
    border = gate_from_text(json.dumps(small_border()))
    assert list(border.stages)[:3] == ["a:moving-cargo", "a:booth", "a:inspection"]
    assert {parted(name)[0] for name in border.stages} == {"a", "b"}
    assert [flow.direction for flow in border.flows.values()] == ["a:northbound", "b:northbound"]
    assert parted("a:booth") == ("a", "booth")
    assert parted("booth") == (None, "booth")
    assert repr(border) == "Border two: 2 gates, 1 trades"
    assert {number.path.partition(".")[0] for number in gates.every_number(border)} >= {"gates", "trade", "board"}


def test_costs_beyond_the_wait_bring_the_usual_shares_about():
    # a has 3 of 4 trucks, so it costs ln 3 spreads less than b beyond the usual waits of 2 h and 1 h; the fee of
    # 10 USD is 2 h. a: ln(4/3) - 2 + 2; b: ln 4 - 1: a is 0.288 h and b 0.386 h, and the smaller counts as 0.
    data = small_border(
        ("gates/a/gate/flows/general/per_day", 30), ("gates/b/gate/flows/general/per_day", 10),
        (f"{TRADE}/fees", {"a": 10}), (f"{TRADE}/value_of_time", 5),
    )  # fmt: skip
    border = gate_from_text(json.dumps(data))
    assert isinstance(border, ComposedGate)
    trade = border.border.trade["cargo"]
    extra = trade.extra(border.border)
    assert extra["a"] == 0
    assert extra["b"] / 3600 == pytest.approx(0.38629436 - 0.28768207)
    assert Border.model_validate(border.document) == border.border
