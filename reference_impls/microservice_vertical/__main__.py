"""`python -m microservice_vertical`: a server for each stage, and the proxy that calls them in order."""

from __future__ import annotations

import sys

from kit.models import apart, refusing
from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import Settings, command_line, read_settings
from microservice_vertical.chain import STAGES, is_trained
from microservice_vertical.proxy import ProxySettings


def main() -> int:
    """Run all servers; the proxy listens on the address in the settings."""
    command_line("microservice_vertical", __doc__, ProxySettings).parse_args()
    settings = read_settings(Settings)
    if not is_trained(settings.data_dir):
        with refusing():
            apart("microservice_vertical.chain")
    port = front_port(settings)
    ports = {stage: free_port() for stage in STAGES}
    urls = {stage: f"http://127.0.0.1:{ports[stage]}" for stage in STAGES}
    proxy = python_part(
        "proxy", "microservice_vertical.proxy", host=settings.host, port=port, coarse=urls["coarse"], fine=urls["fine"]
    )
    stages = [python_part(s, "kit.model_server", s, host="127.0.0.1", port=ports[s]) for s in STAGES]
    address = address_of(settings.host, port)
    ready = [f"{url}/ready" for url in (*urls.values(), address)]
    return Processes(proxy, *stages).run(
        ready, f"microservice-vertical listens on {address}", settings.start_s, settings.stop_s
    )


if __name__ == "__main__":
    sys.exit(main())
