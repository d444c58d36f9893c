"""`python -m streaming`: the stream processors, and the API for events and predictions, as processes."""

from __future__ import annotations

import sys

from kit.models import trained_apart
from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.queues import require
from kit.settings import command_line, read_settings
from streaming.processor import open_state
from streaming.settings import QUEUE, StreamingSettings


def main() -> int:
    """Run all parts until SIGTERM."""
    command_line("streaming", __doc__, StreamingSettings).parse_args()
    settings = read_settings(StreamingSettings)
    open_state(settings).engine.dispose()
    require(settings, QUEUE)
    trained_apart("iris", settings.data_dir)             # once, before the others read it
    port, ports = front_port(settings), [free_port() for _ in range(settings.processors)]
    api = python_part("api", "streaming.api", port=port)
    processors = [
        python_part(f"processor-{i}", "streaming.processor", host="127.0.0.1", port=p) for i, p in enumerate(ports)
    ]
    address = address_of(settings.host, port)
    return Processes(api, *processors).run(
        [*(f"http://127.0.0.1:{p}/ready" for p in ports), f"{address}/ready"], f"streaming listens on {address}",
        settings.start_s, settings.stop_s,
    )


if __name__ == "__main__":
    sys.exit(main())
