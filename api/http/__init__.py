"""Runs over HTTP: routes that parse, ask the service, and shape the answer."""

__all__: list[str] = []
