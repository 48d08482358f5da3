"""Distributions of durations: a mapping with one key, the name of the distribution.

A function looks at what is written and picks the one model meant, so that a mistake gives one finding, not one for each
distribution.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Field

from gates.schema.base import TAG_MARK, Model, tag
from gates.schema.quantities import Count, Number, Seconds


class Constant(Model):
    """Always the same duration."""

    constant: Seconds
    """The duration [s]."""

    def mean(self) -> float:
        """Return the mean [s]."""
        return self.constant


class MeanOnly(Model):
    """Parameters of a distribution with a mean alone."""

    mean: Annotated[Seconds, Field(gt=0)]
    """Mean duration [s]."""


class MeanCv(MeanOnly):
    """Parameters of a distribution with a mean and a coefficient of variation."""

    cv: Annotated[Number, Field(gt=0, le=10)]
    """Coefficient of variation: standard deviation over mean [1]."""


class MeanShape(MeanOnly):
    """Parameters of an Erlang distribution."""

    shape: Annotated[Count, Field(ge=1, le=1000)]
    """Number of exponential phases [1]."""


class LowHigh(Model):
    """Parameters of a uniform distribution."""

    low: Seconds
    """Shortest duration [s]."""
    high: Seconds
    """Longest duration [s]."""


class LowModeHigh(Model):
    """Parameters of a triangular distribution."""

    low: Seconds
    """Shortest duration [s]."""
    mode: Seconds
    """Most frequent duration [s]."""
    high: Seconds
    """Longest duration [s]."""


class Exponential(Model):
    """Exponential durations."""

    exponential: MeanOnly
    """Its mean."""

    def mean(self) -> float:
        """Return the mean [s]."""
        return self.exponential.mean


class Erlang(Model):
    """Erlang durations: the sum of `shape` equal exponential phases."""

    erlang: MeanShape
    """Its mean and shape."""

    def mean(self) -> float:
        """Return the mean [s]."""
        return self.erlang.mean


class Gamma(Model):
    """Gamma durations."""

    gamma: MeanCv
    """Its mean and coefficient of variation."""

    def mean(self) -> float:
        """Return the mean [s]."""
        return self.gamma.mean


class Lognormal(Model):
    """Lognormal durations."""

    lognormal: MeanCv
    """Mean and coefficient of variation of the durations themselves, not of their logarithms."""

    def mean(self) -> float:
        """Return the mean [s]."""
        return self.lognormal.mean


class Uniform(Model):
    """Uniform durations."""

    uniform: LowHigh
    """Its bounds."""

    def mean(self) -> float:
        """Return the mean [s]."""
        return (self.uniform.low + self.uniform.high) / 2


class Triangular(Model):
    """Triangular durations."""

    triangular: LowModeHigh
    """Its bounds and its mode."""

    def mean(self) -> float:
        """Return the mean [s]."""
        return (self.triangular.low + self.triangular.mode + self.triangular.high) / 3


class Empirical(Model):
    """Durations resampled from a list of measured ones."""

    empirical: Annotated[list[Seconds], Field(min_length=1, max_length=10_000)]
    """Measured durations [s], each as likely as any other."""

    def mean(self) -> float:
        """Return the mean [s]."""
        return sum(self.empirical) / len(self.empirical)


DISTRIBUTIONS = ("constant", "exponential", "erlang", "gamma", "lognormal", "uniform", "triangular", "empirical")


def _distribution_written(value: Any) -> str | None:
    """The tag of the distribution that is written, or None unless it is exactly one that is known."""
    if isinstance(value, BaseModel):
        value = dict.fromkeys(type(value).model_fields)
    if isinstance(value, dict) and len(value) == 1:
        (name,) = value
        return f"{TAG_MARK}{name}" if name in DISTRIBUTIONS else None
    return None


Distribution = Annotated[
    Annotated[Constant, tag("constant")]
    | Annotated[Exponential, tag("exponential")]
    | Annotated[Erlang, tag("erlang")]
    | Annotated[Gamma, tag("gamma")]
    | Annotated[Lognormal, tag("lognormal")]
    | Annotated[Uniform, tag("uniform")]
    | Annotated[Triangular, tag("triangular")]
    | Annotated[Empirical, tag("empirical")],
    Discriminator(_distribution_written),
]
"""The distribution of a random duration: a mapping with one key, its name."""
