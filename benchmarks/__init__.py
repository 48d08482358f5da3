"""How fast the engine is, and beside what: each script runs by `python -m benchmarks.NAME`."""
