"""Runs that survive crashes: a store, a queue with workers, access keys, and the service over them. No HTTP here."""

__all__: list[str] = []
