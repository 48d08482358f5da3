"""An agenda gives its events in order, whatever was added, moved and dropped before."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.engines.agenda import (
    FREE,
    LEAVES,
    NO_EVENT,
    USED,
    Agenda,
    add_event,
    agenda_of,
    drop_event,
    drop_next_event,
    event_key,
    keys,
    new_agenda,
    next_event,
    set_event,
)

MOST = 40


def check(agenda: Agenda, expected: dict[int, int]) -> None:
    """Compare with leaf -> key."""
    assert next_event(agenda) == min(expected.values(), default=NO_EVENT)
    assert sorted(keys(agenda).tolist()) == sorted(expected.values())
    leaves = int(agenda.size[LEAVES])
    for node in range(1, leaves):
        assert agenda.tree[node] == min(agenda.tree[2 * node], agenda.tree[2 * node + 1])
    assert agenda.size[USED] - agenda.size[FREE] == len(expected)


@given(st.data())
def test_the_next_event_is_the_smallest_key(data: st.DataObject) -> None:
    agenda = new_agenda(MOST)
    expected: dict[int, int] = {}
    for _ in range(data.draw(st.integers(1, 60))):
        moves = ["add"] * (len(expected) < MOST) + ["set", "drop", "drop next"] * bool(expected)
        move, key = data.draw(st.sampled_from(moves)), data.draw(st.integers(0, 20))
        leaf = data.draw(st.sampled_from(sorted(expected))) if expected else -1
        if move == "add":
            leaf = add_event(agenda, key)
            assert leaf not in expected
            expected[leaf] = key
        elif move == "set":
            set_event(agenda, leaf, key)
            expected[leaf] = key
        elif move == "drop":
            drop_event(agenda, leaf)
            del expected[leaf]
        else:
            smallest = min(expected.values())
            drop_next_event(agenda)
            (gone,) = (leaf for leaf in expected if agenda.tree[agenda.size[LEAVES] + leaf] == NO_EVENT)
            assert expected.pop(gone) == smallest
        check(agenda, expected)


@given(st.lists(st.integers(0, 20), max_size=MOST))
def test_an_agenda_of_keys_has_them_on_its_first_leaves(given_keys: list[int]) -> None:
    agenda = agenda_of(np.array(given_keys, np.int64), MOST)
    check(agenda, dict(enumerate(given_keys)))
    if len(given_keys) < MOST:
        assert add_event(agenda, 5) == len(given_keys)


def test_keys_sort_like_tick_and_number() -> None:
    pairs = [(tick, number) for tick in (0, 1, 2**38) for number in (0, 1, 2**24 - 2)]
    assert [event_key(*pair) for pair in pairs] == sorted(event_key(*pair) for pair in pairs)
    assert event_key(2**62, 2**24 - 2) < NO_EVENT
