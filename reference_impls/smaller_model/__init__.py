"""Smaller model: a big forest is distilled into a small network, which is served only if it is good enough."""
