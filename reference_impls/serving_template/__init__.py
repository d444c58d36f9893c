"""Serving template: a complete service, into which you put your own model."""
