"""Two to six results side by side, against intervals worked out with SciPy from the values of the replications."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from experiments.results.comparison import values_of
from experiments.results.run import Result
from experiments.results.several import compare_several
from gates.findings import ConfigError
from tests.experiments.folders import one_way, write_folder

MEAN = "clearance_h.mean.northbound"


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, Result]:
    """The gate as it is, the same again, with more trucks, and for another number of days."""
    folder = tmp_path_factory.mktemp("several")
    made = {"a": (40, 3), "same": (40, 3), "more": (70, 3), "longer": (40, 2)}
    return {
        name: Result(write_folder(folder / name, one_way(trucks), days=days, replications=4))
        for name, (trucks, days) in made.items()
    }


def test_differences_hold_together(results) -> None:
    found = compare_several({name: results[name] for name in ("a", "same", "more")}, [MEAN])
    assert found["paired"]
    assert found["method"] == "paired by replication"
    (number,) = found["numbers"]
    gap = values_of(results["more"])[MEAN] - values_of(results["a"])[MEAN]
    half = stats.t.ppf(1 - 0.05 / 2 / 2, 3) * gap.std(ddof=1) / 2  # two differences, four replications
    hours = {"h": 1, "min": 60, "s": 3600}[number["unit"]]
    same, more = number["differences"]
    assert [more[end] for end in ("value", "low", "high")] == pytest.approx(
        [hours * gap.mean(), hours * (gap.mean() - half), hours * (gap.mean() + half)], rel=1e-5
    )
    assert (same["value"], same["words"]) == (0, "no difference that matters")
    assert more["words"] == "worse"
    assert number["as_good_as_best"] == [True, True, False]
    assert number["values"][0]["value"] == pytest.approx(values_of(results["a"])[MEAN].mean(), rel=1e-5)


def test_main_numbers_and_curves(results) -> None:
    found = compare_several({name: results[name] for name in ("a", "more")})
    assert [one["name"] for one in found["numbers"]] == [
        MEAN,
        "clearance_h.p90.northbound",
        "stock_trucks.end_of_day.northbound",
        "throughput_per_day.mean.northbound",
    ]
    (curve,) = found["curves"]
    assert curve["title"] == "Vietnam → China"
    half = curve["percent"].index(50)
    frame = results["more"].clearance
    median = frame[frame["percent"] == 50]["hours"].mean()
    assert curve["hours"][1][half] == pytest.approx(median, rel=1e-5)
    known = [hour for hour in curve["hours"][0] if hour is not None]
    assert known == sorted(known)


def test_runs_that_do_not_meet_the_same_trucks_have_no_best(results) -> None:
    found = compare_several({name: results[name] for name in ("a", "longer", "more")}, [MEAN])
    assert not found["paired"]
    assert found["method"] == "not all of them are paired"
    assert found["numbers"][0]["as_good_as_best"] is None
    assert [one["method"] for one in found["numbers"][0]["differences"]] == ["Welch", "paired t"]
    assert {"kind": "setting", "what": "days", "values": ["3", "2", "3"]} in found["changed"]


def test_too_few_and_unknown_numbers_are_refused(results) -> None:
    with pytest.raises(ConfigError, match="Name 2 to 6"):
        compare_several({"a": results["a"]})
    with pytest.raises(ConfigError, match=r"Did you mean clearance_h.mean.northbound"):
        compare_several({name: results[name] for name in ("a", "more")}, ["clearance_h.men.northbound"])
    assert np.isfinite(values_of(results["a"])[MEAN]).all()
