"""`python -m model_load`: the API server, and a registry unless `SERVE_REGISTRY_URL` names one."""

from __future__ import annotations

import os
import sys

from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import PREFIX, Settings, command_line, read_settings
from model_load import app
from model_load.loading import ModelLoadSettings


def main() -> int:
    """Run both as separate processes; the API listens on the address in the settings."""
    command_line("model_load", __doc__, ModelLoadSettings).parse_args()
    if os.environ.get(f"{PREFIX}REGISTRY_URL"):
        app.main()
        return 0
    settings = read_settings(Settings)
    port, behind = front_port(settings), free_port()
    registry_url, where = f"http://127.0.0.1:{behind}", address_of(settings.host, port)
    api = python_part("api", "model_load.app", port=port, registry_url=registry_url)
    registry = python_part("registry", "model_load.registry", host="127.0.0.1", port=behind)
    announcement = f"model-load listens on {where}"
    print(f"its registry: {registry_url}", flush=True)
    return Processes(api, registry).run([f"{where}/ready"], announcement, settings.start_s, settings.stop_s)


if __name__ == "__main__":
    sys.exit(main())
