"""The border model: gates that stay as their files describe them, and what belongs to the border alone."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Discriminator, Field, StringConstraints

from gates.schema.base import TAG_MARK, Name, SideName, Sourced, Title, tag
from gates.schema.distributions import Constant, Distribution
from gates.schema.gate import EndOfDay, Gate
from gates.schema.quantities import DAY_S, Clock, Count, Day, Number, Seconds, Share


def _gate_written(value: Any) -> str:
    """The tag of the way in which a gate is written."""
    return f"{TAG_MARK}name" if isinstance(value, str) else f"{TAG_MARK}whole"


class BorderGate(Sourced):
    """A gate of the border."""

    gate: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=1000), tag("name")] | Annotated[Gate, tag("whole")],
        Discriminator(_gate_written),
    ]
    """Name of a gate of the library, a file beside that of the border, or a whole gate."""
    upgrades: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=1000)]], Field(max_length=32)
    ] = []
    """Upgrades of that gate to switch on."""

    @property
    def found(self) -> Gate:
        """The gate itself, once it has been looked up."""
        assert isinstance(self.gate, Gate)
        return self.gate


class Board(Sourced):
    """What is posted of the gates: how long trucks wait there."""

    at: Annotated[list[Clock], Field(min_length=1, max_length=288)]
    """Times of day at which it is posted [s]."""
    side: SideName
    """The side whose clock is meant."""
    over: Annotated[Count, Field(ge=1, le=1000)] = 1
    """Postings back to which the trucks released are counted."""
    at_most: Annotated[Seconds, Field(gt=0)] = 60.0 * DAY_S
    """Longest wait that is posted [s]."""


class SetsOut(Sourced):
    """What trucks know before they set out, and when they stay away."""

    knows: Annotated[Count, Field(ge=0, le=1000)] = 0
    """Postings by which what they know is behind: 0 is the last posting, 1 the one before it."""
    puts_up_with: Distribution | None = None
    """Distribution of the cost, in time, from which on a truck stays away; by default none does."""


class ThinksAgain(Sourced):
    """Trucks that choose again while they wait, after each posting."""

    at: Annotated[
        dict[Name, Annotated[list[Name], Field(min_length=1, max_length=32)]], Field(alias="in", min_length=1)
    ]
    """Gate -> stages in whose queues they do."""
    gain: Seconds
    """What another gate must spare them at least before they move [s]."""


class Moves(Sourced):
    """The way from one gate to another."""

    takes: Distribution = Constant(constant=0.0)
    """Distribution of the time that it takes."""


class Trade(Sourced):
    """Flows of several gates that are one demand: trucks that may go to another gate than they usually do."""

    title: Title = {}
    """Names for people, by language."""
    flows: Annotated[dict[Name, Annotated[list[Name], Field(min_length=1, max_length=16)]], Field(min_length=1)]
    """Gate -> its flows. Their sum is the demand, the part of each gate its usual share. A truck that comes from
    another gate goes the way of the first."""
    free: Share = 1.0
    """Share of the trucks that may choose; the others are bound to their gate, such as by contract or licence."""
    spread: Seconds = 0.0
    """Scale of the part of the costs of a gate that differs from truck to truck, in time (logit) [s]."""
    usual_wait: dict[Name, Seconds]
    """Gate -> wait posted on a usual day [s]; with the usual shares it gives what else a gate costs."""
    fees: dict[Name, Annotated[Number, Field(ge=-1e6, le=1e6)]] = {}
    """Gate -> what it costs more than usual [USD]."""
    value_of_time: Annotated[Number, Field(gt=0, le=1e6)] | None = None
    """Value of an hour of a truck and its load [USD/h], which turns fees into time."""
    sets_out: SetsOut | None = None
    """What trucks know before they set out; by default the last posting, and none stays away."""
    thinks_again: ThinksAgain | None = None
    """Trucks that choose again while they wait; by default none does."""
    moves: Moves | None = None
    """The way from one gate to another; by default it takes no time."""

    @property
    def knows(self) -> int:
        """Postings by which what trucks know as they set out is behind."""
        return self.sets_out.knows if self.sets_out else 0

    @property
    def puts_up_with(self) -> Distribution | None:
        """Distribution of the cost from which on a truck stays away; None if none does."""
        return self.sets_out.puts_up_with if self.sets_out else None

    @property
    def way(self) -> Distribution:
        """Distribution of the time that the way from one gate to another takes."""
        return self.moves.takes if self.moves else Constant(constant=0.0)

    def usual_shares(self, border: Border) -> dict[str, float]:
        """Return the part of each gate in the demand."""
        per_day = {
            gate: math.fsum(border.gates[gate].found.flows[flow].per_day for flow in flows)
            for gate, flows in self.flows.items()
        }
        total = math.fsum(per_day.values())
        return {gate: part / total for gate, part in per_day.items()}

    def extra(self, border: Border) -> dict[str, float]:
        """Return what each gate costs beyond the wait posted [s]; the smallest is 0.

        In a logit model with these costs the usual waits bring the usual shares about (McFadden 1974, Conditional
        Logit Analysis of Qualitative Choice Behavior).
        """
        shares = self.usual_shares(border)
        worth = 3600 / (self.value_of_time or math.inf)
        extra = {
            gate: -self.spread * math.log(share) - self.usual_wait[gate] + self.fees.get(gate, 0.0) * worth
            for gate, share in shares.items()
        }
        return {gate: cost - min(extra.values()) for gate, cost in extra.items()}


class Border(Sourced):
    """Several gates of a border, and trade that chooses between them."""

    name: Name
    """Its name in the library and in results."""
    title: Title = {}
    """Names for people, by language."""
    about: Annotated[str, StringConstraints(max_length=4000)] = ""
    """What the file describes, and what it leaves out."""
    start: Day
    """First day of the measured period, unless the run sets another."""
    end_of_day: EndOfDay
    """When a day ends for the bulletin, at all gates."""
    gates: Annotated[dict[Name, BorderGate], Field(min_length=1, max_length=32)]
    """Name at the border -> gate."""
    board: Board | None = None
    """What is posted of the gates; needed where trade chooses."""
    trade: Annotated[dict[Name, Trade], Field(max_length=16)] = {}
    """Trade that chooses between gates."""

    def __repr__(self) -> str:
        """Return a line: a border with all its gates fills many screens."""
        return f"Border {self.name}: {len(self.gates)} gates, {len(self.trade)} trades"

    __str__ = __repr__


Trade.model_rebuild()
