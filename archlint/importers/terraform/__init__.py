"""Terraform and OpenTofu: configurations and plans to resources."""
