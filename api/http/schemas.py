"""What answers look like: models for the description of the API. Answers are not built from them, for speed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RunId = Annotated[str, Field(pattern=r"^run_[0-9a-f]{16}$", examples=["run_0123456789abcdef"])]
StudyId = Annotated[str, Field(pattern=r"^study_[0-9a-f]{16}$", examples=["study_0123456789abcdef"])]
Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Phase = Literal[Status, "waiting", "simulating", "combining", "drawing"]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-07-01T08:00:00Z"])]


class Shape(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class FindingShape(Shape):
    """One finding."""

    path: str
    """Address of the value: `days`, `gate.stages.booth.lanes`."""
    value: str
    """The value, shortened."""
    problem: str
    """What is wrong with it."""
    remedy: str
    """What to do."""


class ProblemShape(Shape):
    """Problem details, RFC 9457."""

    type: str
    """Address of a description of this kind of problem."""
    title: str
    status: int
    detail: str
    findings: list[FindingShape]
    """Every finding at once; empty for other kinds of problems."""


class PredictedShape(Shape):
    """What a run is expected to cost, good to about a factor of two."""

    events: Annotated[float, Field(examples=[4.7e6])]
    """Stage visits of all replications."""
    seconds: Annotated[float, Field(examples=[1.7])]
    """Processor time [s]."""
    disk_mb: Annotated[float, Field(examples=[5.5])]
    """Size of the result [MB]."""
    memory_mb: Annotated[float, Field(examples=[420])]
    """Memory of a worker [MB]."""


class ProgressShape(Shape):
    """Progress of a run."""

    done: Annotated[int, Field(examples=[8])]
    """Finished replications."""
    total: Annotated[int, Field(examples=[20])]
    phase: Annotated[Phase, Field(examples=["simulating"])]
    """What is being done just now: `waiting` for a free worker, `simulating`, `combining` the replications into a
    result, `drawing` the plots of a study; else the status."""
    eta_s: Annotated[float | None, Field(examples=[1.8])]
    """Expected time to the end [s], at the pace of the last half minute; null while it is not known, such as in a study
    before its last stage."""
    stage: Annotated[int, Field(ge=1, examples=[1])]
    """Which stage of a study goes on; what it finds decides how many replications the next one needs."""
    stages: Annotated[int, Field(ge=1, examples=[1])]
    """How many stages there are at most; a run has one."""


class FailureShape(Shape):
    """Why a run failed."""

    kind: str
    detail: str


class LabelShape(Shape):
    """What people wrote on a run."""

    name: Annotated[str | None, Field(examples=["Five more bays"])]
    tags: Annotated[list[str], Field(examples=[["2026", "bays"]])]
    note: Annotated[str | None, Field(examples=[None])]


class StateShape(Shape):
    """State of a run or a study."""

    status: Status
    gate: Annotated[str, Field(examples=["friendship-pass"])]
    owner: Annotated[str | None, Field(examples=["planning-office"])]
    """Name of the key that submitted it; null on a server without keys."""
    project: Annotated[str | None, Field(examples=["north-gates"])]
    """Project whose keys see it; null if only its owner and administrators do."""
    label: LabelShape
    created: Instant
    started: Instant | None
    finished: Instant | None
    progress: ProgressShape
    predicted: PredictedShape
    request: Annotated[dict[str, Any], Field(examples=[{"gate": "friendship-pass", "days": 30, "replications": 20}])]
    """What was submitted."""
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of all that the result depends on: equal digests give equal results."""
    problem: Annotated[FailureShape | None, Field(examples=[None])]
    version: Annotated[int, Field(examples=[2])]
    """Counts changes; the id of the event about the last one."""
    links: Annotated[dict[str, str], Field(examples=[{"self": "/api/v1/runs/run_0123456789abcdef"}])]
    """Addresses of what can be requested next."""


class RunShape(StateShape):
    """A run."""

    id: RunId
    kind: Literal["run"]


class StudyShape(StateShape):
    """A study."""

    id: StudyId
    kind: Literal["study"]
    links: Annotated[dict[str, str], Field(examples=[{"self": "/api/v1/studies/study_0123456789abcdef"}])]
    """Addresses of what can be requested next."""


class SubmittedStudyShape(StudyShape):
    """A study that was submitted, or an identical one that exists already."""

    reused: bool
    """Whether it existed already."""


class StudyPageShape(Shape):
    """A page of studies."""

    items: list[StudyShape]
    next: str | None
    """The `cursor` of the next page; null on the last one."""
    total: int | None
    """How many there are on all pages, if `count` asks for it."""


class EachShape(Shape):
    """What came of one of several."""

    id: str
    done: bool
    problem: ProblemShape | None
    """Why not."""


class TogetherShape(Shape):
    """What came of each of several."""

    items: list[EachShape]


