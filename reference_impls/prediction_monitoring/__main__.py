"""`python -m prediction_monitoring`: one server, which watches what it is asked and answers."""

from __future__ import annotations

import argparse

from prediction_monitoring.app import main

if __name__ == "__main__":
    argparse.ArgumentParser("prediction_monitoring", description=__doc__).parse_args()
    main()
