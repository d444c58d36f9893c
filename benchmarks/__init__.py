"""How fast archlint is: generated systems, and the time beside that of other linters."""
