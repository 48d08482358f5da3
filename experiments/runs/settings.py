"""How a scenario is run: with the scenario, all that a result depends on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from experiments.inputs.policy import PolicyCode
from experiments.inputs.trace import Trace
from gates.schema.base import Model
from gates.schema.quantities import Count
from gates.schema.scenario import Scenario

MAX_REPLICATIONS = 10_000

ReplicationCount = Annotated[Count, Field(ge=1, le=MAX_REPLICATIONS)]
Seed = Annotated[Count, Field(ge=0, lt=2**63)]
EngineName = Literal["compiled", "reference"]


class RunSettings(Model):
    """How a scenario is run."""

    replications: ReplicationCount = 20
    """Number of independent replications."""
    seed: Seed = 1
    """Seed of all random numbers."""
    engine: EngineName = "compiled"
    """Engine; both give the same results."""
    keep_events: Annotated[Count, Field(ge=0)] = 1
    """Number of first replications whose event log is kept; 0 streams, so that memory does not grow with time."""


class Setup(Model):
    """A scenario and how it is simulated: all that a replication depends on, but its number."""

    scenario: Scenario
    """What is simulated."""
    seed: Seed = 1
    """Seed of all random numbers."""
    engine: EngineName = "compiled"
    """Engine; both give the same results."""
    streamed: bool = False
    """Whether replications are measured without ever holding a log; percentiles then come from a histogram."""
    trace: Trace | None = None
    """Recorded trucks that come instead of drawn ones."""
    policy: PolicyCode | None = None
    """Own rules, under which the reference engine runs."""

    @classmethod
    def of_run(
        cls,
        scenario: Scenario,
        settings: RunSettings,
        trace: Trace | None = None,
        policy: PolicyCode | None = None,
    ) -> Setup:
        """Return what the replications of a run depend on."""
        return cls(
            scenario=scenario,
            seed=settings.seed,
            engine=settings.engine,
            streamed=streams(settings),
            trace=trace,
            policy=policy,
        )

    @property
    def text(self) -> str:
        """The setup as JSON, which `model_validate_json` reads back in any process."""
        return self.model_dump_json(by_alias=True)


def streams(settings: RunSettings) -> bool:
    """Tell whether replications are folded into their metrics without ever holding a log."""
    return settings.keep_events == 0 and settings.engine == "compiled"
