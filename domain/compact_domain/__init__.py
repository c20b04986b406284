"""What may happen, and what has: the aggregates of the Compact's coordination with regional organizations."""
