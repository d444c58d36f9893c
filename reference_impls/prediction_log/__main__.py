"""`python -m prediction_log`: one server, which records its predictions."""

from __future__ import annotations

from kit.settings import command_line
from prediction_log.app import LogSettings, main

if __name__ == "__main__":
    command_line("prediction_log", __doc__, LogSettings).parse_args()
    main()
