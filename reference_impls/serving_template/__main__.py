"""`python -m serving_template`: the service."""

from __future__ import annotations

from serving_template.app import main

if __name__ == "__main__":
    main()
