"""Online A/B test: a share of the users gets the new model, and their outcomes decide."""
