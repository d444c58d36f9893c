"""The architecture: components, workloads, models, relations, and quantities with units."""
