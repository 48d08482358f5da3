"""Studies as files: which configurations of a gate are compared, on what, and how sure the answer must be.

A study names scenarios, or factors and a design that combines them. Every scenario starts from the study's own
gate, upgrades, period and demand; what it or its factors name is changed on top.

Long because a study file is one model, whose fields are described where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PrivateAttr,
    StringConstraints,
    Tag,
    model_validator,
)

from experiments.runs.settings import MAX_REPLICATIONS, ReplicationCount, Seed
from gates import Gate, load_gate, load_upgrade
from gates.files.load import (
    SUFFIXES,
    gate_from_text,
    is_file,
    library_names,
    library_path,
    model_from_text,
)
from gates.files.yaml import read_text
from gates.findings import Finding, shortened, suggestion
from gates.schema.base import OTHER_WAY, TAG_MARK, Model, Title
from gates.schema.quantities import Count, Day, Number, Share, refusal
from gates.schema.scenario import DayCount, DemandFactor, WarmupDays
from gates.upgrades import Level, Slug, Upgrade, upgrade_from_text, upgrade_names
from sim.metrics.meter import Better, Key
from sim.metrics.registry import METRICS

MAX_SCENARIOS = 5000
BASE = "base"
Design = Literal["one-at-a-time", "grid", "space-filling", "screening", "tornado", "bottleneck", "best-within-budget"]
BUDGETED = "best-within-budget"
FIRST_STAGE = 5
"""Fewest replications with which a selection begins."""
_WITH_FACTORS = ("one-at-a-time", "grid", "space-filling", "screening")
DEFAULT_METRICS = ("clearance_h.mean", "clearance_h.p90", "stock_trucks.end_of_day", "throughput_per_day.mean")
_AT = r"(?:[a-z][a-z0-9-]*:)?"
"""At a border, the gate."""
_DIRECTION = "|".join(OTHER_WAY)
_METRIC = re.compile(
    rf"([a-z_]+)\.([a-z0-9_]+)(?:\.({_AT}(?:{_DIRECTION}))(?:\.([a-z0-9-]+))?)?(?:@({_AT}[a-z0-9-]+))?"
)


def metric_key(text: str) -> Key:
    """The key of a metric as a study writes it: `clearance_h.p90.northbound`, `wait_h.mean.northbound@bay-cn`.

    The parts are metric, statistic, direction and vehicle class; the stage, area or pool comes after an @. At a border
    the gate stands before the direction and the stage: `clearance_h.p90.fp:northbound`.

    Raises
    ------
    PydanticCustomError
        If it is none.
    """
    match = _METRIC.fullmatch(text)
    if match is None:
        raise refusal("not a metric", "Write metric.statistic.direction, such as clearance_h.p90.northbound.")
    metric, statistic, direction, vehicle_class, stage = match.groups()
    if metric not in METRICS:
        raise refusal(f"there is no metric {metric}", suggestion(METRICS, metric))
    return Key(metric, statistic, direction, vehicle_class, stage)


def better_of(key: Key) -> Better:
    """Return whether more of a metric is better, less of it, or neither."""
    return METRICS[key.metric].better


def metric_text(key: Key) -> str:
    """A metric as a study writes it."""
    parts = [part for part in (key.metric, key.statistic, key.direction, key.vehicle_class) if part]
    return ".".join(parts) + (f"@{key.stage}" if key.stage else "")


def main_names(known: Collection[str]) -> list[str]:
    """Return which numbers are shown by default, direction by direction."""
    parts = [name.rpartition(".") for name in known]
    directions = sorted({direction for metric, _, direction in parts if metric in DEFAULT_METRICS})
    names = [f"{metric}.{direction}" for direction in directions for metric in DEFAULT_METRICS]
    return [name for name in names if name in known]


def _is_metric(text: str) -> str:
    metric_key(text)
    return text


MetricText = Annotated[str, AfterValidator(_is_metric)]


class Target(Model):
    """How narrow an interval must become."""

    metric: MetricText
    """The metric, such as `clearance_h.mean.northbound`."""
    relative: Annotated[Share | None, Field(gt=0)] = None
    """Half-width of the 95 % interval over the mean."""
    absolute: Annotated[Number | None, Field(gt=0)] = None
    """Half-width of the 95 % interval, in the metric's unit."""

    @model_validator(mode="after")
    def _one(self) -> Target:
        if (self.relative is None) == (self.absolute is None):
            raise refusal("one of `relative` and `absolute` is needed", "Write one of them, such as `relative: 5 %`.")
        return self


