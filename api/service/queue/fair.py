"""Whose turn it is: each project gets its share of the workers, and each key its share within its project.

Start-time fair queueing (Goyal, Vin and Cheng 1996): every share has a clock that runs with the work done for it,
divided by its weight, and the share whose clock is behind goes first. A share that had nothing to do gets no credit for
it: its clock starts where the others are. So nobody waits for more than what is being done just now, however much
others have submitted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple


class Share(NamedTuple):
    """For whom work is done."""

    group: str
    """A project, or a key that has none."""
    owner: str

    @classmethod
    def of(cls, project: str, owner: str) -> Share:
        """Return the share of a run: without a project, its key stands for itself."""
        return cls(f"project {project}" if project else f"key {owner}", owner)


class _Clocks:
    """Clocks of shares that compete with each other."""

    def __init__(self) -> None:
        self._now = 0.0
        self._at: dict[Hashable, float] = {}

    def start(self, share: Hashable) -> float:
        """Return the time at which the next work of a share starts."""
        return max(self._now, self._at.get(share, 0.0))

    def begin(self, share: Hashable, cost: float) -> None:
        """Note that work of a share starts now."""
        self._now = self.start(share)
        self._at[share] = self._now + cost
        self._at = {each: at for each, at in self._at.items() if at > self._now}

    def correct(self, share: Hashable, cost: float) -> None:
        """Add to the clock of a share what its work took beyond its cost; less, if negative."""
        self._at[share] = self.start(share) + cost


class Turns:
    """Whose work goes first."""

    def __init__(self) -> None:
        self._groups = _Clocks()
        self._owners: dict[str, _Clocks] = {}

    def first(self, shares: Iterable[Share]) -> Share | None:
        """Return the share that is furthest behind; of several, the first. None if there is none."""
        found = list(shares)
        group = min((share.group for share in found), key=self._groups.start, default="")
        owners = self._owners.get(group) or _Clocks()
        within = (share for share in found if share.group == group)
        return min(within, key=lambda share: owners.start(share.owner), default=None)

    def begin(self, share: Share, seconds: float, weight: float = 1.0) -> None:
        """Note that work starts, and how long it is expected to take [s]."""
        self._groups.begin(share.group, seconds / weight)
        self._owners.setdefault(share.group, _Clocks()).begin(share.owner, seconds / weight)

    def end(self, share: Share, seconds: float, expected: float, weight: float = 1.0) -> None:
        """Note how long work took that was expected to take so long [s]."""
        more = (seconds - expected) / weight
        self._groups.correct(share.group, more)
        self._owners.setdefault(share.group, _Clocks()).correct(share.owner, more)
