"""`python -m microservice_horizontal`: a server for each model, and the proxy in front of them."""

from __future__ import annotations

import json
import sys

from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import Settings, command_line, read_settings
from microservice_horizontal.proxy import ProxySettings

MODELS = ("iris", "wine", "breast_cancer")


def main() -> int:
    """Run all servers; the proxy listens on the address in the settings."""
    command_line("microservice_horizontal", __doc__, ProxySettings).parse_args()
    settings = read_settings(Settings)
    port = front_port(settings)
    urls = {name: f"http://127.0.0.1:{free_port()}" for name in MODELS}
    models = json.dumps(urls)
    proxy = python_part("proxy", "microservice_horizontal.proxy", host=settings.host, port=port, models=models)
    servers = [
        python_part(name, "kit.model_server", name, host="127.0.0.1", port=url.rpartition(":")[2], data_set=name)
        for name, url in urls.items()
    ]
    address = address_of(settings.host, port)
    ready = [f"{url}/ready" for url in (*urls.values(), address)]
    return Processes(proxy, *servers).run(
        ready, f"microservice-horizontal listens on {address}", settings.start_s, settings.stop_s
    )


if __name__ == "__main__":
    sys.exit(main())
