"""The gate model: frozen, closed models of what stands at a border gate, every quantity with its unit."""
