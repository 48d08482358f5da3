"""Who may ask: the command line, and later HTTP. Thin: it parses, calls `experiments`, and shapes the answer."""

__all__: list[str] = []
