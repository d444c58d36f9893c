"""Prediction monitoring: the distribution of inputs and predictions is compared with the training data."""
