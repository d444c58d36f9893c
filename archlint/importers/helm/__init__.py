"""Helm charts: rendered by Helm itself in a process of its own, and read as manifests."""
