"""Calibration: whether the readings of a gate meet its targets, and whether they stand on a single minute."""
