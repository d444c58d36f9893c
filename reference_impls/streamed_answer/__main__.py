"""`python -m streamed_answer`: nginx without buffers, and the server of the model behind it."""

from __future__ import annotations

import sys
from pathlib import Path

from kit.llm.models import trained
from kit.llm.server import ModelSettings
from kit.nginx import nginx, nginx_part
from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import command_line, read_settings, refuse


def main() -> int:
    """Run both; nginx listens on the address in the settings."""
    command_line("streamed_answer", __doc__, ModelSettings).parse_args()
    settings = read_settings(ModelSettings)
    if nginx() is None:
        refuse("the gateway needs nginx, which is not installed (Debian: apt-get install nginx)")
    trained(settings.language_model, settings.data_dir)
    port, behind = front_port(settings), free_port()
    template = Path(__file__).with_name("nginx.conf.template")
    gateway = nginx_part(template, settings.data_dir / "nginx", host=settings.host, port=port, behind=behind)
    model = python_part("model", "kit.llm.server", host="127.0.0.1", port=behind)
    address = address_of(settings.host, port)
    ready = [f"http://127.0.0.1:{behind}/ready", f"{address}/ready"]
    return Processes(gateway, model).run(ready, f"streamed-answer listens on {address}", settings.start_s)


if __name__ == "__main__":
    sys.exit(main())