class Margin(Model):
    """The smallest difference worth having, in the deciding metric."""

    relative: Annotated[Share | None, Field(gt=0)] = None
    """Share of the value without the option."""
    absolute: Annotated[Number | None, Field(gt=0)] = None
    """Difference in the metric's unit."""

    @model_validator(mode="after")
    def _one(self) -> Margin:
        if (self.relative is None) == (self.absolute is None):
            raise refusal("one of `relative` and `absolute` is needed", "Write one of them, such as `relative: 2 %`.")
        return self


class Precision(Model):
    """Replications until the intervals of all scenarios are narrow enough (sequential procedure)."""

    at_least: Annotated[Count, Field(ge=10, le=MAX_REPLICATIONS)] = 10
    """Replications of the first look; with fewer than ten the rule stops too early."""
    step: Annotated[Count, Field(ge=1, le=1000)] = 5
    """Replications added between looks."""
    at_most: ReplicationCount = 100
    """Where it ends in any case."""
    targets: Annotated[list[Target], Field(min_length=1, max_length=20)]
    """All must be met, in every scenario."""

    @model_validator(mode="after")
    def _ordered(self) -> Precision:
        if self.at_most < self.at_least:
            raise refusal("at_most is below at_least", f"Use at_most of at least {self.at_least}.")
        return self


class Factor(Model):
    """Something that varies: exactly one of `upgrade`, `path`, `demand` and `start`."""

    title: Annotated[str, StringConstraints(max_length=80)] = ""
    """Name for people."""
    upgrade: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None
    """An upgrade that is off or on, of the library with those that it needs, or the path of a file; with `levels`, at
    which values."""
    levels: list[Level] | None = None
    """Levels at which the upgrade is on; none means base alone."""
    path: Annotated[str | None, StringConstraints(min_length=1, max_length=200)] = None
    """A place in the gate, such as `stages.bay-cn.lanes`."""
    demand: bool = False
    """Whether the values are factors on every flow."""
    start: bool = False
    """Whether the values are first measured days."""
    values: Annotated[list[Any] | None, Field(min_length=1, max_length=100)] = None
    """Values to take in turn."""
    scale: Annotated[list[Number] | None, Field(min_length=1, max_length=100)] = None
    """Factors on what stands at the path, to take in turn."""
    context: bool = False
    """Whether this is a circumstance, not an option: scenarios are compared only where it has the same value. Demand
    and first days always are."""
    low: Any = None
    """Lower end of a range, for space-filling designs and screening: a value, or with `path` a factor on it."""
    high: Any = None
    """Upper end of the range."""

    @model_validator(mode="after")
    def _one_kind(self) -> Factor:
        kinds = [self.upgrade is not None, self.path is not None, self.demand, self.start]
        if sum(kinds) != 1:
            raise refusal("not one kind of factor", "Write exactly one of `upgrade`, `path`, `demand`, `start`.")
        ranged = self.low is not None and self.high is not None
        if (self.low is None) != (self.high is None):
            raise refusal("half a range", "Write both `low` and `high`.")
        if ranged and not all(_is_plain(end) for end in (self.low, self.high)):
            raise refusal("not a range of numbers", "Write plain numbers; with `path` they are factors on its value.")
        if ranged and not self.low < self.high:
            raise refusal("an empty range", "Write `low` below `high`.")
        if self.upgrade is None and [self.values is not None, self.scale is not None, ranged].count(True) != 1:
            raise refusal("no values to take", "Write one of `values`, `scale` (factors), or `low` and `high`.")
        if self.upgrade is not None and (self.values or self.scale or ranged):
            raise refusal("an upgrade has no values", "Use `levels`, or leave them out: it is off or on.")
        if self.scale is not None and self.path is None:
            raise refusal("nothing to scale", "Use `values`.")
        if self.demand and not all(_is_plain(value) for value in self.values or []):
            raise refusal("not factors", "Write numbers, such as [1.0, 1.1].")
        return self


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class ScenarioEntry(Model):
    """A scenario by name."""

    name: Slug
    """Its name in tables and plots."""
    title: Annotated[str, StringConstraints(max_length=80)] = ""
    """Name for people."""
    upgrades: list[Annotated[str, StringConstraints(min_length=1, max_length=1000)]] = Field(default=[])
    """Upgrades beside those of the study."""
    level: Level | None = None
    """Values that its upgrades take; none means the study's."""
    set: dict[str, Any] = Field(default={})
    """Place in the gate -> value, such as `stages.bay-cn.lanes: 15`."""
    scale: dict[str, Number] = Field(default={})
    """Place in the gate -> factor on what stands there, such as `flows.durian-north.per_day: 1.3`."""
    demand: DemandFactor | None = None
    """Factor on every flow; none means the study's."""
    start: Day | None = None
    """First measured day; none means the study's."""
    context: bool = False
    """Whether this is a circumstance, such as a shock, and not an option. One with a demand or a first day of its own
    always is."""
    against: Slug | None = None
    """The scenario that it is compared with, such as the shock that it relieves; omit for the base."""

    @property
    def is_context(self) -> bool:
        """Whether this is a circumstance."""
        return self.context or (self.against is None and (self.demand is not None or self.start is not None))


