"""All in one, the anti-pattern: one server process holds several unrelated models."""
