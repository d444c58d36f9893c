"""`python -m online_bigsize`: a big model that callers wait for. `--small`, `--cache`, `--ahead`, `--later` fix it."""

from __future__ import annotations

from kit.settings import command_line
from online_bigsize.app import OnlineBigsizeSettings, main

_CURES = {
    "small": "a small model instead", "cache": "remember answers", "ahead": "predict known records before the start",
    "later": "answer later through a queue",
}  # fmt: skip

if __name__ == "__main__":
    parser = command_line("online_bigsize", __doc__, OnlineBigsizeSettings)
    choice = parser.add_mutually_exclusive_group()
    for cure, does in _CURES.items():
        choice.add_argument(f"--{cure}", dest="cure", action="store_const", const=cure, default="", help=does)
    main(parser.parse_args().cure)
