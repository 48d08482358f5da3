"""What a key may see and change."""

from __future__ import annotations

from dataclasses import dataclass

from api.service.store import Row

SCOPES = ("read", "run", "admin")
"""Each allows what those before it do: see; submit, and cancel and delete one's own; see, cancel and delete any."""
EVERY_PROJECT = "all"
"""In place of a project's name: a key that sees the runs of all."""


@dataclass(frozen=True)
class Access:
    """Who sends a request, and what they may do."""

    owner: str
    """Name of the key; empty if the server does not need keys."""
    scope: str
    projects: tuple[str, ...] = ()
    """Projects whose runs the key sees; runs are submitted to the first, unless they name another."""
    weight: float = 1.0
    """How much of the workers its runs get beside those of others."""
    quota: int | None = None
    """Most runs that are not finished; none means the server's limit."""

    def allows(self, scope: str) -> bool:
        """Tell whether this may do what needs a scope."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    @property
    def sees_all(self) -> bool:
        """Whether this sees the runs of everyone."""
        return self.allows("admin") or EVERY_PROJECT in self.projects

    def may_see(self, row: Row) -> bool:
        """Tell whether this may see a run: its own, or one of its projects."""
        return self.sees_all or row.owner == self.owner or row.project in self.projects

    def may_change(self, row: Row) -> bool:
        """Tell whether this may cancel or delete a run: its own, unless it is an administrator's key."""
        return self.allows("admin") or (self.allows("run") and row.owner == self.owner)

    def may_submit_to(self, project: str) -> bool:
        """Tell whether this may submit runs to a project."""
        return self.allows("admin") or project in self.projects

    @property
    def default_project(self) -> str:
        """Project of a run that names none; empty if the key has none."""
        return next((name for name in self.projects if name != EVERY_PROJECT), "")


LOCAL = Access("", "admin")
"""Every user of this machine, on a server that does not need keys."""
EVERYBODY = Access("", "read")
"""A request for what needs no key."""
