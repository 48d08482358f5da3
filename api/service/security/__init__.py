"""Who may do what: access keys and their scopes."""

__all__: list[str] = []
