"""What a study finds under each reading of its gate."""
