"""Retrieval-augmented generation: a question searches an index of documents, and a model answers from what it found."""
