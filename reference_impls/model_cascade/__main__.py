"""`python -m model_cascade`: the router, and a small and a larger model; `--always-large` is for comparison."""

from __future__ import annotations

import sys

from kit.llm.server import ModelSettings
from kit.llm.starting import model_parts, run_behind
from kit.settings import Settings, command_line, read_settings
from model_cascade.app import CascadeSettings


def main() -> int:
    """Run all; the router listens on the address in the settings."""
    parser = command_line("model_cascade", __doc__, ModelSettings, CascadeSettings)
    parser.add_argument("--always-large", action="store_true", help="ask the larger model only")
    always = "large" if parser.parse_args().always_large else "no"
    settings = read_settings(Settings)
    urls, parts = model_parts(settings, ["topics-small", "topics-large"])
    return run_behind("model-cascade", settings, "model_cascade.app", parts, list(urls.values()),
                      small=urls["topics-small"], large=urls["topics-large"], always=always)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
