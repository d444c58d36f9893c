"""Synchronous prediction: the caller waits, and is answered within the deadline or told at once that it will not be."""
