"""The one runner of replications, for runs, studies and the service, and the one format of a finished replication.

A replication depends on its setup and its number alone. So results depend neither on the executor, which only says
where the work is done, nor on what a store held already. What a worker gives back is what a store keeps.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import typing
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from experiments.inputs.traced_plan import with_trace
from experiments.runs.executors import Inline
from experiments.runs.settings import Setup
from experiments.runs.store import FORMAT, Store, ranges, setup_digest
from gates.files.load import refuse_unsound
from sim.draws.draw import draw
from sim.engines.log import EventLog, of_those_who_came
from sim.engines.simulate import simulate
from sim.metrics.fold import Measures, measure
from sim.plan.compile import compile_plan
from sim.plan.plan import Plan
from sim.streaming import stream

if TYPE_CHECKING:
    from sim.live import Policy

CHUNK = 5
"""Most replications of a setup that a worker makes at once; it compiles the plan once for them."""
CHUNKS_WANTED = 16
"""With few replications chunks are smaller, so that there are about as many as this for the workers to share."""
IN_FLIGHT = 64
"""Most chunks given to the executor at once."""
GZIP = 31
"""What zlib calls the format of gzip, which has a checksum."""

Progress = Callable[[int, int], None]
"""Called with (replications done, replications in all, as far as known)."""
Kept = TypeVar("Kept")


class Cancelled(Exception):
    """The work was to stop; what is finished stays in the store."""


class Finished(NamedTuple):
    """A replication that is done."""

    setup: str
    """Digest of its setup."""
    number: int
    measures: Measures
    log: EventLog | None = None
    """Its event log, if that is kept and not in the store."""


class Made(NamedTuple):
    """What a worker gives back of a replication."""

    packed: bytes
    log: EventLog | None


class Runner:
    """Makes replications, or takes them from the store.

    Parameters
    ----------
    executor
        Where replications are made; none means in this thread, one after the other.
    store
        Where finished replications are kept and looked for; none keeps nothing.
    progress
        Called at the beginning and after each chunk.
    cancelled
        Asked now and then whether to stop.
    chunk
        Most replications that a worker makes at once, and that a file of the store holds.
    policy
        The own rules that setups with a policy name, which cannot go to another process.
    """

    def __init__(
        self,
        executor: Executor | None = None,
        store: Store | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        chunk: int | None = None,
        policy: Policy | None = None,
    ) -> None:
        self._executor = executor or Inline()
        self.store = store
        self._progress = progress or (lambda done, total: None)
        self._cancelled = cancelled or (lambda: False)
        self._chunk = chunk
        self._policy = policy
        self.simulated = 0
        """Replications made; the others were in the store."""
        self._done = 0
        self._total = 0

    def table(
        self, setups: Sequence[Setup], numbers: Collection[int], keep: Callable[[Measures], Kept]
    ) -> tuple[tuple[Kept, ...], ...]:
        """Return what to keep of the replications `numbers` of each setup, in order."""
        digests = [setup_digest(setup) for setup in setups]
        done = self.finished(dict(zip(digests, setups, strict=True)), numbers)
        kept = {(one.setup, one.number): keep(one.measures) for one in done}
        return tuple(tuple(kept[digest, number] for number in numbers) for digest in digests)

    def finished(self, setups: Mapping[str, Setup], numbers: Collection[int], logs: int = 0) -> Iterator[Finished]:
        """Yield the replications `numbers` of each setup, those in the store first, the others as they are made.

        Parameters
        ----------
        setups
            Setups by their digest.
        logs
            Of how many of the first replications the event log is kept: in the store, or else in what is yielded.

        Raises
        ------
        ConfigError
            If a gate is not one that a file could hold.
        Cancelled
            If it was to stop.
        OSError
            If the store cannot be written.
        """
        for setup in setups.values():
            refuse_unsound(setup.scenario.gate)
        self._total += len(setups) * len(numbers)
        missing: dict[str, list[int]] = {}
        for digest in setups:
            there = set()
            for number, measures in self._stored(digest, numbers, logs):
                there.add(number)
                yield Finished(digest, number, measures)
            self._done += len(there)
            missing[digest] = [number for number in numbers if number not in there]
        self._progress(self._done, self._total)
        for digest, numbers_made, made in self._chunks(setups, missing, logs):
            logged = self._keep(setups[digest], digest, numbers_made, made)
            self.simulated += len(made)
            self._done += len(made)
            for number, one in zip(numbers_made, made, strict=True):
                yield Finished(digest, number, unpacked(one.packed), None if logged else one.log)
            self._progress(self._done, self._total)

    def _stored(self, digest: str, numbers: Collection[int], logs: int) -> Iterator[tuple[int, Measures]]:
        if self.store is not None:
            there = self.store.numbers(digest, logs).intersection(numbers)
            yield from self.store.get(digest, there, unpacked)

    def _keep(self, setup: Setup, digest: str, numbers: Sequence[int], made: Sequence[Made]) -> bool:
        """Put replications into the store, a log before the replication that it belongs to; tell if there is one."""
        if self.store is None:
            return False
        for number, one in zip(numbers, made, strict=True):
            if one.log is not None:
                from experiments.runs.tables import events_table, trucks_table

                plan = planned(setup.text)[1]
                tables = events_table(plan, one.log), trucks_table(plan, number, one.log)
                self.store.put_log(digest, number, *tables)
        self.store.put(digest, numbers[0], [one.packed for one in made])
        return True

    def _chunks(
        self, setups: Mapping[str, Setup], missing: Mapping[str, list[int]], logs: int
    ) -> Iterator[tuple[str, range, list[Made]]]:
        """Have what is missing made, chunk by chunk; yield it as it comes."""
        count = sum(map(len, missing.values()))
        most = self._chunk or max(1, min(CHUNK, -(-count // CHUNKS_WANTED)))
        waiting = ((digest, chunk) for digest, numbers in missing.items() for chunk in _cut(numbers, most, logs))
        pending: dict[Future[list[Made]], tuple[str, range]] = {}
        while True:
            if self._cancelled():
                raise Cancelled
            for digest, chunk in waiting:
                how = (logs, self.store is not None, *((self._policy,) if self._policy else ()))
                future = self._executor.submit(replicate, setups[digest].text, chunk, *how)
                pending[future] = digest, chunk
                if future.done() or len(pending) >= IN_FLIGHT:
                    break
            if not pending:
                return
            done, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                yield *pending.pop(future), future.result()


def _cut(numbers: Iterable[int], most: int, logs: int) -> Iterator[range]:
    """Yield chunks of consecutive numbers; a replication whose log is kept is one of its own."""
    numbers = [*numbers]
    for first, end in ranges([n for n in numbers if n < logs], 1) + ranges([n for n in numbers if n >= logs], most):
        yield range(first, end)


# In a worker


def replicate(
    setup: str, numbers: Sequence[int], logs: int, compress: bool, policy: Policy | None = None
) -> list[Made]:
    """Make replications of a setup; called in a worker.

    Parameters
    ----------
    setup
        The setup as text.
    numbers
        Which replications.
    logs
        Of how many of the first replications the event log is given back.
    compress
        Whether the replications are for a store.
    policy
        The own rules that the setup names.
    """
    known, plan = planned(setup)
    made = []
    for number in numbers:
        measures, log = _replicated(known, plan, number, policy)
        made.append(Made(packed(measures, compress=compress), log if number < logs else None))
    return made


@functools.lru_cache(maxsize=16)
def planned(setup: str) -> tuple[Setup, Plan]:
    """Return a setup from its text, whose gate was checked before, and its plan; the last few are remembered."""
    known = Setup.model_validate_json(setup)
    return known, with_trace(compile_plan(known.scenario, check_gate=False), known.trace)


def _replicated(setup: Setup, plan: Plan, number: int, policy: Policy | None) -> tuple[Measures, EventLog | None]:
    if setup.streamed:
        return stream(plan, setup.seed, number), None
    draws = draw(plan, setup.seed, number)
    if policy is None:
        log = simulate(plan, draws, setup.engine)
    else:
        from sim.live import simulate_under

        log = simulate_under(policy, plan, draws, f"{setup.seed}/{number}")
    return measure(plan, log), of_those_who_came(log, plan.end)


# The format of a finished replication: what it holds as JSON, then its arrays; no code is in it.

_Array = npt.NDArray[Any]
_PLACE = 8
"""Arrays begin at multiples of this [B]."""


def packed(measures: Measures, *, compress: bool) -> bytes:
    """Return what a replication measured as bytes, with nothing lost; the same bytes for the same measures."""
    arrays: list[_Array] = []
    words = {name: _parts(f"Measures.{name}", kind, getattr(measures, name), arrays) for name, kind in _kinds().items()}
    header = json.dumps([FORMAT, words, [(array.dtype.str, array.shape) for array in arrays]]).encode()
    parts = [len(header).to_bytes(_PLACE, "little"), header, *(array.tobytes() for array in arrays)]
    return zlib.compress(b"".join(part + b"\0" * (-len(part) % _PLACE) for part in parts), int(compress), GZIP)


def unpacked(content: bytes) -> Measures:
    """Read a replication back.

    Raises
    ------
    ValueError
        If the bytes are damaged.
    """
    try:
        held = zlib.decompress(content, GZIP)
        start = _PLACE + int.from_bytes(held[:_PLACE], "little")
        words, shapes = _layout(held[_PLACE:start])
        arrays = _arrays(held[start + -start % _PLACE :], shapes)  # the words are not held any longer
        return Measures(**{name: _whole(kind, words[name], arrays) for name, kind in _kinds().items()})
    except (zlib.error, LookupError, TypeError, StopIteration) as error:
        raise ValueError("a damaged replication") from error


@functools.cache
def _kinds() -> dict[str, Any]:
    """Return the declared type of each field of the measures."""
    declared = typing.get_type_hints(Measures)
    return {field.name: declared[field.name] for field in dataclasses.fields(Measures)}


@functools.lru_cache(maxsize=64)
def _layout(header: bytes) -> tuple[dict[str, Any], list[tuple[str, tuple[int, ...]]]]:
    """Return the words of a header and the types and shapes of its arrays; replications of a gate share them."""
    number, words, shapes = json.loads(header)
    if number != FORMAT:
        raise ValueError(f"a replication of format {number}")
    whole = {name: _names(kind, words[name]) for name, kind in _kinds().items()}
    return whole, [(kind, tuple(shape)) for kind, shape in shapes]


def _arrays(held: bytes, shapes: Iterable[tuple[str, tuple[int, ...]]]) -> Iterator[_Array]:
    at = 0
    for kind, shape in shapes:
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(held, np.dtype(kind), count, at) if count else np.empty(0, np.dtype(kind))
        at += array.nbytes + -array.nbytes % _PLACE
        yield array.reshape(shape)


def _parts(place: str, kind: Any, value: Any, arrays: list[_Array]) -> Any:
    """Return the words of a value, and append its arrays."""
    if typing.get_origin(kind) is np.ndarray:
        arrays.append(np.ascontiguousarray(value))
        return None
    if typing.get_origin(kind) is dict:
        arrays += _columns(typing.get_args(kind)[1], list(value.values()))
        return list(value)
    if typing.get_origin(kind) is tuple or kind in (int, str):
        return value
    raise TypeError(f"{place}: there is no way yet to keep {kind}")


def _whole(kind: Any, words: Any, arrays: Iterator[_Array]) -> Any:
    """Return a value from its words and its arrays."""
    if typing.get_origin(kind) is np.ndarray:
        return next(arrays)
    if typing.get_origin(kind) is dict:
        return dict(zip(words, _entries(typing.get_args(kind)[1], arrays), strict=True))
    return words


def _names(kind: Any, words: Any) -> Any:
    """Return words as they were before JSON made lists of tuples."""
    if typing.get_origin(kind) is tuple:
        return tuple(words)
    if typing.get_origin(kind) is not dict:
        return words
    key = typing.get_args(kind)[0]
    return [key(*parts) if hasattr(key, "_fields") else tuple(parts) for parts in words]


def _columns(kind: Any, entries: list[Any]) -> list[_Array]:
    """Return the entries of a dictionary as arrays: one, or one for each field of a named tuple."""
    if hasattr(kind, "_fields"):
        declared = typing.get_type_hints(kind)
        return [np.array([getattr(entry, name) for entry in entries], declared[name]) for name in kind._fields]
    if kind is float:
        return [np.array(entries, np.float64)]
    return [np.stack(entries) if entries else np.empty((0, 0))]


def _entries(kind: Any, arrays: Iterator[_Array]) -> list[Any]:
    """Return the entries of a dictionary from their arrays."""
    if hasattr(kind, "_fields"):
        columns = [next(arrays).tolist() for _ in kind._fields]
        return [kind(*row) for row in zip(*columns, strict=True)]
    return next(arrays).tolist() if kind is float else list(next(arrays))