class BudgetChoice(Model):
    """How the best mix of upgrades within a budget is sought."""

    usd: Annotated[list[Annotated[Number, Field(gt=0)]], Field(min_length=1, max_length=20)]
    """Budgets for capital [USD]."""
    margin_usd: Annotated[Number, Field(gt=0)]
    """Smallest difference in net present value worth telling apart [USD]."""
    strongest: Annotated[Count, Field(ge=0, le=24)] = 8
    """Upgrades with the largest effects, whose pairs are tried."""
    candidates: Annotated[Count, Field(ge=1, le=200)] = 40
    """Mixes that the model of effects and pairs proposes, of all budgets together."""
    contenders: Annotated[Count, Field(ge=2, le=100)] = 8
    """Mixes of each budget among which the best is selected."""
    at_most: ReplicationCount = 100
    """Replications of a mix at which the selection ends in any case."""


class Assumptions(Model):
    """Which numbers a tornado varies, and how far."""

    paths: list[str] | None = None
    """Places in the gate; none means every lane count, service time, share and flow that is an assumption."""
    low: Annotated[Number, Field(gt=0, lt=1)] = 0.8
    """Factor on the number at the lower end."""
    high: Annotated[Number, Field(gt=1, le=10)] = 1.25
    """Factor on the number at the upper end."""


