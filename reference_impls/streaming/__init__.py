"""Streaming prediction: events are scored as they arrive, and the newest prediction of each key is stored."""
