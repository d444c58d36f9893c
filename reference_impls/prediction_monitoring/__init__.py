"""Prediction monitoring: the distribution of inputs and predictions is held against the training data."""
