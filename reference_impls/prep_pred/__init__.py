"""Preprocessing apart from prediction: two servers, released as a pair."""
