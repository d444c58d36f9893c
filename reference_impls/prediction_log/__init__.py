"""Prediction log: each prediction is recorded, beside the request and never in its way."""
