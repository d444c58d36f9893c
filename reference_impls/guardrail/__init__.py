"""Guardrail: a separate check inspects each request before the model, and each answer after it."""
