"""The language server: the results of `check`, and what archlint knows of a file, for editors."""
