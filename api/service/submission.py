"""A run or a study, as it is submitted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from api.service.labels import NOTHING, Label
from api.service.security.access import LOCAL, Access
from api.service.security.keys import NAME
from experiments.runs.provenance import canonical_json
from gates.findings import ConfigError, Finding, suggestion, value_text

PRIORITIES = {"low": -1, "normal": 0, "high": 1}
KEY_REUSED = "This Idempotency-Key was used for another request."


@dataclass(frozen=True)
class Submission:
    """A run or a study, as it is submitted."""

    request: dict[str, Any]
    """What `experiments.runs.request.RunRequest` says, or a study file."""
    kind: str = "run"
    access: Access = LOCAL
    project: str | None = None
    """Project that it is for; the key's first one if none is named."""
    key: str | None = None
    """Idempotency key: the same key with the same request gives the same run."""
    reuse: bool = True
    """Whether an identical run of the same owner may be given instead."""
    priority: str = "normal"
    """One of `PRIORITIES`: before or after other runs of the same key."""
    notify: str | None = None
    """Address that is to hear of its end."""
    label: Label = NOTHING
    """What is written on it. An identical run that is given instead keeps its own."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what must be the same when an idempotency key is used again."""
        return hashlib.sha256(
            canonical_json(
                [self.kind, self.request, self.reuse, self.project, self.priority]
                + ([self.label.document()] if self.label != NOTHING else [])
                + ([self.notify] if self.notify is not None else [])
            )
        ).hexdigest()

    @property
    def owner(self) -> str:
        """Name of the access key; empty without keys."""
        return self.access.owner

    def project_or_default(self) -> str:
        """Return the project that it is for.

        Raises
        ------
        ConfigError
            If the key does not belong to it.
        """
        if self.project is None:
            return self.access.default_project
        if not NAME.fullmatch(self.project):
            problem = "is not a valid name"
            raise ConfigError([Finding("project", value_text(self.project), problem, "Use a project of this key.")])
        if not self.access.may_submit_to(self.project):
            remedy = suggestion(self.access.projects, self.project) if self.access.projects else "Leave it out."
            raise ConfigError([Finding("project", self.project, "is not a project of this key", remedy)])
        return self.project

    @property
    def remembered(self) -> tuple[str, str] | None:
        """The idempotency key with the fingerprint."""
        return None if self.key is None else (self.key, self.fingerprint)
