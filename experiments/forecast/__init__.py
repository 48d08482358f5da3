"""Forecasts: from the trucks that are at a gate now to tonight and tomorrow."""