def _readings_written(value: object) -> object:
    """Read one name, or several with commas between, as a list."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _replications_written(value: object) -> str:
    return f"{TAG_MARK}precision" if isinstance(value, dict | Precision) else f"{TAG_MARK}count"


def _warmup_written(value: object) -> str:
    return f"{TAG_MARK}auto" if isinstance(value, str) else f"{TAG_MARK}days"


class Study(Model):
    """Scenarios to compare, replications, metrics."""

    name: Slug
    """Its name in the library and in results."""
    title: Title = Field(default={})
    """Names for people, by language."""
    question: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    """What a planner wants to know."""
    about: Annotated[str, StringConstraints(max_length=3000)] = ""
    """What is compared, and what is left out."""
    gate: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    """A gate of the library, or the path of a file."""
    upgrades: list[Annotated[str, StringConstraints(min_length=1, max_length=1000)]] = Field(default=[])
    """Upgrades that every scenario has."""
    level: Level = "base"
    """Values that upgrades take."""
    readings: Annotated[
        list[Slug], BeforeValidator(_readings_written, json_schema_input_type=str | list[str]), Field(max_length=16)
    ] = Field(default=[])
    """Readings of the gate under which it runs, the one of its tables and plots first: names, `all`, or `baseline`.
    Omit for the baseline and the two most plausible others; tornado, screening, bottleneck and space-filling designs
    run under one."""
    days: DayCount = 30
    """Length of the measured period [d]."""
    warmup_days: Annotated[
        Annotated[WarmupDays, Tag(f"{TAG_MARK}days")] | Annotated[Literal["auto"], Tag(f"{TAG_MARK}auto")],
        Discriminator(_warmup_written),
    ] = 7
    """Days simulated before it [d]; `auto` finds them by MSER-5 on pilot runs."""
    start: Day | None = None
    """First measured day; none means the gate's own."""
    demand: DemandFactor = 1.0
    """Factor on every flow."""
    replications: Annotated[
        Annotated[ReplicationCount, Tag(f"{TAG_MARK}count")] | Annotated[Precision, Tag(f"{TAG_MARK}precision")],
        Discriminator(_replications_written),
    ] = 20
    """How many of each scenario, or how narrow the intervals must become."""
    worlds: Annotated[Count, Field(le=10_000)] = 0
    """Plausible worlds in which it runs as well, with all uncertain inputs and readings drawn together; 0 for none."""
    seed: Seed = 1
    """Seed of all random numbers; replication r has the same draws in every scenario."""
    metrics: Annotated[list[MetricText], Field(max_length=40)] = Field(default=[])
    """Metrics compared; the first decides. None means mean and p90 of clearance, end-of-day stock, throughput."""
    margin: Margin | None = None
    """The smallest difference worth having, in the deciding metric: configurations that differ by less are as good as
    each other. Omit for 1 % of the value without the option; for times at least one minute, for shares one point."""
    scenarios: Annotated[list[ScenarioEntry], Field(max_length=MAX_SCENARIOS)] = Field(default=[])
    """Scenarios by name, beside the base."""
    factors: Annotated[dict[Slug, Factor], Field(max_length=64)] = Field(default={})
    """What a design combines."""
    design: Design | None = None
    """How factors are combined: one at a time from the base, a full grid, a space-filling design, or a screening of
    elementary effects (Morris), after which the strongest are looked at by variance (Sobol). `best-within-budget` seeks
    the mix of upgrades with the largest net present value for each budget. `tornado` varies the
    gate's assumptions one at a time, in the base and in the one scenario named; `bottleneck` gives each stage a tenth
    more capacity, and again with the first one relieved."""
    points: Annotated[Count, Field(ge=2, le=4096)] = 64
    """Points of a space-filling design; of the Sobol stage for each factor and two more."""
    trajectories: Annotated[Count, Field(ge=2, le=200)] = 10
    """Trajectories of the screening."""
    strongest: Annotated[Count, Field(ge=0, le=8)] = 3
    """Factors that the Sobol stage keeps; 0 leaves it out."""
    budget: BudgetChoice | None = None
    """Budgets, and how the best mix within each is sought; with `design: best-within-budget` alone."""
    assumptions: Assumptions = Assumptions()
    """Numbers that a tornado varies."""
    _texts: dict[str, str] = PrivateAttr(default_factory=dict)
    """What its own files of gates and upgrades say, by the paths that it names, as far as they have been read."""

    def _refuse_budget(self) -> None:
        """Raise where budgets do not fit to the rest of the study."""
        if (self.design == BUDGETED) != (self.budget is not None):
            raise refusal("budgets and their design go together", f"Write both `design: {BUDGETED}` and `budget`.")
        if self.budget is None:
            return
        if any(factor.upgrade is None or factor.levels or factor.context for factor in self.factors.values()):
            raise refusal("a budget is spent on upgrades", "Name an `upgrade` in every factor, without `levels`.")
        if self.scenarios:
            raise refusal("budgets and scenarios", "Leave `scenarios` out: the design makes its own.")
        if not isinstance(self.replications, int) or self.replications < FIRST_STAGE:
            raise refusal("too few replications to begin with", f"Write a number of at least {FIRST_STAGE}.")
        if self.budget.at_most < self.replications:
            raise refusal("at_most is below the replications", f"Use at_most of at least {self.replications}.")

    def own_gate(self) -> Gate:
        """Return the gate that it names, before its upgrades.

        Raises
        ------
        ConfigError
            With every finding at once, if it cannot be used.
        """
        if self.gate in library_names():
            return load_gate(self.gate)
        return gate_from_text(*self._text(self.gate), Path(self.gate).parent)

    def own_upgrade(self, name: str) -> Upgrade:
        """Return an upgrade that it names.

        Raises
        ------
        ConfigError
            With every finding at once, if it cannot be used.
        """
        return upgrade_from_text(*self._text(name)) if is_path(name) else load_upgrade(name)

    def _text(self, path: str) -> tuple[str, str]:
        """Return what a file says and its name; it is read once, so that a study is of one state of its files."""
        if path not in self._texts:
            self._texts[path] = read_text(Path(path))
        return self._texts[path], Path(path).name

    @property
    def inputs(self) -> dict[str, str]:
        """What its own files say that have been read, by the paths that it names."""
        return dict(sorted(self._texts.items()))

    def with_inputs(self, texts: Mapping[str, str]) -> Study:
        """Return the study with what its files said once, which are then not read."""
        study = self.model_copy()
        study._texts = dict(texts)
        return study

    @model_validator(mode="after")
    def _sensible(self) -> Study:
        self._refuse_budget()
        if self.design in (*_WITH_FACTORS, BUDGETED) and not self.factors:
            raise refusal("a design without factors", "Add `factors`, or remove `design`.")
        if self.design is None and self.factors:
            raise refusal("factors without a design", "Add `design: grid`, `one-at-a-time` or `space-filling`.")
        if self.design in ("tornado", "bottleneck") and self.factors:
            raise refusal(f"a {self.design} finds its own factors", "Remove `factors`.")
        if self.design is None and not self.scenarios:
            raise refusal("nothing to compare", "Add `scenarios`, or `factors` with a `design`.")
        if self.design == "tornado" and len(self.scenarios) != 1:
            raise refusal("a tornado looks at one decision", "Name exactly one scenario to set beside the base.")
        names = [entry.name for entry in self.scenarios]
        twice = [name for n, name in enumerate(names) if name in names[:n] or name == BASE]
        if twice:
            raise refusal(f"{twice[0]} is taken", "Give each scenario a name of its own; base is the study's own.")
        for entry in self.scenarios:
            if entry.against is not None and entry.against not in {BASE, *names} - {entry.name}:
                remedy = suggestion([BASE, *names], entry.against)
                raise refusal(f"{entry.name} is compared with {entry.against}", remedy)
        ranges = self.design in ("space-filling", "screening")
        for name, factor in self.factors.items():
            if ranges and factor.upgrade is None and factor.low is None:
                raise refusal(f"factor {name} has no range", "Write `low` and `high` for this design.")
            if self.design == "screening" and factor.upgrade is not None:
                raise refusal(f"factor {name} is an upgrade", "A screening takes numbers: use `path` with a range.")
            if not ranges and factor.low is not None:
                raise refusal(f"factor {name} has a range", "Write `values` or `scale` for this design.")
        return self


