"""What time, people, machines and energy at a gate cost, and what they give off: the part of a gate that is money."""
