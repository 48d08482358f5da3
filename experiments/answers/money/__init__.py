"""Money and energy in words and tables."""
