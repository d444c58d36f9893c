"""Shadow A/B test: the new model sees the real requests, and nobody sees its answers."""
