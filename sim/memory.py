"""What was worked out of something once, kept with it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

Memory = dict[Any, Any]


class Remembers(Protocol):
    """Something that keeps what was worked out of it."""

    @property
    def memory(self) -> Memory:
        """Function, and what else it was asked with -> what it returned."""


Subject = TypeVar("Subject", bound=Remembers)
Result = TypeVar("Result")
Which = ParamSpec("Which")


def once(work: Callable[Concatenate[Subject, Which], Result]) -> Callable[Concatenate[Subject, Which], Result]:
    """Work something out once for each subject, a `Plan`, a `Scope` or a `LogBlock`, however many need it.

    What it is asked with beside the subject must be hashable, and given by place.
    """

    @functools.wraps(work)
    def remembered(subject: Subject, /, *which: Which.args, **named: Which.kwargs) -> Result:
        key: Hashable = (work, *which)
        if key not in subject.memory:
            subject.memory[key] = work(subject, *which, **named)
        result: Result = subject.memory[key]
        return result

    return remembered