class LinkedShape(Shape):
    """A named item, with its address in each format."""

    name: str
    links: dict[str, str]


class TablesShape(Shape):
    """Named items."""

    items: list[LinkedShape]


class TableShape(Shape):
    """A table, row by row."""

    name: str
    rows: list[dict[str, Any]]


class UpgradeShape(Shape):
    """An upgrade: what it changes in a gate, and what it costs."""

    name: str
    upgrade: dict[str, Any]
    """The upgrade file."""


class SubmittedShape(RunShape):
    """A run that was submitted, or an identical one that exists already."""

    reused: bool
    """Whether it existed already."""


class PageShape(Shape):
    """A page of runs."""

    items: list[RunShape]
    next: str | None
    """The `cursor` of the next page; null on the last one."""
    total: int | None
    """How many there are on all pages, if `count` asks for it."""


class ValidationShape(Shape):
    """What is wrong with a request, or what it will cost."""

    valid: bool
    findings: list[FindingShape]
    predicted: PredictedShape | None
    accepted: bool
    """Whether this server would accept it now."""
    refusal: str | None
    """Why not."""


class ChangeShape(Shape):
    """What an upgrade changes."""

    path: str
    before: str
    """The value before; empty for a new entry."""
    after: str
    upgrade: str
    source: str
    level: Literal["low", "base", "high"]


class CostsTogetherShape(Shape):
    """Costs of several upgrades, added up level by level."""

    capital_usd: dict[str, float]
    running_usd_per_year: dict[str, float]
    lead_time_months: float
    """The longest."""
    unknown: list[str]
    """Upgrades whose costs are not known."""


class MapShape(Shape):
    """Where everything of a map stands [px]."""

    title: str
    width: float
    height: float
    line_x: float | None
    """The border; null if all stages stand on one side."""
    sides: list[dict[str, Any]]
    directions: dict[str, str]
    classes: dict[str, str]
    """Titles of vehicle classes."""
    areas: list[dict[str, Any]]
    """Grounds of areas of limited space: title, spaces, place, size."""
    stages: list[dict[str, Any]]
    """Title, lines, side, place, lanes, share of the trucks, and details of each lane group."""
    moves: list[dict[str, Any]]
    """`path` is what SVG draws; `kind` is `first`, `other`, `shared` or `empty`."""
    box: dict[str, float]
    """Size of a stage."""


class PreviewShape(ValidationShape):
    """A run before it runs."""

    gate: dict[str, Any] | None
    """Names, sides, first day, trucks a day by direction, classes; null if there are findings."""
    changes: list[ChangeShape]
    costs: CostsTogetherShape | None
    map: MapShape | None
    warnings: list[str]
    """What lies outside the range for which the gate was calibrated."""


class NamedShape(Shape):
    """An entry of a catalogue."""

    name: str
    title: dict[str, str]
    links: dict[str, str]


class CatalogueShape(Shape):
    """A catalogue."""

    items: list[NamedShape]


class UpgradeEntryShape(NamedShape):
    """An upgrade of the library."""

    about: str
    gate: str
    """The gate for which its paths are written."""
    gates: list[str]
    """The gates of the library at which it can be used, that gate first."""
    needs: list[str]
    excludes: list[str]
    costs: dict[str, Any] | None
    """Capital and running cost in US dollars at three levels, life, lead time; null if not known."""


class UpgradesShape(Shape):
    """The upgrades of the library."""

    items: list[UpgradeEntryShape]


class NumberShape(Shape):
    """A number of a gate, and its source."""

    path: str
    value: str
    ids: list[str]
    """Facts that it is based on."""
    assumption: bool
    note: str


class GateShape(Shape):
    """A gate with the sources of its numbers."""

    name: str
    gate: dict[str, Any]
    """The gate, as it can be given in a run."""
    numbers: list[NumberShape]


class ReadGateShape(Shape):
    """What a gate file says."""

    valid: bool
    gate: dict[str, Any] | None
    """The gate as data, as `POST /runs` takes it."""
    findings: list[FindingShape]


class HealthShape(Shape):
    """That the process answers."""

    status: Literal["ok"]
    version: str


class ReadyShape(Shape):
    """Whether runs can be accepted and simulated."""

    ready: bool
    database: bool
    disk_free_mb: float | None
    """Null without a key of a server that asks for keys, like what follows."""
    unfinished: int | None
    trouble: str | None


class LimitsShape(Shape):
    """Limits of this server."""

    body_bytes: int
    json_depth: int
    json_names_at_once: int
    json_names: int
    json_entries: int
    events: float
    queued: int
    queued_a_key: int
    run_seconds: float
    study_factor: float
    worker_mb: int
    free_mb: float
    kept_mb: float
    connections: int
    streams: int
    page: int
    points: int
    replay_rows: int


class KindShape(Shape):
    """A kind of problem."""

    type: str
    title: str
    status: int
