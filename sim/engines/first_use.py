"""Whether the compiled engine has to be compiled before it can run."""

from __future__ import annotations

from sim.engines import compiled
from sim.kept_code import KeptCode


def cache_is_warm() -> bool:
    """Tell whether the engine was compiled before, so that a first use can announce the wait."""
    kept = getattr(compiled.run, "_cache", None)  # none where nothing is compiled
    return isinstance(kept, KeptCode) and kept.is_kept
