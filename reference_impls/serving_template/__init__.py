"""Serving template: a service of your own, complete but for your model."""
