"""The best mix of upgrades within a budget: screened, proposed, and selected with a stated guarantee."""
