"""Model in the image: the model file is built into the container image, so that one tag names code and model."""
