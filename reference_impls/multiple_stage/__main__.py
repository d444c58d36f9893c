"""`python -m multiple_stage`: the first stage and a worker of the second, as processes."""

from __future__ import annotations

import sys

from kit.outcomes import open_results
from kit.ports import address_of, front_port
from kit.processes import Processes, python_part
from kit.queues import open_queue
from kit.settings import command_line, read_settings
from multiple_stage.settings import QUEUE, MultipleStageSettings, heavy_model, light_model


def main() -> int:
    """Run both stages until SIGTERM; the first is ready without the second."""
    command_line("multiple_stage", __doc__, MultipleStageSettings).parse_args()
    settings = read_settings(MultipleStageSettings)
    open_results(settings).engine.dispose()
    open_queue(settings, QUEUE)                    # an unknown URL scheme is reported before anything starts
    light_model(settings, apart=True), heavy_model(settings, apart=True)   # once, before the others read them
    port = front_port(settings)
    api = python_part("first-stage", "multiple_stage.api", port=port)
    worker = python_part("second-stage", "multiple_stage.worker", host="127.0.0.1", port=0)
    address = address_of(settings.host, port)
    return Processes(api, worker).run(
        [f"{address}/ready"], f"multiple-stage listens on {address}", settings.start_s, settings.stop_s
    )


if __name__ == "__main__":
    sys.exit(main())
