"""Streaming prediction: events are scored as they flow past, and the newest prediction of each key is kept."""
