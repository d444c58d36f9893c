"""All in one, the anti-pattern: one server process holds models that have nothing to do with each other."""
