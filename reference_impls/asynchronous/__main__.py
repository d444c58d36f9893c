"""`python -m asynchronous`: the API and its workers; `--replay` requeues the dead letters."""

from __future__ import annotations

import asyncio
import sys

from asynchronous.settings import CALLBACKS, QUEUE, AsynchronousSettings
from kit.models import trained_apart
from kit.outcomes import open_results
from kit.ports import address_of, free_port, front_port
from kit.processes import Processes, python_part
from kit.queues import QueueDownError, open_queue, require
from kit.settings import command_line, read_settings, refuse


def main() -> int:
    """Run the API and its workers as processes until SIGTERM."""
    parser = command_line("asynchronous", __doc__, AsynchronousSettings)
    parser.add_argument("--replay", action="store_true", help="requeue the dead letters, while the service runs")
    call = parser.parse_args()
    settings = read_settings(AsynchronousSettings)
    results = open_results(settings)
    if call.replay:
        return asyncio.run(replay(settings))
    results.engine.dispose()
    require(settings, QUEUE)
    trained_apart("iris", settings.data_dir)             # once, before the others read it
    port, ports = front_port(settings), [free_port() for _ in range(settings.workers)]
    api = python_part("api", "asynchronous.api", port=port)
    workers = [
        python_part(f"worker-{i}", "asynchronous.worker", host="127.0.0.1", port=p) for i, p in enumerate(ports)
    ]
    return Processes(api, *workers).run(
        [*(f"http://127.0.0.1:{p}/ready" for p in ports), f"{address_of(settings.host, port)}/ready"],
        f"asynchronous listens on {address_of(settings.host, port)}",
        settings.start_s, settings.stop_s,
    )


async def replay(settings: AsynchronousSettings) -> int:
    """Put the dead letters of both queues back, and print their ids."""
    results = open_results(settings)
    try:
        for name in (QUEUE, CALLBACKS):
            async with open_queue(settings, name) as queue:
                keys = await queue.replay()
            if name == QUEUE:
                results.revive(keys)               # finished results do not change
            print(f"{name}: {len(keys)} requeued", *keys, sep="\n  ", flush=True)
    except QueueDownError as error:
        refuse(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
