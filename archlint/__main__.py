"""`python -m archlint` is the command `archlint`."""

import os
import sys

if __name__ == "__main__":
    # Python puts the current folder first: files of a checked repository must not pass for installed libraries.
    if sys.path and sys.path[0] in {"", os.getcwd()}:
        del sys.path[0]
    from archlint.cli import start

    start()
