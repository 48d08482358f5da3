"""The queue of tasks: what is admitted, who works on it, and in which order."""
