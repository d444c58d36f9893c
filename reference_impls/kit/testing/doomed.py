"""A worker for the tests of the queues: `poison` ends its process, `fault` raises an error, others are recorded.

On SIGTERM, it finishes the message in hand.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from kit.queues import Delivery, HopelessError, QueueSettings, Work, open_queue
from kit.settings import read_settings

QUEUE = "doomed"


async def work(notes: Path) -> None:
    """Take messages until SIGTERM, and print each: `done ID ATTEMPT` or `dead ID REASON`."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def note(line: str) -> None:
        with notes.open("a") as out:
            out.write(line + "\n")

    async def handle(delivery: Delivery) -> None:
        if delivery.body == b"poison":
            os._exit(1)
        if delivery.body == b"fault":
            raise RuntimeError("as asked")
        if delivery.body == b"hopeless":
            raise HopelessError("no use")
        note(f"done {delivery.id} {delivery.attempt}")

    async def bury(delivery: Delivery, reason: str) -> None:
        note(f"dead {delivery.id} {reason}")

    async with open_queue(read_settings(QueueSettings), QUEUE) as queue:
        await queue.consume(Work(handle, bury))
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
