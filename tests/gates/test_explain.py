"""Errors of the models: one finding a mistake, in a planner's words, with its remedy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gates.files.load import gate_from_data
from gates.findings import ConfigError
from gates.schema.gate import Gate

from .files import REMOVED, changed, findings_of, minimal, places_of

BOOTH = "stages.booth"
KINDS = "not of the right kind"
NUMBER = "Write a plain number, without quotes or unit."
PAIRS = "Write `key: value` pairs."
NAME = "Use lower-case letters, digits and single hyphens, such as kiosk-in."
LANES = "Write a whole number, `unlimited`, or a list of lane groups."
STEP = "Write a stage name, or a mapping with `stage`, `choose` or `mark`."
MORE = "Write at least one entry, or remove the key."
SHIFT = {"hours": "24 h", "units": 1}

# (path changed, value put there, path of the finding, problem, remedy)
TABLE = [
    (f"{BOOTH}.lanes", 0, None, "nobody can pass", "Use at least 1, or remove the stage."),
    (f"{BOOTH}.lanes", 2_000_000, None, "too large", "Use at most 1000000."),
    (f"{BOOTH}.lanes", "many", None, "not a number of lanes", LANES),
    (f"{BOOTH}.lanes", None, None, "not a number of lanes", LANES),
    (f"{BOOTH}.lanes", {"a": 1}, None, "not a number of lanes", LANES),
    (f"{BOOTH}.lanes", 2.5, None, KINDS, "Write a whole number."),
    (f"{BOOTH}.lanes", True, None, "not a number of lanes", LANES),
    (f"{BOOTH}.lanes", [], None, "empty", MORE),
    (f"{BOOTH}.lanes", [5], f"{BOOTH}.lanes[0]", KINDS, PAIRS),
    (
        f"{BOOTH}.lanes",
        [{"name": "a"}],
        f"{BOOTH}.lanes[0].lanes",
        "missing",
        "Add `lanes`: number of lanes: trucks served at once.",
    ),
    (
        f"{BOOTH}.lanes",
        [{"name": "a", "lanes": 0}],
        f"{BOOTH}.lanes[0].lanes",
        "nobody can pass",
        "Use at least 1, or remove the stage.",
    ),
    (
        f"{BOOTH}.lanes",
        [{"name": "a", "lanes": 1, "hours": []}],
        f"{BOOTH}.lanes[0].hours",
        "no opening hours",
        'Write at least one window, such as "08:00-21:00", or "24 h".',
    ),
    (f"{BOOTH}.lane", 3, None, "an unknown key", "Did you mean lanes?"),
    (
        f"{BOOTH}.side",
        REMOVED,
        None,
        "missing",
        "Add `side`: the side on which it stands; its hours are on that side's clock.",
    ),
    (f"{BOOTH}.side", "vietnam", None, "not the name of a side", "Use two lower-case letters, such as vn."),
    (f"{BOOTH}.service", REMOVED, None, "missing", "Add `service`: distribution of the service time."),
    (
        f"{BOOTH}.service",
        "35 s",
        None,
        "not a distribution",
        "Write its name and parameters, such as `{constant: 35 s}`.",
    ),
    (
        f"{BOOTH}.service",
        {},
        None,
        "not a distribution",
        "Write its name and parameters, such as `{constant: 35 s}`.",
    ),
    (f"{BOOTH}.service", {"erlong": {}}, None, "erlong is not a distribution", "Did you mean erlang?"),
    (
        f"{BOOTH}.service",
        {"constant": "3 s", "erlang": {}},
        None,
        "more than one distribution",
        "Keep one of them.",
    ),
    (
        f"{BOOTH}.service",
        {"constant": 3},
        f"{BOOTH}.service.constant",
        "the unit is missing",
        'Write the unit, such as "35 s".',
    ),
    (
        f"{BOOTH}.service",
        {"erlang": {"mean": "3 t", "shape": 1}},
        f"{BOOTH}.service.erlang.mean",
        "t is no unit for this",
        'Use one of ms, s, min, h, d, such as "35 s".',
    ),
    (
        f"{BOOTH}.service",
        {"erlang": {"mean": "3 s", "shape": 0}},
        f"{BOOTH}.service.erlang.shape",
        "too small",
        "Use at least 1.",
    ),
    (
        f"{BOOTH}.service",
        {"erlang": {"mean": "0 s", "shape": 1}},
        f"{BOOTH}.service.erlang.mean",
        "too small",
        "Use more than 0.",
    ),
    (
        f"{BOOTH}.service",
        {"erlang": {"mean": "3 s"}},
        f"{BOOTH}.service.erlang.shape",
        "missing",
        "Add `shape`: number of exponential phases [1].",
    ),
    (
        f"{BOOTH}.service",
        {"lognormal": {"mean": "3 s", "cv": "x"}},
        f"{BOOTH}.service.lognormal.cv",
        "not a number",
        NUMBER,
    ),
    (
        f"{BOOTH}.service",
        {"lognormal": {"mean": "3 s", "sd": 1, "cv": 1}},
        f"{BOOTH}.service.lognormal.sd",
        "an unknown key",
        "Use one of mean, cv.",
    ),
    (f"{BOOTH}.service", {"empirical": []}, f"{BOOTH}.service.empirical", "empty", MORE),
    (f"{BOOTH}.hours", [], None, "no opening hours", 'Write at least one window, such as "08:00-21:00", or "24 h".'),
    (f"{BOOTH}.hours", "08:00", None, "not a window of hours", 'Write two times of day, such as "08:00-21:00".'),
    (BOOTH, None, None, KINDS, PAIRS),
    ("stages.Booth 2", {"side": "vn", "lanes": 1, "service": {"constant": 0}}, 'stages["Booth 2"]', "not a name", NAME),
    ("stages", REMOVED, None, "missing", "Add `stages`: the stages."),
    ("stages", [], None, KINDS, PAIRS),
    ("stages", {}, None, "empty", MORE),
    ("paths.northbound", "booth", None, KINDS, "Write a list."),
    ("paths.northbound.3", 5, "paths.northbound[3]", "not a step", STEP),
    ("paths.northbound.3", {"stag": "exit"}, "paths.northbound[3]", "not a step", STEP),
    ("paths.northbound.3", "Exit", "paths.northbound[3]", "not a name", NAME),
    (
        "paths.northbound.3",
        {"stage": "exit", "shares": 1},
        "paths.northbound[3].shares",
        "an unknown key",
        "Did you mean share?",
    ),
    (
        "paths.northbound.3",
        {"stage": "exit", "share": "125 %"},
        "paths.northbound[3].share",
        "out of bounds",
        'Use a value from 0 to 1, or from "0 %" to "100 %".',
    ),
    (
        "paths.northbound.3",
        {"choose": "a", "shares": {"b": 1}, "then": {"b": [{"mark": "x"}]}},
        "paths.northbound[3].then.b[0].mark",
        "an unknown word",
        "Use one of released, empty.",
    ),
    ("paths.sothbound", ["booth"], None, "an unknown word", "Did you mean southbound?"),
    ("flows.general.per_day", "75", None, "not a number", NUMBER),
    ("flows.general.per_day", -1, None, "too small", "Use at least 0."),
    ("flows.general.per_day", 1e6, None, "too large", "Use at most 100000."),
    ("flows.general.class", REMOVED, None, "missing", "Add `class`: the vehicle class."),
    ("flows.general.direction", "north", None, "an unknown word", "Did you mean northbound?"),
    ("classes.general.load", 20, None, "the unit is missing", 'Write the unit, such as "20 t".'),
    ("classes.general.priority", 10, None, "too large", "Use at most 9."),
    ("start", 20250701, None, "not a date", "Write year-month-day, such as 2026-02-15."),
    ("end_of_day.at", 72000, None, "not a time of day", 'Write hours and minutes, such as "20:00".'),
    ("sides.vn", 7, None, KINDS, "Write text."),
    ("name", "Minimal gate", None, "not a name", NAME),
    ("title.French", "Une porte", None, "not a language", "Use its two letters, such as en, vi or es."),
    ("title.en", "", None, "empty", MORE),
    ("about", "x" * 4001, None, "too long", "Use at most 4,000 characters."),
    ("sources.flows", 5, None, KINDS, "Write text."),
    (f"{BOOTH}.needs", {"officer": 0}, f"{BOOTH}.needs.officer", "too small", "Use at least 1."),
    (
        "areas.yard",
        {"spaces": 0, "stages": ["booth"]},
        "areas.yard.spaces",
        "too small",
        "Use at least 1.",
    ),
    ("areas.yard", {"spaces": 1, "stages": []}, "areas.yard.stages", "empty", MORE),
    (
        "areas.yard",
        {"spaces": 1},
        "areas.yard.stages",
        "missing",
        "Add `stages`: its stages; a stage lies in one area at most.",
    ),
]


POOLS = [
    ({"shifts": [SHIFT]}, ".side", "missing", "Add `side`: the side whose clock its shifts follow."),
    ({"side": "vn", "shifts": []}, ".shifts", "empty", MORE),
    ({"side": "vn", "shifts": [{**SHIFT, "units": 0}]}, ".shifts[0].units", "too small", "Use at least 1."),
    (
        {"side": "vn", "shifts": [{"units": 1}]},
        ".shifts[0].hours",
        "missing",
        "Add `hours`: hours of duty on the clock of the pool's side, daily or by weekday.",
    ),
]


@pytest.mark.parametrize(("pool", "path", "problem", "remedy"), POOLS, ids=[row[1] for row in POOLS])
def test_one_mistake_in_a_pool_gives_one_finding(pool, path, problem, remedy):
    (found,) = findings_of(changed(("pools.officer", pool), (f"{BOOTH}.needs", {"officer": 1})))
    assert (found.path, found.problem, found.remedy) == (f"pools.officer{path}", problem, remedy)


@pytest.mark.parametrize("row", TABLE, ids=[f"{row[0]}-{n}" for n, row in enumerate(TABLE)])
def test_one_mistake_gives_one_finding(row):
    changed_path, value, path, problem, remedy = row
    (found,) = findings_of(changed((changed_path, value)))
    assert (found.path, found.problem, found.remedy) == (path or changed_path, problem, remedy)
    assert found.file == "broken.yaml"
    assert found.line or problem == "missing"


def test_numbers_that_are_none_are_refused():
    for value in (float("nan"), float("inf"), 10**400):
        with pytest.raises(ConfigError) as caught:
            gate_from_data(changed(("flows.general.per_day", value)))
        (found,) = caught.value.findings
        assert found.path == "flows.general.per_day"
        assert found.problem == KINDS


junk = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
)
mappings = st.dictionaries(st.sampled_from(["mean", "mark", "stage", "x", "lanes"]), junk, max_size=2)
leaves = [place for place, _ in places_of(minimal())]


@given(st.sampled_from(leaves), junk | mappings | st.lists(mappings, max_size=2))
def test_whatever_is_put_anywhere_is_accepted_or_explained(place, value):
    data = minimal()
    holder = data
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = value
    try:
        gate_from_data(data)
    except ConfigError as error:
        for found in error.findings:
            assert found.path
            assert found.problem
            assert found.remedy != "See the guide to gate files."
            assert found.remedy.endswith((".", "?"))
    else:
        Gate.model_validate(data)


def test_validation_errors_never_leave_the_loader():
    with pytest.raises(ConfigError):
        gate_from_data({})
    with pytest.raises(ValidationError):
        Gate.model_validate({})
