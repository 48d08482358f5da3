"""Gate files: read, repaired where a typo is plain, and explained where they are wrong."""
