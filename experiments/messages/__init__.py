"""Texts of results in Vietnamese and Chinese."""
