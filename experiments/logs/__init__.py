"""Clearance logs: exported for other programs, and read as a Time Release Study."""
