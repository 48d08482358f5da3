"""Agendas of the compiled engine: pending events in a tournament, whose winner is the next one.

Each event is a leaf of a tree in which every node holds the smaller of the two keys below it, so that the root is the
next event (Knuth 1998, The Art of Computer Programming, vol. 3, section 5.4.1). A key that changes plays its way up:
always as many matches as the tree has levels, none of which waits for the one before to say where the next one is.
A binary heap, where each step does, takes twice the time with thirty events and four times with three thousand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.clock import Ticks
from sim.jit import seldom, step

NUMBER_BITS = 24
"""Low bits of an event key that hold the number of the truck; the tick fills the others."""
NUMBER_MASK = (1 << NUMBER_BITS) - 1
MAX_TICK = 1 << (63 - NUMBER_BITS)
"""First tick that no event key can hold: about 17 years."""
NO_EVENT: int = np.int64(2**63 - 1)  # type: ignore[assignment]
LEAVES, USED, FREE = range(3)
"""Entries of `Agenda.size`."""
_FIRST_LEAVES = 16


class Agenda(NamedTuple):
    """Pending events of one rank."""

    tree: Ticks
    """(2 x the most leaves,) event keys: the root at 1, the children of node n at 2n and 2n + 1."""
    free: npt.NDArray[np.uint32]
    """(most leaves,) leaves given back."""
    size: npt.NDArray[np.int64]
    """(3,) leaves of the tree as it is, a power of two; leaves that were ever used; leaves in `free`."""


def new_agenda(most: int) -> Agenda:
    """Return an agenda for at most `most` events at once. It takes memory for those that there are."""
    return agenda_of(np.empty(0, np.int64), most)


def agenda_of(keys: Ticks, most: int) -> Agenda:
    """Return an agenda for at most `most` events at once whose first leaves have `keys`, in their order."""
    leaves = most_now = 1 << max(keys.size - 1, _FIRST_LEAVES - 1).bit_length()
    room = max(leaves, 1 << max(most - 1, 0).bit_length())
    tree = np.empty(2 * room, np.int64)
    tree[leaves : 2 * leaves] = NO_EVENT
    tree[leaves : leaves + keys.size] = keys
    while leaves > 1:
        tree[leaves // 2 : leaves] = tree[leaves : 2 * leaves].reshape(-1, 2).min(axis=1)
        leaves //= 2
    return Agenda(tree, np.empty(room, np.uint32), np.array([most_now, keys.size, 0]))


def keys(agenda: Agenda) -> Ticks:
    """Return the keys of the events, in no order."""
    leaves = agenda.size[LEAVES]
    events = agenda.tree[leaves : leaves + agenda.size[USED]]
    return np.asarray(events[events != NO_EVENT])


@step
def event_key(tick: int, number: int) -> int:
    """Pack (tick, number) so that keys sort like the pairs. Keys beyond `MAX_TICK` would never be taken."""
    return int(np.int64(min(tick, MAX_TICK - 1)) << NUMBER_BITS | np.int64(number))


@step
def next_event(agenda: Agenda) -> int:
    """Return the smallest key, `NO_EVENT` if there is none."""
    return int(agenda.tree[1])


@step
def set_event(agenda: Agenda, leaf: int, key: int) -> None:
    """Give a leaf another key."""
    node = np.int64(np.uint32(agenda.size[LEAVES] + leaf))
    agenda.tree[node] = key
    while node > 1:
        key = min(key, agenda.tree[node ^ 1])
        node >>= 1
        agenda.tree[node] = key


@step
def new_leaf(agenda: Agenda) -> int:
    """Return a leaf that has no event."""
    if agenda.size[FREE] > 0:
        agenda.size[FREE] -= 1
        return int(np.int64(agenda.free[agenda.size[FREE]]))
    if agenda.size[USED] == agenda.size[LEAVES]:
        _double(agenda)
    agenda.size[USED] += 1
    return int(agenda.size[USED] - 1)


@step
def add_event(agenda: Agenda, key: int) -> int:
    """Add a key; return its leaf."""
    leaf = new_leaf(agenda)
    set_event(agenda, leaf, key)
    return leaf


@step
def drop_event(agenda: Agenda, leaf: int) -> None:
    """Take a leaf and its key away."""
    set_event(agenda, leaf, NO_EVENT)
    agenda.free[agenda.size[FREE]] = leaf
    agenda.size[FREE] += 1


@step
def drop_next_event(agenda: Agenda) -> None:
    """Take the leaf with the smallest key away."""
    node = 1
    while node < agenda.size[LEAVES]:
        node = 2 * node + (agenda.tree[2 * node] != agenda.tree[1])
    drop_event(agenda, node - agenda.size[LEAVES])


@seldom
def _double(agenda: Agenda) -> None:
    """Make room for twice as many leaves."""
    tree, leaves = agenda.tree, agenda.size[LEAVES]
    for leaf in range(leaves):
        tree[2 * leaves + leaf] = tree[leaves + leaf]
        tree[3 * leaves + leaf] = NO_EVENT
    for node in range(2 * leaves - 1, 0, -1):
        tree[node] = min(tree[2 * node], tree[2 * node + 1])
    agenda.size[LEAVES] = 2 * leaves
