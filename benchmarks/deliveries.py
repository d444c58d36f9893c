"""Stops and kills workers at random moments, on each queue, and counts what was lost or run again.

`python benchmarks/deliveries.py [--messages 1000] [--seed 7]` needs RabbitMQ and `pip install -e '.[reference,dev]'`.
A worker gets SIGTERM or SIGKILL after a random time, so at any stage of a message; another one starts at once. For each
queue, it prints the messages, the stops and kills, the results, how many predictions were run again, and how many of
these began after their result was stored. It exits with status 1 if a message is lost, or was run again though done.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [path for path in (str(ROOT), str(ROOT / "reference_impls")) if path not in sys.path]

from sqlalchemy import create_engine  # noqa: E402

from kit.queues import QueueSettings, open_queue  # noqa: E402
from kit.results import Results  # noqa: E402
from kit.testing.servers import kafka_server, rabbitmq_server  # noqa: E402
from kit.testing.service import Service, launch, wait_for  # noqa: E402

QUEUE = "slow"


def publish(url: str, messages: dict[str, float]) -> None:
    """Publish a message for each id: its prediction takes so many seconds."""

    async def fill() -> None:
        async with open_queue(QueueSettings.model_validate({"queue_url": url}), QUEUE) as queue:
            for key, value in messages.items():
                await queue.publish(key, json.dumps({"inputs": [[value]]}).encode())

    asyncio.run(fill())


def disturbed(folder: Path, url: str, count: int, draw: random.Random) -> dict[str, int]:
    """Work on messages with a worker that is stopped or killed again and again, and count."""
    notes = folder / "notes"
    notes.touch()
    messages = {f"id-{n}": round(0.005 + n / 1e7, 7) for n in range(count)}
    results = Results(create_engine(f"sqlite:///{folder / 'data' / 'results.db'}"))
    signals: Counter[signal.Signals] = Counter()

    def worker() -> Service:
        made = launch(
            folder, "kit.testing.slow", str(notes), QUEUE, queue_url=url, lease_s=1, attempts=15, pause_s=0.05
        )  # fmt: skip
        made.wait_until_listening()
        return made

    def settled() -> int:
        return sum(one.status != "pending" for one in results.all())

    current = worker()
    publish(url, messages)
    old: list[Service] = []
    while settled() < count:
        time.sleep(draw.uniform(0, 1.5))
        chosen = draw.choice([signal.SIGTERM, signal.SIGKILL])
        signals[chosen] += 1
        current.process.send_signal(chosen)
        old.append(current)
        current = worker()
    wait_for(lambda: settled() == count)
    current.stop()
    for one in (*old, current):
        one.process.wait()
        one.client.close()
    done = {one.id: one.settled for one in results.all() if one.status == "done"}
    results.engine.dispose()
    ids = {f"{value:g}": key for key, value in messages.items()}
    began: dict[str, list[float]] = {}
    for line in notes.read_text().splitlines():
        what, seconds, at = line.split()
        if what == "began":
            began.setdefault(ids[seconds], []).append(float(at))
    return {
        "messages": count, "stops": signals[signal.SIGTERM], "kills": signals[signal.SIGKILL], "done": len(done),
        "run again": sum(len(times) - 1 for times in began.values()),
        "run again after the result": sum(at > done.get(key, 1e99) for key, times in began.items() for at in times),
    }  # fmt: skip


def main() -> int:
    """Disturb the workers of each queue, and print a line for each."""
    parser = argparse.ArgumentParser("deliveries", description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    call = parser.parse_args()
    good = True
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="archlint-deliveries-")))
        for kind in ("sqlite", "rabbitmq", "kafka"):
            folder = root / kind
            (folder / "data").mkdir(parents=True)
            url = f"sqlite:///{folder / 'queue.db'}"
            if kind == "rabbitmq":
                url = stack.enter_context(rabbitmq_server(folder))
            if kind == "kafka":
                url = f"kafka://{stack.enter_context(kafka_server(folder))}"
            found = disturbed(folder, url, call.messages, random.Random(call.seed))
            print(kind, *(f"{value} {name}" for name, value in found.items()), sep="  ", flush=True)
            good &= found["done"] == call.messages and not found["run again after the result"]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
