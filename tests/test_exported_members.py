"""`__all__` of each package lists what others may use: all of it, and nothing that is not there."""

from __future__ import annotations

import importlib
import types

import pytest

PACKAGES = ("gates", "sim", "experiments", "api", "bordergate")


@pytest.mark.parametrize("name", PACKAGES)
def test_all_has_no_repeats(name):
    listed = list(importlib.import_module(name).__all__)
    assert listed == sorted(set(listed), key=listed.index), f"{name}.__all__ names something twice"


@pytest.mark.parametrize("name", PACKAGES)
def test_every_listed_name_is_there(name):
    package = importlib.import_module(name)
    missing = [member for member in package.__all__ if not hasattr(package, member)]
    assert not missing, f"{name}.__all__ lists what {name} does not have: {missing}"


@pytest.mark.parametrize("name", PACKAGES)
def test_nothing_public_is_left_out(name):
    package = importlib.import_module(name)
    public = {
        member
        for member, value in vars(package).items()
        if not member.startswith("_")
        and not isinstance(value, types.ModuleType)
        and str(getattr(value, "__module__", "")).partition(".")[0] in PACKAGES
    }
    assert public <= set(package.__all__), f"{name} shows {sorted(public - set(package.__all__))} without listing it"
