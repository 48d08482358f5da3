"""The map of a gate: who goes where, and where it is drawn."""

from __future__ import annotations

import re

import pytest

from experiments.map import as_svg, lay_out
from experiments.map.layout import BOX_H, BOX_W
from experiments.map.moves import Move, traffic
from experiments.map.svg import NOTE
from experiments.map.texts import wrapped
from gates import load_gate
from gates.upgrades import apply_upgrades, with_needs

NORTH, SOUTH = "northbound", "southbound"


@pytest.fixture(scope="module")
def friendship():
    return load_gate("friendship-pass")


@pytest.fixture(scope="module")
def drawn(friendship):
    return lay_out(friendship)


def place(drawn, name):
    return next(stage for stage in drawn.stages if stage.name == name)


def test_moves_of_a_small_gate_worked_out_by_hand():
    going = traffic(load_gate("minimal"))
    assert going.moves == (
        Move("booth", "inspection", NORTH, empty=False),
        Move("inspection", "exit", NORTH, empty=False),
    )
    assert going.shares == {"booth": 1.0, "inspection": 0.25, "exit": 1.0}


def test_trucks_turn_where_their_load_is_off(friendship):
    moves = traffic(friendship).moves
    assert Move("freight-road-north", "kiosk-in-cn", NORTH, empty=False) in moves
    assert Move("freight-road-north", "kiosk-in-cn", NORTH, empty=True) in moves  # of southbound loads
    assert Move("dock-cn", "kiosk-out-cn", SOUTH, empty=True) in moves
    assert not any(move.start == "dock-cn" and not move.empty for move in moves)  # nobody takes a second load today


def test_second_loads_are_drawn_once_somebody_takes_them(friendship):
    gate, _ = apply_upgrades(friendship, with_needs(["two-way-loads"]))
    assert Move("dock-cn", "kiosk-out-cn", SOUTH, empty=False) in traffic(gate).moves


def test_ways_of_a_fork_do_not_touch(friendship):
    """The unmanned lane and the road are two ways; the scan of some red loads is in the chain of all."""
    gate, _ = apply_upgrades(friendship, with_needs(["igv-smart-lane"]))
    pairs = {(move.start, move.end) for move in traffic(gate).moves}
    assert ("crane-off-north", "xray-cn") in pairs
    assert ("kiosk-in-cn", "xray-cn") in pairs
    assert not {("crane-off-north", "freight-road-north"), ("crane-off-north", "kiosk-in-cn")} & pairs
    assert {(f"customs-{channel}", "scan-vn") for channel in ("green", "papers", "bays")} <= pairs


def test_shares_are_means_over_classes(friendship):
    shares = traffic(friendship).shares
    assert shares["quarantine-vn"] == pytest.approx((75 + 82) / 262)
    assert shares["lab-cn"] == pytest.approx(75 / 262)
    assert shares["scan-vn"] == pytest.approx(0.2 * 0.5)


def test_sides_bands_and_columns(drawn, friendship):
    for stage in drawn.stages:
        assert (stage.x < drawn.line_x) == (friendship.stages[stage.name].side == "vn")
    assert {place(drawn, name).band for name in ("metering-yard", "bay-cn")} == {"upper"}
    assert place(drawn, "border-guard-in-vn").band == "lower"
    assert place(drawn, "gate-in-vn").band == "middle"
    channels = [place(drawn, name) for name in ("customs-green", "customs-papers", "customs-bays")]
    assert len({stage.x for stage in channels}) == 1
    assert place(drawn, "gate-in-vn").x < channels[0].x < place(drawn, "scan-vn").x


def test_nothing_lies_on_anything_else(drawn):
    boxes = [(stage.x, stage.y) for stage in drawn.stages]
    for n, (x, y) in enumerate(boxes):
        assert 0 <= x <= drawn.width - BOX_W
        assert 0 <= y <= drawn.height - BOX_H
        assert all(abs(x - a) >= BOX_W or abs(y - b) >= BOX_H for a, b in boxes[:n])


def test_every_stage_of_every_language_has_its_title(friendship):
    for language in ("en", "vi", "zh"):
        drawn = lay_out(friendship, language)
        assert all(stage.lines and "".join(stage.lines) for stage in drawn.stages)
        assert all(len(stage.lines) <= 4 for stage in drawn.stages)
    assert place(lay_out(friendship, "zh"), "xray-cn").title == "中国海关X光机检"


def test_details_name_hours_on_both_clocks_and_sources(drawn):
    (details,) = place(drawn, "bay-cn").details
    assert details["hours"]["cn"] == "08:00-21:00"
    assert details["hours"]["vn"] == "07:00-20:00"
    assert "F005" in details["source"]


def test_the_picture_repeats_and_needs_nothing_else(friendship):
    first, again = as_svg(lay_out(friendship)), as_svg(lay_out(friendship))
    assert first == again
    assert "href" not in first
    assert set(re.findall(r"url\(#([^)]+)\)", first)) <= set(re.findall(r'id="([^"]+)"', first))


def test_a_long_word_is_cut_into_lines_that_fit():
    assert len(wrapped("Donaudampfschifffahrtsgesellschaft", 78)) >= 3
    assert wrapped("X-ray (China)", 78) == ["X-ray"]
    assert "".join(wrapped("中国海关查验场", 40)) == "中国海关查验场"


@pytest.mark.parametrize("name", ["friendship-pass", "holyhead-dublin", "minimal"])
def test_the_legend_stays_inside_the_picture(name):
    picture = as_svg(lay_out(load_gate(name)))
    width = float(picture.split('width="')[1].split('"')[0])
    place = picture.rindex("<text", 0, picture.index(NOTE))
    begin = float(picture[place:].split('x="')[1].split('"')[0])
    assert begin + 5.6 * len(NOTE) <= width  # 5.6 px a letter, a little more than it is
