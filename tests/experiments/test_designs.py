"""From a study to its scenarios: nothing is simulated."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from experiments.studies.designs import (
    Setting,
    at_points,
    cells,
    readings_of_study,
    title_of,
    values_of,
    varied_places,
)
from experiments.studies.model import Factor, Study
from experiments.studies.result import contexts_of, counted
from gates import ConfigError, load_gate, load_upgrade, upgrade_names
from tests.experiments.studies import small


def made(**changes: Any) -> dict[str, Any]:
    return {cell.name: cell for cell in cells(small(**changes), 3)}


def test_a_scenario_has_its_own_start_demand_and_level():
    found = cells(
        Study.model_validate(
            {
                "name": "own",
                "question": "?",
                "gate": "friendship-pass",
                "start": "2025-07-01",
                "demand": 1.1,
                "scenarios": [
                    {"name": "september", "start": "2025-09-01"},
                    {"name": "busy", "demand": 1.5},
                    {"name": "few", "upgrades": ["more-bays"], "level": "low"},
                    {"name": "many", "upgrades": ["more-bays"], "level": "high"},
                ],
            }
        ),
        7,
    )
    by_name = {cell.name: cell for cell in found}
    assert list(by_name) == ["base", "september", "busy", "few", "many"]
    assert [cell.scenario.first_measured for cell in found] == [
        dt.date(2025, 9, 1) if cell.name == "september" else dt.date(2025, 7, 1) for cell in found
    ]
    assert {name: cell.scenario.demand for name, cell in by_name.items()} == {
        **dict.fromkeys(by_name, 1.1),
        "busy": 1.5,
    }
    assert {cell.scenario.warmup_days for cell in found} == {7}
    bays = {name: cell.scenario.gate.stages["bay-cn"].lanes for name, cell in by_name.items()}
    assert (bays["base"], bays["few"], bays["many"]) == (13, 14, 17)
    assert [change.level for change in by_name["few"].changes] == ["low"]


def test_what_a_scenario_sets_beats_and_scales_what_upgrades_set():
    found = made(
        scenarios=[
            {"name": "three", "set": {"stages.booth.lanes": 3}},
            {"name": "slow", "scale": {"stages.booth.service": 2.0}},
        ]
    )
    assert found["three"].scenario.gate.stages["booth"].lanes == 3
    base, slow = (found[name].scenario.gate.stages["booth"].service for name in ("base", "slow"))
    assert slow.mean() == pytest.approx(2 * base.mean())


def test_a_grid_has_every_combination_once():
    found = made(
        design="grid",
        factors={
            "demand": {"title": "Demand ×", "demand": True, "values": [1.0, 1.2]},
            "booths": {"title": "Booths", "path": "stages.booth.lanes", "values": [2, 3]},
        },
    )
    combinations = {
        name: (cell.scenario.demand, cell.scenario.gate.stages["booth"].lanes, dict(cell.factors))
        for name, cell in found.items()
        if name != "base"
    }
    assert combinations == {
        f"demand {d} + booths {b}": (float(d), b, {"demand": d, "booths": str(b)}) for d in ("1", "1.2") for b in (2, 3)
    }
    assert found["demand 1.2 + booths 3"].title == "Demand × 1.2 + Booths 3"


@pytest.mark.parametrize("title", ["Inspection ×", "Inspection"])
def test_a_factor_on_a_value_has_one_sign_in_its_title(title):
    factor = {"title": title, "path": "stages.inspection.service", "scale": [1.0, 0.8]}
    for design in ("grid", "one-at-a-time"):
        assert made(design=design, factors={"inspection": factor})["inspection x 0.8"].title == "Inspection × 0.8"


def test_a_space_filling_design_has_a_point_in_each_slice_of_each_range():
    found = made(
        design="space-filling",
        points=8,
        factors={
            "booth": {"path": "stages.booth.service", "low": 0.8, "high": 1.6},
            "demand": {"demand": True, "low": 0.5, "high": 1.5},
        },
    )
    demand = sorted(cell.scenario.demand for name, cell in found.items() if name != "base")
    slices = np.floor((np.array(demand) - 0.5) / 0.125)
    assert slices.tolist() == list(range(8))


def test_factors_of_dates_are_first_days():
    found = made(design="one-at-a-time", factors={"month": {"start": True, "values": ["2026-03-02", "2026-09-01"]}})
    assert found["month 2026-09-01"].scenario.first_measured == dt.date(2026, 9, 1)
    with pytest.raises(ConfigError, match="not a date"):
        made(design="one-at-a-time", factors={"month": {"start": True, "values": ["soon"]}})


BOOTHS = {"title": "Booths", "path": "stages.booth.lanes", "values": [3, 4]}
BUSY = {"title": "Demand ×", "demand": True, "values": [1.0, 1.2]}


@pytest.mark.parametrize(
    ("changes", "contexts"),
    [
        (
            {"scenarios": [{"name": "busy", "demand": 1.5}, {"name": "third", "set": {"stages.booth.lanes": 3}}]},
            [("base", "", ("third",)), ("busy", "busy", ())],
        ),
        (
            {
                "scenarios": [
                    {"name": "shock", "title": "Shock", "context": True, "set": {"stages.booth.lanes": 1}},
                    {"name": "relief", "against": "shock", "set": {"stages.booth.lanes": 3}},
                ]
            },
            [("base", "", ()), ("shock", "Shock", ("relief",))],
        ),
        (
            {
                "scenarios": [
                    {"name": "busy", "demand": 1.5},
                    {"name": "relief", "against": "busy", "demand": 1.5, "set": {"stages.booth.lanes": 3}},
                ]
            },
            [("base", "", ()), ("busy", "busy", ("relief",))],
        ),
        (
            {"design": "one-at-a-time", "factors": {"booths": BOOTHS, "demand": BUSY}},
            [
                ("base", "", ("booths 3", "booths 4")),
                ("demand 1", "Demand × 1", ()),
                ("demand 1.2", "Demand × 1.2", ()),
            ],
        ),
        (
            {"design": "grid", "factors": {"booths": BOOTHS, "demand": BUSY}},
            [
                ("booths 3 + demand 1", "Demand × 1", ("booths 4 + demand 1",)),
                ("booths 3 + demand 1.2", "Demand × 1.2", ("booths 4 + demand 1.2",)),
            ],
        ),
    ],
)
def test_circumstances_are_apart_from_options(changes, contexts):
    study = small(**changes)
    assert [(c.reference, c.title, c.options) for c in contexts_of(study, cells(study, 0))] == contexts


def test_a_scenario_cannot_be_compared_with_one_that_is_not_there():
    with pytest.raises(ValueError, match="relief is compared with shok"):
        small(scenarios=[{"name": "shock", "context": True}, {"name": "relief", "against": "shok"}])


def test_counts_are_known_with_that_of_the_gate():
    study = small(design="one-at-a-time", factors={"booths": BOOTHS})
    assert counted(study, cells(study, 0)) == {"base": 2.0, "booths 3": 3.0, "booths 4": 4.0}
    scaled = {"path": "stages.booth.service", "scale": [0.5, 2]}
    study = small(design="one-at-a-time", factors={"booth": scaled})
    assert counted(study, cells(study, 0)) == {}


def test_an_upgrade_is_off_first_and_then_on_or_at_its_levels():
    found = values_of("bays", Factor(upgrade="more-bays"))
    assert [(value.text, value.suffix) for value in found] == [("off", ""), ("on", "bays")]
    assert [value.setting.upgrades for value in found] == [(), ("more-bays",)]
    levels = values_of("bays", Factor(upgrade="more-bays", levels=["low", "high"]))
    assert [(value.text, value.suffix) for value in levels] == [("off", ""), ("low", "bays low"), ("high", "bays high")]
    assert levels[2].setting.levels == {"more-bays": "high"}


def test_titles_of_upgrades_name_their_level_and_what_they_need():
    names = [name for name in upgrade_names() if load_upgrade(name).needs]
    with_needs = load_upgrade(names[0])
    assert with_needs.title["en"] in (title := on(names[0]))
    assert title.endswith(f" (with {', '.join(with_needs.needs)})")
    assert on("more-bays") == load_upgrade("more-bays").title["en"]
    assert on("more-bays", title="Bays") == "Bays"
    assert on("more-bays", title="Bays", levels=["low"]) == "Bays, low"


def on(name: str, **more: Any) -> str:
    factor = Factor(upgrade=name, **more)
    study = small(design="one-at-a-time", factors={"factor": factor})
    return title_of(study, "factor", values_of("factor", factor)[-1])


@pytest.mark.parametrize(("u", "text"), [(0.0, "off"), (0.33, "off"), (0.34, "low"), (0.67, "high"), (1.0, "high")])
def test_a_point_of_the_cube_picks_a_value(u, text):
    study = small(
        gate="friendship-pass",
        design="space-filling",
        points=2,
        factors={"bays": {"upgrade": "more-bays", "levels": ["low", "high"]}, "demand": DEMAND},
    )
    ((name, title, setting, factors),) = at_points(study, [[u, 0.25]], "point")
    assert (name, title) == ("point 1", f"bays {text}, Demand 0.75")
    assert factors == {"bays": text, "demand": "0.75"}
    assert setting.demand == 0.75
    assert setting.levels == ({} if text == "off" else {"more-bays": text})


DEMAND = {"title": "Demand", "demand": True, "low": 0.5, "high": 1.5}


def test_settings_add_up_and_the_later_one_counts():
    first = Setting(("a", "b"), {"a": "low"}, demand=1.1, start=dt.date(2025, 7, 1))
    second = Setting(("b", "c"), {"a": "high", "c": "base"}, demand=1.2)
    assert first + second == Setting(("a", "b", "c"), {"a": "high", "c": "base"}, (), 1.2, dt.date(2025, 7, 1))
    assert (second + first).demand == 1.1
    assert (first + Setting()) == first


def test_a_tornado_varies_each_assumption_at_the_base_and_at_the_choice():
    study = small(
        design="tornado",
        scenarios=[{"name": "third", "set": {"stages.booth.lanes": 3}}],
        assumptions={"paths": ["stages.booth.service", "paths.northbound.inspection.share"], "low": 0.5, "high": 5},
    )
    found = {cell.name: cell for cell in cells(study, 1)}
    share, service = "paths.northbound.inspection.share", "stages.booth.service"
    expected = [
        f"{which}: {place} {end}"
        for place in (service, share)
        for end in ("low", "high")
        for which in ("base", "choice")
    ]
    assert [name for name in found if ":" in name] == expected
    low = found[f"choice: {service} low"]
    assert dict(low.factors) == {"place": service, "end": "low", "which": "choice"}
    assert low.scenario.gate.stages["booth"].lanes == 3
    assert found[f"base: {service} low"].scenario.gate.stages["booth"].lanes == 2
    mean = found["base"].scenario.gate.stages["booth"].service.mean()
    assert low.scenario.gate.stages["booth"].service.mean() == pytest.approx(mean / 2)
    assert found[f"base: {service} high"].scenario.gate.stages["booth"].service.mean() == pytest.approx(mean * 5)
    # A share of 25 % cannot be five times as large: 100 % is the end.
    ends = [inspected(found[f"base: {share} {end}"]) for end in ("low", "high")]
    assert ends == pytest.approx([0.125, 1.0])


def inspected(cell: Any) -> float:
    (visit,) = [each for each in cell.scenario.gate.paths["northbound"] if getattr(each, "stage", "") == "inspection"]
    return float(visit.share)


def test_a_tornado_of_a_place_that_is_not_there_is_refused():
    study = small(
        design="tornado", scenarios=[{"name": "busy", "demand": 2}], assumptions={"paths": ["stages.boot.service"]}
    )
    with pytest.raises(ConfigError, match=r"assumptions\.paths = stages\.boot\.service"):
        cells(study, 1)


def test_places_that_vary_are_counts_times_and_shares_that_are_assumptions():
    found = varied_places(load_gate("minimal"))
    assert found == [
        "flows.general.per_day",
        "stages.booth.lanes",
        "stages.booth.service",
        "stages.inspection.lanes",
        "stages.inspection.service",
        "stages.exit.service",
        "paths.northbound[1].share",
    ]


@pytest.mark.parametrize(
    ("wanted", "design", "under"),
    [
        ([], "scenarios", [None]),
        (["baseline"], "scenarios", [None]),
    ],
)
def test_a_gate_without_readings_has_none(wanted, design, under):
    study = small(readings=wanted)
    assert readings_of_study(study, study.own_gate()) == under


def test_more_scenarios_than_can_be_are_refused():
    many = {f"f{n}": {"path": "stages.booth.lanes", "values": list(range(1, 21))} for n in range(4)}
    with pytest.raises(ConfigError, match="scenarios beside the base"):
        made(design="grid", factors=many)


def test_titles_of_one_factor_at_a_time_say_what_differs():
    factors = {
        "booths": {"title": "Booths", "path": "stages.bay-cn.lanes", "values": [13, 14]},
        "lab": {"upgrade": "fast-lab"},
    }
    study = small(
        gate="friendship-pass", design="one-at-a-time", factors=factors, metrics=["clearance_h.mean.northbound"]
    )
    titles = [cell.title for cell in cells(study, 3)]
    assert titles == ["Base", "Booths 13", "Booths 14", load_upgrade("fast-lab").title["en"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["all"], ["hold-by-goods", "daily-list", "list-at-dawn", "afternoon"]),
        (["baseline"], ["hold-by-goods"]),
        (["list-at-dawn", "baseline", "list-at-dawn"], ["list-at-dawn", "hold-by-goods"]),
        ([], ["hold-by-goods", "daily-list", "list-at-dawn"]),
    ],
)
def test_readings_are_those_that_are_named_once_each(wanted, found):
    gate = load_gate("friendship-pass")
    assert readings_of_study(small(gate="friendship-pass", readings=wanted), gate) == found
