"""Online A/B test: a share of the users gets the new model, and what they then did decides."""
