"""`python -m synchronous`: the server, in this process."""

from __future__ import annotations

from kit.settings import command_line
from synchronous.app import SynchronousSettings, main

if __name__ == "__main__":
    command_line("synchronous", __doc__, SynchronousSettings).parse_args()
    main()
