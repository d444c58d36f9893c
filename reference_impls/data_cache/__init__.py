"""Data cache: the records that the model needs are cached; the prediction is computed for each request."""
