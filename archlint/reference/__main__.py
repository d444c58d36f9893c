"""`python -m archlint.reference web-single`: the same as `archlint reference web-single`."""

from __future__ import annotations

import sys

from archlint.cli import start

if __name__ == "__main__":
    sys.argv[1:1] = ["reference"]
    start()
