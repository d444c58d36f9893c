"""Shadow A/B test: the new model gets copies of real requests, and callers never see its answers."""
