"""Online bigsize, the anti-pattern: callers wait for a model that cannot answer in time."""
