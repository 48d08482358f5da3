"""Names for the kinds of arrays that modules hand to each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int32]
"""Whole numbers that say which: stages, lines, lane groups, ...; -1 mostly stands for none."""
