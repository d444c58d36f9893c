"""Trains a model in a process of its own: `python -m kit.training DATA_SET FOLDER NAME TREES`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

from kit.models import DataSet, RefusedModelError, train


def main(data_set: str, folder: str, name: str, trees: str) -> int:
    """Train, and return the exit status; the reason of a failure is the last line on standard error."""
    known: tuple[DataSet, ...] = get_args(DataSet)
    try:
        train(next(one for one in known if one == data_set), Path(folder), name=name, trees=int(trees))
    except RefusedModelError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
