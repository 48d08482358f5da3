"""Hypothesis profiles: how many generated examples, and whether they are the same every time.

`everyday` and `long` always try the same examples, so that a red check is the fault of the change.
`explore` looks for new ones and keeps what it finds. Choose by `HYPOTHESIS_PROFILE=long pytest` or
`pytest --hypothesis-profile=long`; the flag wins.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Compiling a kernel, or another process on the machine, makes the first example slow: time proves nothing.
SLOW = [HealthCheck.too_slow]

settings.register_profile(
    "everyday", max_examples=40, derandomize=True, database=None, deadline=None, suppress_health_check=SLOW
)
settings.register_profile("long", settings.get_profile("everyday"), max_examples=250)
settings.register_profile("explore", max_examples=20_000, deadline=None, print_blob=True, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))
