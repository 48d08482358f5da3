"""Runs: replications of one scenario, their results and where they come from."""
