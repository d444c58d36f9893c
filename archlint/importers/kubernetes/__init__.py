"""Kubernetes manifests: workloads, what fronts them, and resources of operators."""
