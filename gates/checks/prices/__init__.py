"""Checks of prices and of energy."""
