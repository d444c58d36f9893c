"""Web single: one API server holds interface, preprocessing and model."""
