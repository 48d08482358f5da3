"""Border files: checks, and the way from a file to a border."""
