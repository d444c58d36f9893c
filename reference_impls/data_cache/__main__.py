"""`python -m data_cache`: the API server, and a source of records unless `SERVE_SOURCE_URL` names one."""

from __future__ import annotations

import os
import sys

from data_cache import app
from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import PREFIX, Settings, command_line, read_settings


def main() -> int:
    """Run both as separate processes; the API listens on the address in the settings."""
    command_line("data_cache", __doc__, app.DataCacheSettings).parse_args()
    if os.environ.get(f"{PREFIX}SOURCE_URL"):
        app.main()
        return 0
    settings = read_settings(Settings)
    port, behind = front_port(settings), free_port()
    source_url = f"http://127.0.0.1:{behind}"
    api = python_part("api", "data_cache.app", port=port, source_url=source_url)
    source = python_part("source", "data_cache.source", host="127.0.0.1", port=behind)
    where = address_of(settings.host, port)
    ready = [f"{source_url}/ready", f"{where}/ready"]
    return Processes(api, source).run(ready, f"data-cache listens on {where}", settings.start_s, settings.stop_s)


if __name__ == "__main__":
    sys.exit(main())
