"""Separate preprocessing and prediction: two servers, released as a pair."""
