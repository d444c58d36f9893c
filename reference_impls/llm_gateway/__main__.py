"""`python -m llm_gateway`: the gateway, and two servers of different models behind it."""

from __future__ import annotations

import json
import sys

from kit.llm.server import ModelSettings
from kit.llm.starting import model_parts, run_behind
from kit.settings import Settings, command_line, read_settings
from llm_gateway.app import GatewaySettings

PRICES = {"topics-large": (2.0, 8.0), "topics-small": (0.2, 0.8)}
TENANTS = '{"sk-demo": {"name": "demo"}}'


class StartSettings(Settings):
    """The tenants, as in `GatewaySettings`; the servers are started here."""

    tenants: str = TENANTS


def main() -> int:
    """Run all; the gateway listens on the address in the settings."""
    command_line("llm_gateway", __doc__, ModelSettings, GatewaySettings).parse_args()
    settings = read_settings(StartSettings)
    urls, parts = model_parts(settings, ["topics-large", "topics-small"])
    providers = [
        {"name": name, "url": url, "model": name, "usd_in": PRICES[name][0], "usd_out": PRICES[name][1]}
        for name, url in urls.items()
    ]
    return run_behind("llm-gateway", settings, "llm_gateway.app", parts, list(urls.values()),
                      tenants=settings.tenants, providers=json.dumps(providers))  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
