"""Models in parallel: each has its own server, and a proxy calls them in parallel."""
