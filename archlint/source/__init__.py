"""Text to values with positions: documents, spans, files, limits."""
