"""`python -m synchronous`: the server, in this process."""

from __future__ import annotations

from synchronous.app import main

if __name__ == "__main__":
    main()
