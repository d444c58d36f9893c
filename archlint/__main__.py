"""`python -m archlint` is the command `archlint`."""

from archlint.cli import main

if __name__ == "__main__":
    main()
