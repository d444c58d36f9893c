"""`python -m online_bigsize`: callers wait for a big model. `--small`, `--cache`, `--ahead` and `--later` are fixes."""

from __future__ import annotations

from kit.settings import command_line
from online_bigsize.app import OnlineBigsizeSettings, main

_CURES = {
    "small": "use a small model instead", "cache": "cache answers", "ahead": "predict known records before the start",
    "later": "answer later through a queue",
}  # fmt: skip

if __name__ == "__main__":
    parser = command_line("online_bigsize", __doc__, OnlineBigsizeSettings)
    choice = parser.add_mutually_exclusive_group()
    for cure, does in _CURES.items():
        choice.add_argument(f"--{cure}", dest="cure", action="store_const", const=cure, default="", help=does)
    main(parser.parse_args().cure)
