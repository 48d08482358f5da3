"""From event logs to metrics."""
