"""Batch: a scheduled job scores all known records, and an API reads what it stored."""
