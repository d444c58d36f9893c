"""Stops and kills workers at random moments, on each queue, and counts what was lost or run again.

`python benchmarks/deliveries.py [--messages 1000] [--queue kafka] [--docs]` needs RabbitMQ and
`pip install -e '.[reference,dev]'`. A worker gets SIGTERM or SIGKILL after a random time, so at any stage of a message;
another one starts at once. It prints a table: how many signals came at which stage, the results, how many predictions
were run again, how many of these began after their result was stored, and how many without a kill. It exits with status
1 if a message is lost, was run again though done, or was run again though its worker was only stopped.
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
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [path for path in (str(ROOT), str(ROOT / "reference_impls")) if path not in sys.path]

from sqlalchemy import create_engine  # noqa: E402

from benchmarks.tables import placed, renewed, results_of, table, with_rows  # noqa: E402
from kit.queues import QueueSettings, open_queue  # noqa: E402
from kit.results import Results  # noqa: E402
from kit.testing.servers import kafka_server, rabbitmq_server  # noqa: E402
from kit.testing.service import Service, launch, wait_for  # noqa: E402

PAGE = ROOT / "docs" / "patterns-measured.md"
QUEUE = "slow"
QUEUES = ("sqlite", "rabbitmq", "kafka")
BUSY = 0.9                                         # of the workers work when the time of their signal begins
LONGEST_S = 0.3                                    # the longest time to a signal
PREDICTS, STORES, BETWEEN = STAGES = ("while it predicts", "before it has stored", "between messages")
TITLE = "### While workers are stopped and killed"
WORDS = """\
A worker gets SIGTERM or SIGKILL after a random time, and another one starts at once, until all messages have a result
(`benchmarks/deliveries.py`). Measured on {date}. The columns after `stops` are the stages at which the signals came.
`run again` counts predictions that were started again; the next columns count those that began after their result was
stored, and those whose worker was only stopped, not killed. Kafka is a broker with Kafka's protocol, Tansu.
"""


class Signal(NamedTuple):
    """A signal that a worker got, and when."""

    kind: signal.Signals
    at: float


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
    messages = {f"id-{n}": round(0.01 + n / 1e7, 7) for n in range(count)}
    results = Results(create_engine(f"sqlite:///{folder / 'data' / 'results.db'}"))
    results.create()
    signals: list[Signal] = []

    def worker() -> Service:
        return launch(
            folder, "kit.testing.slow", str(notes), QUEUE, queue_url=url, lease_s=1, attempts=15, pause_s=0.05
        )  # fmt: skip

    def settled() -> int:
        return sum(one.status != "pending" for one in results.all())

    def is_at_work(size: int) -> bool:
        return notes.stat().st_size > size or settled() == count

    publish(url, messages)
    current = worker()
    old: list[Service] = []
    while settled() < count:
        if draw.random() < BUSY:
            wait_for(partial(is_at_work, notes.stat().st_size))
        time.sleep(draw.uniform(0, LONGEST_S))
        chosen = draw.choice([signal.SIGTERM, signal.SIGKILL])
        signals.append(Signal(chosen, time.time()))
        current.process.send_signal(chosen)
        old.append(current)
        current = worker()
        old[-1].process.wait()
    current.stop()
    for one in (*old, current):
        one.client.close()
    done = {one.id: one.settled for one in results.all() if one.status == "done"}
    results.engine.dispose()
    ids = {f"{value:g}": key for key, value in messages.items()}
    runs = [
        (ids[seconds], what, float(at))
        for what, seconds, at in (line.split() for line in notes.read_text().splitlines())
    ]
    return {"messages": count, **counted(runs, done, signals)}


def counted(
    runs: Sequence[tuple[str, str, float]], done: Mapping[str, float], signals: Sequence[Signal]
) -> dict[str, int]:
    """Count the stages at which signals came, and the predictions that were run again.

    `runs` are the id, "began" or "ended", and the time of each event; `done` are the times of the stored results.

    >>> runs = [("a", "began", 1.0), ("a", "began", 3.0), ("a", "ended", 4.0)]
    >>> found = counted(runs, {"a": 4.5}, [Signal(signal.SIGKILL, 2.0), Signal(signal.SIGTERM, 4.2)])
    >>> {name: number for name, number in found.items() if number}
    {'kills': 1, 'stops': 1, 'while it predicts': 1, 'before it has stored': 1, 'done': 1, 'run again': 1}
    """
    began: dict[str, list[float]] = {}
    stages: Counter[str] = Counter()
    for key, what, at in runs:
        if what == "began":
            began.setdefault(key, []).append(at)
    for one in signals:
        last = max((run for run in runs if run[2] <= one.at), key=lambda run: run[2], default=("", "", 0.0))
        stored = last[1] == "" or done.get(last[0], 1e99) <= one.at
        stages[BETWEEN if stored else PREDICTS if last[1] == "began" else STORES] += 1
    again = [
        (key, earlier, later) for key, times in began.items() for earlier, later in zip(times, times[1:], strict=False)
    ]
    kills = [one.at for one in signals if one.kind is signal.SIGKILL]
    return {
        "kills": len(kills), "stops": len(signals) - len(kills), **{stage: stages[stage] for stage in STAGES},
        "done": len(done), "run again": len(again),
        "after the result": sum(later > done.get(key, 1e99) for key, _, later in again),
        "without a kill": sum(not any(earlier <= at <= later for at in kills) for _, earlier, later in again),
    }  # fmt: skip


def main() -> int:
    """Disturb the workers of each queue, and print the table."""
    parser = argparse.ArgumentParser("deliveries", description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--queue", action="append", choices=QUEUES, help="default: all; may be given several times")
    parser.add_argument("--docs", action="store_true", help="write the table into the docs")
    call = parser.parse_args()
    rows: dict[str, dict[str, int]] = {}
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="archlint-deliveries-")))
        for kind in call.queue or QUEUES:
            folder = root / kind
            (folder / "data").mkdir(parents=True)
            url = f"sqlite:///{folder / 'queue.db'}"
            if kind == "rabbitmq":
                url = stack.enter_context(rabbitmq_server(folder))
            if kind == "kafka":
                url = f"kafka://{stack.enter_context(kafka_server(folder))}"
            rows[kind] = disturbed(folder, url, call.messages, random.Random(call.seed))
            print(kind, *(f"{number} {name}" for name, number in rows[kind].items()), sep="  ", flush=True)
    if call.docs:
        write(rows)
    bad = ("after the result", "without a kill")
    return int(any(row["done"] < row["messages"] or any(row[name] for name in bad) for row in rows.values()))


def write(rows: Mapping[str, Mapping[str, int]]) -> None:
    """Write the table into the page of the patterns; rows of other queues stay."""
    page = PAGE.read_text(encoding="utf-8")
    old = results_of(page)
    text = f"{TITLE}\n\n{WORDS.format(date=date.today())}\n" + table(
        ("queue", *next(iter(rows.values()))),
        [(kind, *(str(number) for number in row.values())) for kind, row in rows.items()],
    )
    PAGE.write_text(placed(renewed(old, with_rows(old, text)), page), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
