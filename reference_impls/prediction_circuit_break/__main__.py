"""`python -m prediction_circuit_break`: the server with the breaker, and the model server behind it."""

from __future__ import annotations

import sys

from kit.models import trained_apart
from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.settings import Settings, command_line, read_settings
from prediction_circuit_break.front import FrontSettings


def main() -> int:
    """Run both servers; the front server listens on the address in the settings."""
    command_line("prediction_circuit_break", __doc__, FrontSettings).parse_args()
    settings = read_settings(Settings)
    trained_apart("iris", settings.data_dir)             # the front server needs its card, the model server the model
    port, behind = front_port(settings), free_port()
    server = f"http://127.0.0.1:{behind}"
    module = "prediction_circuit_break.front"
    front = python_part("front", module, host=settings.host, port=port, server=server)
    model = python_part("model", "kit.model_server", "iris", host="127.0.0.1", port=behind)
    address = address_of(settings.host, port)
    ready = [f"{server}/ready", f"{address}/ready"]
    return Processes(front, model).run(
        ready, f"prediction-circuit-break listens on {address}", settings.start_s, settings.stop_s
    )


if __name__ == "__main__":
    sys.exit(main())
