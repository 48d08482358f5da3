"""Commands around a server: start it, its access keys, its data."""
