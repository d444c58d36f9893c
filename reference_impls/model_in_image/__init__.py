"""Model in the image: the container image contains the model file, so one tag identifies code and model."""
