"""The gate model: frozen, closed models of a border gate, every quantity with its unit."""
