"""What trucks, people and energy at a gate cost, from the numbers of a run; the sum of several years."""
