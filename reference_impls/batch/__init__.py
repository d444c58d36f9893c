"""Batch: a scheduled job scores all known records, and an API reads the stored predictions."""
