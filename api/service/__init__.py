"""Runs that survive anything: a store, workers, and the service that joins them. Knows nothing of HTTP."""

__all__: list[str] = []
