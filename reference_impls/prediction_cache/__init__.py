"""Prediction cache: predictions are kept by their input, and a repeated input does not run the model."""
