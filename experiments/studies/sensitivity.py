"""Which numbers matter: elementary effects first (Morris), then shares of variance (Sobol) of the strongest.

The methods are those of SALib. A replication r has the same draws at every point, so the mean over replications is a
deterministic function of the factors, and what the methods see is the effect of the factors alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.runs.statistics import mean_interval
from experiments.studies.designs import Bench, Cell, at_points
from experiments.studies.model import Study
from experiments.studies.replication import Floats
from experiments.studies.result import StudyResult
from gates.findings import ConfigError, Finding

LEVELS = 4
MORRIS, SOBOL = "morris", "sobol"


def _salib() -> None:
    """Raise `ConfigError` if the library is not there."""
    try:
        import SALib  # noqa: F401
    except ModuleNotFoundError:
        remedy = "Install it: pip install 'bordergate[sensitivity]'."
        raise ConfigError([Finding("design", "screening", "SALib is not installed", remedy)]) from None


def _problem(names: Sequence[str]) -> dict[str, Any]:
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def _cells(study: Study, warmup_days: int, points: Floats, word: str) -> list[Cell]:
    bench = Bench(study, warmup_days)
    return [
        bench.cell(name, title, setting, {**factors, "stage": word})
        for name, title, setting, factors in at_points(study, points, word)
    ]


def screening_points(study: Study) -> Floats:
    """(points, factors) trajectories in the unit cube: Morris (1991)."""
    _salib()
    from SALib.sample import morris

    found: Floats = morris.sample(
        _problem(list(study.factors)), study.trajectories, num_levels=LEVELS, seed=study.seed % 2**32
    )
    return found


def screening_cells(result: StudyResult) -> list[Cell]:
    """The cells of the screening."""
    return _cells(result.study, result.warmup_days, screening_points(result.study), MORRIS)


def screening(result: StudyResult) -> list[dict[str, Any]]:
    """Elementary effects of the deciding metric: mean of the absolute values, its bound, and their spread.

    None if it is unreached or undefined at some point: there is then no mean that an effect could be a difference of.
    """
    from SALib.analyze import morris

    study, outcomes = result.study, _outcomes(result, MORRIS)
    if not np.isfinite(outcomes).all():
        return []
    found = morris.analyze(
        _problem(list(study.factors)),
        screening_points(study),
        outcomes,
        num_levels=LEVELS,
        seed=study.seed % 2**32,
    )
    rows = [
        {
            "factor": name,
            "mean_absolute": float(star),
            "half_width": float(bound),
            "mean": float(mu),
            "spread": float(s),
        }
        for name, star, bound, mu, s in zip(
            study.factors, found["mu_star"], found["mu_star_conf"], found["mu"], found["sigma"], strict=True
        )
    ]
    return sorted(rows, key=lambda row: -float(row["mean_absolute"]))


def strongest(result: StudyResult) -> list[str]:
    """The factors that the Sobol stage keeps, in the order of the study."""
    kept = [row["factor"] for row in screening(result) if row["mean_absolute"] > 0][: result.study.strongest]
    return [name for name in result.study.factors if name in kept]


def _variance_points(study: Study, names: Sequence[str]) -> Floats:
    """(points, factors) of the Sobol stage: Saltelli et al. (2010); factors left out stay in the middle."""
    from SALib.sample import sobol

    inner = sobol.sample(_problem(names), power_of_two(study.points), calc_second_order=False, seed=study.seed % 2**32)
    points = np.full((len(inner), len(study.factors)), 0.5)
    points[:, [list(study.factors).index(name) for name in names]] = inner
    return points


def power_of_two(count: int) -> int:
    """Return the points that a Sobol sequence has for so many wanted."""
    return 1 << max(1, (count - 1).bit_length())


def variance_cells(result: StudyResult) -> list[Cell]:
    """The cells of the Sobol stage; none if nothing matters, or none was asked for."""
    names = strongest(result) if result.study.strongest else []
    if not names:
        return []
    return _cells(result.study, result.warmup_days, _variance_points(result.study, names), SOBOL)


def variance(result: StudyResult) -> list[dict[str, Any]]:
    """First-order and total shares of the variance of the deciding metric, with 95 % bootstrap half-widths."""
    from SALib.analyze import sobol

    outcomes = _outcomes(result, SOBOL)
    if not outcomes.size or not np.isfinite(outcomes).all():
        return []
    names = strongest(result)
    found = sobol.analyze(_problem(names), outcomes, calc_second_order=False, seed=result.study.seed % 2**32)
    columns = zip(names, found["S1"], found["S1_conf"], found["ST"], found["ST_conf"], strict=True)
    rows = [
        {
            "factor": name,
            "first": float(s1),
            "first_half_width": float(c1),
            "total": float(st),
            "total_half_width": float(c2),
        }
        for name, s1, c1, st, c2 in columns
    ]
    return sorted(rows, key=lambda row: -float(row["total"]))


def _outcomes(result: StudyResult, stage: str) -> Floats:
    """(points,) mean of the deciding metric over replications; not finite where one does not reach it."""
    values = result.values(result.metrics[0])
    return np.array(
        [mean_interval(values[cell.name].tolist()).value for cell in result.cells if cell.factors.get("stage") == stage]
    )