def is_path(name: str) -> bool:
    """Tell whether the name of an upgrade is the path of a file."""
    return name not in upgrade_names() and ("/" in name or "\\" in name or name.endswith(SUFFIXES) or is_file(name))


# The library.


def study_names() -> list[str]:
    """The names of the studies in the library."""
    return sorted(path.stem for path in _library().glob("*.yaml"))


def _library() -> Path:
    return Path(str(resources.files("experiments"))) / "studies" / "library"


def load_study(name_or_path: str | Path) -> Study:
    """The study of a library name or a file.

    Raises
    ------
    ConfigError
        With every finding at once, if it cannot be used.
    """
    path = library_path(name_or_path, "study", study_names(), _library())
    return study_from_text(read_text(path), path.name)


def study_from_text(text: str, file: str = "") -> Study:
    """The study that a YAML or JSON text describes; `file` names it in findings.

    Raises
    ------
    ConfigError
        With every finding at once.
    """
    return model_from_text(text, Study, file, lambda study: list(_unknown(study)))


def _unknown(study: Study) -> Iterable[Finding]:
    known = library_names()
    if study.gate not in known and not is_file(study.gate):
        remedy = suggestion(known, study.gate)
        yield Finding("gate", shortened(study.gate), "no such gate in the library", remedy)
