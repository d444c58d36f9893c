"""`python -m parameter_based`: one server; servers that share a file (`SERVE_PARAMETERS`) share its parameters."""

from __future__ import annotations

from kit.settings import command_line
from parameter_based.app import ParameterBasedSettings, main

if __name__ == "__main__":
    command_line("parameter_based", __doc__, ParameterBasedSettings).parse_args()
    main()
