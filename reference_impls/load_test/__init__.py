"""Load test: a service is driven at its expected peak, and judged by its objective before users do it."""
