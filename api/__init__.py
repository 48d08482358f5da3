"""Who may ask: the command line, HTTP, and the service that runs what they submit. Thin: no model, no statistics."""

__all__: list[str] = []
