"""Load test: a service gets its expected peak load, and is compared with its objective before the release."""
