"""Runs and studies on a server, from Python: the same calls and the same results as on this machine."""
