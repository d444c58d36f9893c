"""Model load: image and model are released separately; the server fetches its model from a registry at start."""
