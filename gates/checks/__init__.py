"""Rules that a gate must meet and that no single field can state; each violation is a finding with a remedy."""
