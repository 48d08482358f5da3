"""What engines look up of boards, on which the waits at gates are posted, and of the flows that choose by them.

A board belongs to a trade at a gate. Its trucks are those of the flows of the trade there, from when they choose the
gate until they are released. A posting is an entry of the timetable, after all others of its tick.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.arrays import NOBODY, Rows, table_of

BOARD = table_of(over="i8", late="i8", at_most="i8", first="i8", gain="i8")
"""Postings back to which the trucks released are counted; postings by which what trucks know is behind; longest wait
posted [tick]; what they know before they know a posting [tick]; what another gate must spare those who wait [tick]."""
FLOW = table_of(board="u4", is_spare="?", has_way="?")
"""Board on which the trucks of a flow count, or `NOBODY`; whether they come only when a truck of another flow chooses
them; whether the first visit of those that choose is the way from another gate, which they leave out as they arrive."""


class Boards(NamedTuple):
    """The boards of a border, and who chooses by them; a gate alone has none."""

    rows: Rows
    """(boards,) `BOARD`, trade by trade, gate by gate in the order of the file."""
    flows: Rows
    """(flows,) `FLOW`; no entries without a board."""
    thinks: npt.NDArray[np.bool_]
    """(stages, boards) whether trucks of a board choose again while they queue at a stage."""


def no_boards(stages: int) -> Boards:
    """Return the boards of a gate alone."""
    return Boards(np.zeros(0, BOARD), np.zeros(0, FLOW), np.zeros((stages, 0), np.bool_))


def flow_rows(board: list[int], is_spare: list[bool], has_way: list[bool]) -> Rows:
    """Return `FLOW` rows; a board of -1 stands for none."""
    rows = np.zeros(len(board), FLOW)
    rows["board"] = np.where(np.array(board, np.int64) < 0, NOBODY, np.array(board, np.int64))
    rows["is_spare"], rows["has_way"] = is_spare, has_way
    return rows
