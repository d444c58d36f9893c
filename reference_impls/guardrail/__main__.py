"""`python -m guardrail`: the front, the check, and the model; `SERVE_FAILS=open` lets texts pass without the check."""

from __future__ import annotations

import sys

from guardrail.app import GuardSettings
from guardrail.checker import CheckerSettings
from kit.llm.server import ModelSettings
from kit.llm.starting import model_parts, run_behind
from kit.ports import free_port
from kit.processes import python_part
from kit.settings import Settings, command_line, read_settings


def main() -> int:
    """Run all; the front listens on the address in the settings."""
    command_line("guardrail", __doc__, ModelSettings, GuardSettings, CheckerSettings).parse_args()
    settings = read_settings(Settings)
    urls, parts = model_parts(settings, ["topics-large"])
    port = free_port()
    checker = f"http://127.0.0.1:{port}"
    parts.append(python_part("checker", "guardrail.checker", host="127.0.0.1", port=port))
    return run_behind("guardrail", settings, "guardrail.app", parts, [*urls.values(), checker],
                      model=urls["topics-large"], checker=checker)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
