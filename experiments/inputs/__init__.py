"""What a caller gives beside a gate: recorded trucks, and rules of its own."""
