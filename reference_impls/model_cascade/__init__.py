"""Model cascade: a small model answers first, and a larger one only if the small one is not sure."""
