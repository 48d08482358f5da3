"""Checks across the fields of a gate; each mistake is a finding with a remedy."""
