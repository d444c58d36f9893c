"""Trains a model in a process of its own: `python -m kit.training DATA_SET FOLDER NAME TREES`.

Without a folder, it prints the records of the data set as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

from kit.models import DataSet, RefusedModelError, examples, train


def main(word: str, folder: str = "", name: str = "", trees: str = "0") -> int:
    """Train, and return the exit status; the reason of a failure is the last line on standard error."""
    known: tuple[DataSet, ...] = get_args(DataSet)
    data_set = next(one for one in known if one == word)
    if not folder:
        print(json.dumps(examples(data_set).tolist()))
        return 0
    try:
        train(data_set, Path(folder), name=name, trees=int(trees))
    except RefusedModelError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
