"""`python -m serving_template`: the service."""

from __future__ import annotations

from kit.settings import command_line
from serving_template.app import ServiceSettings, main

if __name__ == "__main__":
    command_line("serving_template", __doc__, ServiceSettings).parse_args()
    main()
