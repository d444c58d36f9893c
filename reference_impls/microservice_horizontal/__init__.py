"""Models side by side: a server each, and a proxy that asks them at once."""
