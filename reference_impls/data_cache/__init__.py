"""Data cache: the records that the model needs are kept close, and the prediction is computed for each request."""
