"""Each row of the tables beside this file: the mistake is found, where it is, with its remedy, and once."""

from __future__ import annotations

import pytest

from gates.checks.check import RULES, check
from gates.schema.gate import Gate
from gates.schema.scenario import Scenario
from sim import compile_plan

from ..files import changed, findings_of
from . import booking, breakdowns, demand, energy, hours, initial, links, money, paths, pools, ranges, stages
from .rows import Table

TABLES: dict[str, Table] = {
    module.__name__.rpartition(".")[2]: module.TABLE
    for module in (booking, breakdowns, demand, energy, hours, initial, links, money, paths, pools, ranges, stages)
}
ROWS = [(name, *row) for table in TABLES.values() for name, rows in table.items() for row in rows]
IDS = [f"{row[0]}-{n}" for n, row in enumerate(ROWS)]


def rules_of(module: str) -> set[str]:
    """Return the names of the checks that a module of `gates.checks` registers."""
    return {name for name, rule in RULES.items() if rule.run.__module__.rpartition(".")[2] == module}


def test_every_module_with_checks_has_a_table():
    modules = {rule.run.__module__ for rule in RULES.values()}
    assert all(module.startswith("gates.checks.") for module in modules)
    assert {module.rpartition(".")[2] for module in modules} == TABLES.keys()


@pytest.mark.parametrize("module", TABLES)
def test_every_check_has_a_row_and_every_row_a_check(module):
    assert set(TABLES[module]) == rules_of(module)
    assert all(TABLES[module].values())


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_mistake_is_found_with_its_remedy(row):
    name, changes, path, value, problem, remedy = row
    gate = Gate.model_validate(changed(*changes))
    found = {(f.path, f.value, f.problem, f.remedy) for f in RULES[name].run(gate)}
    assert found == {(path, value, problem, remedy)}
    assert (path, value, problem, remedy) in {(f.path, f.value, f.problem, f.remedy) for f in check(gate)}


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_mistake_gives_one_finding_or_those_of_its_consequences(row):
    """Nothing is said twice; only a path or a lane group that a mistake leaves without trucks is named, too."""
    name, changes, path, *_ = row
    others = {found.problem for found in findings_of(changed(*changes)) if found.path != path}
    assert others <= {
        "flow_directions": {"no flow has this direction"},
        "trucks_without_lanes": {"no truck that comes to this stage may use it"},
        "unused_areas": {"no path visits it"},
    }.get(name, set())


HELD = pools.TABLE["held_units"]


@pytest.mark.parametrize("row", HELD, ids=[f"{n}" for n, _ in enumerate(HELD)])
def test_the_plan_refuses_what_trucks_may_not_hold(row):
    with pytest.raises(ValueError, match=r"gives back|a second time|never given back|while they hold"):
        compile_plan(Scenario(gate=Gate.model_validate(changed(*row[0]))), check_gate=False)
