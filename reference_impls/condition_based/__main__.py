"""`python -m condition_based`: the proxy, and a server for each model unless `SERVE_SERVERS` names running ones."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from condition_based import app
from condition_based.rules import RulesError, read_rules
from condition_based.server import MODELS
from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import PREFIX, Settings, command_line, read_settings, refuse


class AllSettings(Settings):
    """The rules of the proxy; they are checked before any process starts."""

    rules: Path = app.RULES


def main() -> int:
    """Run all servers as separate processes; the proxy listens on the address in the settings."""
    command_line("condition_based", __doc__, app.ConditionBasedSettings).parse_args()
    if os.environ.get(f"{PREFIX}SERVERS"):
        app.main()
        return 0
    settings = read_settings(AllSettings)
    try:
        read_rules(settings.rules, MODELS)
    except RulesError as error:
        refuse(*error.reasons)
    servers = {model: f"http://127.0.0.1:{free_port()}" for model in MODELS}
    ports = {model: url.rpartition(":")[2] for model, url in servers.items()}
    port = front_port(settings)
    where = address_of(settings.host, port)
    proxy = python_part("proxy", "condition_based.app", port=port, servers=json.dumps(servers))
    behind = [
        python_part(f"server-{model}", "condition_based.server", host="127.0.0.1", port=ports[model], model=model)
        for model in MODELS
    ]
    ready = [f"{url}/ready" for url in (*servers.values(), where)]
    return Processes(proxy, *behind).run(
        ready, f"condition-based listens on {where}", settings.start_s, settings.stop_s
    )


if __name__ == "__main__":
    sys.exit(main())
