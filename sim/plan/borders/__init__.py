"""Plans of borders: the plans of gates put together, and trade that chooses between them."""
