"""Models in a chain: what one says is input of the next."""
