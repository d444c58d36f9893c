"""Web single: one API server contains the API, the preprocessing and the model."""
