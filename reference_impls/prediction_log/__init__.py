"""Prediction log: each prediction is recorded in the background, without delaying the request."""
