"""Prediction circuit breaker: while the model server fails or is full, a fallback answers immediately."""
