"""Plausible worlds: a study once more with its uncertain inputs and the readings of its gate drawn together."""
