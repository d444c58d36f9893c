"""Prediction cache: predictions are stored under their input, and a repeated input does not run the model."""
