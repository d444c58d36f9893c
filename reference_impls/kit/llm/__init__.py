"""A small real language model, and a server for it with OpenAI's interface: for the patterns of generated answers."""
