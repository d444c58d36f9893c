"""`python -m archlint` is the command `archlint`."""

from archlint.cli import start

if __name__ == "__main__":
    start()
