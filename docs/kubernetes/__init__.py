"""Writes the Kubernetes manifests of the reference implementations, from each one's `compose.yaml` and `arch.yaml`."""
