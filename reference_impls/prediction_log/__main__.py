"""`python -m prediction_log`: one server, which records what it predicts."""

from __future__ import annotations

import argparse

from prediction_log.app import main

if __name__ == "__main__":
    argparse.ArgumentParser("prediction_log", description=__doc__).parse_args()
    main()
