"""The queue: which runs are admitted, which worker does what, and in which order."""
