"""Runs over HTTP: routes parse a request, call the service, and write the answer."""

__all__: list[str] = []
