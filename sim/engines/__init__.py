"""Two engines that give equal event logs for the same plan and draws."""
