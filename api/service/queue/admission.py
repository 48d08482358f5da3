"""What a request means and costs, before it is accepted."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from api.service.data_folder import DataFolder
from api.service.queue import tasks
from api.service.queue.tasks import CheckedRequest
from api.service.queue.workers import FairPool, WorkerDied, WorkerTooSlow
from api.service.settings import Limits
from experiments.runs.prediction import Prediction, Size, predict
from experiments.runs.provenance import canonical_json
from experiments.runs.settings import RunSettings
from gates.findings import Finding

log = logging.getLogger("bordergate")

CHECK_S = 30.0
"""A gate of the largest size takes well below one second; the rest is for a busy machine [s]."""
ATTEMPTS = 5
SIZES = 10_000
"""Sizes of replications that are remembered."""


class Refused(Exception):
    """A request that is refused; `kind` names the problem."""

    def __init__(self, kind: str, detail: str, findings: list[Finding] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.findings = findings or []


class Admission:
    """Resolves requests, predicts what they cost, and refuses what is too large."""

    def __init__(self, folder: DataFolder, checker: FairPool, limits: Limits) -> None:
        self._folder, self._checker = folder, checker
        self.limits = limits
        self._sizes: OrderedDict[str, Size] = OrderedDict()

    async def resolve(
        self, request: dict[str, Any], kind: str = "run", owner: str = ""
    ) -> tuple[CheckedRequest, Prediction]:
        """Return a request resolved, and what it will cost.

        Raises
        ------
        ConfigError
            With every finding.
        Refused
            If that takes too long, or a study is larger than this server allows: its scenarios are counted before they
            are made.
        """
        if kind == "study":
            return await self._resolve_study(json.dumps(request), owner)
        if isinstance(request.get("gate"), str):
            resolved = tasks.checked_request(request, with_size=False)
            size = await self._size(request, resolved.text, owner)
        else:
            resolved = await self._in_checker(owner, tasks.check_request, json.dumps(request))
            assert resolved.size is not None
            size = resolved.size
        return resolved, predict(size, RunSettings.model_validate(resolved.settings))

    async def _resolve_study(self, request: str, owner: str) -> tuple[CheckedRequest, Prediction]:
        total, size = await self._in_checker(owner, tasks.size_of_study, request)
        one = predict(size, RunSettings(replications=1, keep_events=0))
        cost = one._replace(events=one.events * total, seconds=one.seconds * total)
        self._refuse_beyond_limits(cost, "study")
        resolved = await self._in_checker(owner, tasks.check_study_request, request)
        return resolved, cost

    async def _size(self, request: dict[str, Any], text: str, owner: str) -> Size:
        parts = [request.get(name) for name in ("gate", "upgrades", "level", "days", "warmup_days", "start", "demand")]
        key = hashlib.sha256(canonical_json(parts)).hexdigest()
        if key not in self._sizes:
            self._sizes[key] = await self._in_checker(owner, tasks.size, text)
            while len(self._sizes) > SIZES:
                self._sizes.popitem(last=False)
        return self._sizes[key]

    async def _in_checker(self, owner: str, function: Callable[..., Any], *arguments: Any) -> Any:
        for attempt in range(ATTEMPTS):
            try:
                return await self._checker.run(owner, CHECK_S, function, *arguments)
            except (WorkerTooSlow, MemoryError, RecursionError):
                raise Refused("too-large", "This gate takes too long to check. Describe it with fewer parts.") from None
            except WorkerDied as error:
                log.warning("check %d: %s", attempt, error)
        raise Refused("too-large", "The check of this gate failed. Describe it with fewer parts.")

    def refuse_what_is_too_large(self, cost: Prediction, kind: str = "run") -> None:
        """Raise `Refused` if a run or a study would need more than this server gives."""
        self._refuse_beyond_limits(cost, kind)
        limits, free = self.limits, self._folder.free_mb()
        if free < limits.free_mb or cost.disk_mb > free - limits.free_mb:
            detail = (
                f"The {kind} would need about {cost.disk_mb:,.1f} MB, and {free:,.0f} MB are free. Free some space."
            )
            raise Refused("disk-full", detail)

    def _refuse_beyond_limits(self, cost: Prediction, kind: str) -> None:
        limits, findings = self.limits, []
        times = limits.study_factor if kind == "study" else 1.0
        fewer = "Use fewer days or fewer replications."
        stream = "Use fewer days, or keep no event logs: `keep_events: none`."
        for path, need, most, unit, remedy in (
            ("replications", cost.events, times * limits.events, "stage visits", fewer),
            ("replications", cost.seconds, times * limits.run_seconds, "seconds of one core", fewer),
            ("days", cost.memory_mb, limits.worker_mb, "MB of memory", stream),
        ):
            if need > most:
                problem = f"would need about {need:,.0f} {unit}; this server allows a {kind} {most:,.0f}"
                findings.append(Finding(path, "", problem, remedy))
        if findings:
            raise Refused("too-large", f"The {kind} exceeds the limits of this server.", findings)
