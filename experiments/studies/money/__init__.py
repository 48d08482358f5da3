"""What scenarios of a study bring and cost in money, and what they give off."""
