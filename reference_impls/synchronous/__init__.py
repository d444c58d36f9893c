"""Synchronous prediction: the caller waits, and gets an answer within the deadline or an immediate rejection."""
