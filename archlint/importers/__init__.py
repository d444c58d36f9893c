"""Deployment files to an `Architecture`: read only; nothing is executed or fetched."""
