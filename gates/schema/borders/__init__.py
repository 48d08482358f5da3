"""A border: several gates, what is posted of them, and trade that chooses between them."""
