"""A forecast in sentences and tables."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from experiments.answers.labels import count, direction_word
from experiments.answers.numbers import GLUE, interval, plain, short
from experiments.answers.run_tables import Table
from experiments.forecast.forecast import HIGH, LOW, NIGHTS, Forecast, quantile
from experiments.runs.statistics import mean_interval

Floats = npt.NDArray[np.float64]
NIGHT_WORDS = {"tonight": "by the end of today", "tomorrow": "by the end of tomorrow"}


def title(made: Forecast) -> str:
    """Return the name of the gate."""
    return made.labels.title


def basis(made: Forecast) -> str:
    """Return what the forecast starts from."""
    announced = sum(map(len, made.state.announced.values()))
    more = f", {count(announced, 'announced truck')}" if announced else ""
    at = made.moment(made.made.now)
    return (
        f"Forecast from {_clock(at)} {made.labels.clock(made.labels.bulletin_side)}: "
        f"{count(made.state.trucks, 'truck')} there{more}; {count(made.request.replications, 'replication')}."
    )


def answers(made: Forecast) -> list[str]:
    """Return the answers: the stock and the backlog of each direction, then what each change would do."""
    found = [sentence for n in range(len(made.directions)) for sentence in _direction(made, n)]
    found += [sentence for name in made.changed for sentence in _what_if(made, name)]
    found.append(
        f"Nine replications in ten lie within the ranges ({LOW}th to {HIGH}th percentile). They show random variation "
        "only: errors in the inputs and in the state are not included."
    )
    return found


def tables(made: Forecast) -> list[Table]:
    """Return the stock of each direction, about every three hours."""
    marks = made.made.marks
    rows = []
    chosen = [n for n in range(marks.size) if n % 3 == 0 or marks[n] in made.made.nights]
    bands = [np.percentile(made.stock(made.base, n), [LOW, 50, HIGH], axis=0) for n in range(len(made.directions))]
    for mark in chosen:
        cells = [
            f"{plain(band[1, mark])} ({plain(band[0, mark])} to {plain(band[2, mark])})" if mark else plain(band[1, 0])
            for band in bands
        ]
        rows.append((_clock(made.moment(float(marks[mark]))), *cells))
    note = (
        f"Loaded trucks that have arrived and are not yet released: median, {LOW}th and {HIGH}th percentile, "
        f"on the clock of {made.labels.clock(made.labels.bulletin_side)}."
    )
    return [Table("Stock", ("Time", *map(direction_word, made.directions)), tuple(rows), note)]


def _direction(made: Forecast, n: int) -> list[str]:
    way = direction_word(made.directions[n])
    nights = made.at_nights(made.base, n)
    texts = [
        f"{plain(np.percentile(nights[:, m], 50))} at the end of {word} ({_range(nights[:, m])})"
        for m, word in enumerate(("today", "tomorrow"))
    ]
    now = int(made.stock(made.base, n)[0, 0])
    found = [f"{way}: {count(now, 'truck')} not yet released now, {texts[0]}, {texts[1]}."]
    gone = made.gone(made.base, n)
    if not np.isnan(gone).any():
        found.append(f"{way}: of the {plain(now)} trucks that wait now, {_gone_text(made, gone)}.")
    shares = made.exceeds(made.base, n)
    if shares is not None:
        number = made.request.replications
        each = " and ".join(
            f"{_chance(p, number)} {NIGHT_WORDS[night]}" for p, night in zip(shares, NIGHTS, strict=True)
        )
        found.append(
            f"{way}: the chance that more trucks wait than the {plain(made.spaces(n) or 0)} spaces of the areas on "
            f"their way is {each}."
        )
    return found


def _gone_text(made: Forecast, gone: Floats) -> str:
    """`90 % are released by 14:23 (in nine of ten replications by 15:03), all by 20:47 …`: medians."""
    if made.moment(quantile(gone[:, 0], 50)) is None:
        return f"fewer than 90{GLUE}% are released before the end of tomorrow"
    texts = []
    for word, ticks in zip((f"90{GLUE}% are released", "all"), gone.T, strict=True):
        half, late = made.moment(quantile(ticks, 50)), made.moment(quantile(ticks, 90))
        if half is None:
            texts.append(f"{word} only after the end of tomorrow")
        elif late is None:
            texts.append(f"{word} by {_clock(half)} in half of the replications, or only after the end of tomorrow")
        else:
            texts.append(f"{word} by {_clock(half)} (in nine of ten replications by {_clock(late)})")
    return ", ".join(texts)


def _what_if(made: Forecast, name: str) -> list[str]:
    found = made.changed[name]
    sentences = []
    for n, way in enumerate(made.directions):
        less = made.at_nights(found, n) - made.at_nights(made.base, n)
        texts = []
        for m, word in enumerate(("today", "tomorrow")):
            estimate = mean_interval(less[:, m].tolist())
            if estimate.low <= 0 <= estimate.high:
                ends = interval(estimate.low, estimate.high, sign=True) if estimate.low < estimate.high else "0"
                texts.append(f"no measurable difference at the end of {word} ({ends})")
            else:
                size = f"{short(abs(estimate.value))} {'fewer' if estimate.value < 0 else 'more'} trucks"
                low, high = sorted((abs(estimate.low), abs(estimate.high)))
                texts.append(f"{size} at the end of {word} (95{GLUE}% interval {interval(low, high)})")
        sentence = f"{name}, {direction_word(way).lower()}: {'; '.join(texts)}."
        gone = made.gone(found, n)
        if not np.isnan(gone).any():
            sentence += f" Of those that wait now, {_gone_text(made, gone)}."
        sentences.append(sentence)
    return sentences


def _range(values: npt.NDArray[np.int64]) -> str:
    low, high = np.percentile(values, [LOW, HIGH])
    return f"{plain(low)} to {plain(high)}"


def _chance(share: float, number: int) -> str:
    """Return a share of replications; of none and of all of them the bound at 95 %, by the rule of three."""
    if share in (0, 1):
        bound = f"{short(100 * 3 / number)}{GLUE}%"
        return f"below {bound}" if share == 0 else f"above {plain(100 - 300 / number, 1)}{GLUE}%"
    return f"{short(100 * share)}{GLUE}%"


def _clock(at: dt.datetime | None) -> str:
    return "–" if at is None else f"{at:%H:%M} on {at.day} {at:%B}"
