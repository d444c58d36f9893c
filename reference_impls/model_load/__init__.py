"""Model load: image and model are released apart; the server fetches its model from a registry when it starts."""
