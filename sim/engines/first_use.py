"""Whether the compiled engine has to be compiled before it can run."""

from __future__ import annotations

from sim.engines import compiled


def cache_is_warm() -> bool:
    """Tell whether the engine was compiled before, so that a first use can announce the wait."""
    cache = getattr(compiled.run, "_cache", None)
    index = getattr(cache, "_cache_file", None)  # none where nothing can be kept
    if index is None:
        return False
    return bool(index._load_index())  # empty if the code is newer than what was kept
