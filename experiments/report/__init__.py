"""Reports that open offline, and the series behind their plots."""
