"""Prices and factors of energy for the tests: round numbers, so that sums can be done on paper."""

from __future__ import annotations

from typing import Any


def shares(base: float, low: float | None = None, high: float | None = None) -> dict[str, str]:
    """Return a share [%] with three values."""
    return {end: f"{value} %" for end, value in levels(base, low, high).items()}


def levels(base: float, low: float | None = None, high: float | None = None) -> dict[str, float]:
    """Return a number with three values; all the same unless said otherwise."""
    return {"low": base if low is None else low, "base": base, "high": base if high is None else high}


MONEY: dict[str, Any] = {
    "date": "2026-01-01",
    "truck_hour": {"vehicle_usd": levels(6, 4, 8), "driver_usd": levels(2), "cargo_usd": levels(1, 0, 3)},
    "discount_rate": shares(10, 5, 15),
    "horizon_years": 10,
}
DIESEL: dict[str, Any] = {
    "unit": "l",
    "idle_per_h": levels(2, 1, 4),
    "creep_per_h": levels(6),
    "drive_per_km": levels(0.5),
    "co2_kg": levels(2.5),
    "usd": levels(1),
    "nox_g_per_h": levels(40),
}
ENERGY: dict[str, Any] = {
    "engine_on": {"waiting": shares(50), "closed": shares(10), "served": shares(100)},
    "creeping": shares(25),
    "fuels": {"diesel": DIESEL},
    "battery": {"idle_kw": levels(1), "creep_kw": levels(5), "drive_kwh_per_km": levels(2)},
    "refrigeration": {"l_per_h": levels(1.5)},
    "grid": {"vn": {"co2_kg_per_kwh": levels(0.6), "usd_per_kwh": levels(0.1)}},
}
