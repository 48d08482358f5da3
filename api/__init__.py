"""The command line, the HTTP API, and the service that runs what they submit. Thin: no model, no statistics."""

__all__: list[str] = []
