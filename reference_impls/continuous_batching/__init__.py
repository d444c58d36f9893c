"""Continuous batching: sequences join and leave a batch between any two tokens, within a budget of keys and values."""
