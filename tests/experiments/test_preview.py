"""What a run would be, before it runs."""

from __future__ import annotations

import pytest

from experiments.preview import costs_together, preview
from gates.findings import ConfigError
from gates.upgrades import load_upgrade


def test_changes_have_before_and_after():
    shown = preview({"gate": "friendship-pass", "upgrades": ["kiosk-lanes"], "demand": 1.5})
    first = shown["changes"][0]
    assert (first["path"], first["before"], first["after"]) == ("stages.kiosk-in-cn.lanes.loaded.lanes", "4", "6")
    assert shown["costs"]["capital_usd"] == {"low": 200_000, "base": 1_000_000, "high": 4_800_000}
    assert shown["gate"]["trucks_per_day"] == {"northbound": 393, "southbound": 912}
    kiosk = next(stage for stage in shown["map"]["stages"] if stage["name"] == "kiosk-in-cn")
    assert kiosk["lanes"] == "6+4+1"


def test_costs_are_added_and_the_longest_lead_time_counts():
    both = [load_upgrade("kiosk-lanes"), load_upgrade("data-link")]
    costs, each = costs_together(both), [one.costs for one in both if one.costs]
    assert len(each) == 2
    for level in ("low", "base", "high"):
        assert costs["capital_usd"][level] == sum(getattr(one.capital_usd, level) for one in each)
    assert costs["lead_time_months"] == max(one.lead_time_months for one in each)
    assert costs["unknown"] == []
    unpriced = both[0].model_copy(update={"costs": None})
    assert costs_together([unpriced])["unknown"] == ["kiosk-lanes"]


def test_what_lies_outside_the_calibrated_range_is_said():
    assert preview({"gate": "friendship-pass", "start": "2025-07-01"})["warnings"] == []
    (warning,) = preview({"gate": "friendship-pass", "start": "2025-01-05"})["warnings"]
    assert warning.startswith("Outside the calibrated range")


def test_findings_are_those_of_a_run():
    with pytest.raises(ConfigError) as refused:
        preview({"gate": "friendship-pass", "upgrades": ["nothing"], "days": 0})
    assert {finding.path for finding in refused.value.findings} == {"days", "upgrades[0]"}
