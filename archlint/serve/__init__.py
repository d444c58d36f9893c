"""`archlint serve`: an HTTP API and a workbench in the browser; the extra `[serve]` installs what it needs."""
