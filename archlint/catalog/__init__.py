"""Data with sources: technologies and hardware."""
