"""Studies: scenarios compared on common random numbers."""
