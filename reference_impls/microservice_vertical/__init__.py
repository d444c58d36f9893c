"""Models in a chain: the output of one is an input of the next."""
