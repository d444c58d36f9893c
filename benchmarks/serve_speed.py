"""The server under load: 100 open pages, 50 edits a second, and the time until an edit has its findings.

`python benchmarks/serve_speed.py` starts a server with two processes, opens the event streams of all pages, and sends
each edit of a file with 300 lines to `/check`. Server time is what the server says in `Server-Timing`: from the arrival
of the body to the start of the answer. It is compared with the check of the same text in this process, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archlint.api import Linters  # noqa: E402
from archlint.linter import Options  # noqa: E402
from archlint.report.json import render_json  # noqa: E402
from archlint.verdicts import Report  # noqa: E402
from tests.serve.running import serving  # noqa: E402

AIM_MS = 50.0
PATIENCE_S = 60.0
"""The longest time to wait for one answer; a server that keeps up needs a thousandth of it."""


def system_of(lines: int) -> str:
    """An architecture with about that many lines: services in chains behind one balancer, each with a database."""
    written = ["archlint: 1", "system: bench", "workloads:"]
    count = (lines - 12) // 20
    for number in range(count):
        written += [
            f"  read-{number}:", "    from: page", f"    rate: {number + 1}/s",
            "    slo: {latency: {p99: 800ms}, availability: 99%}",
        ]  # fmt: skip
    targets = ", ".join(f"{{to: api-{number}, timeout: 900ms}}" for number in range(count))
    written += ["components:", "  page:", "    kind: client", f"    calls: [{targets}]"]
    for number in range(count):
        written += [
            f"  api-{number}:", "    kind: service", "    replicas: 3", "    workers: 4",
            "    service_time: {p50: 12ms, p99: 40ms}", "    calls:", f"      - to: server-{number}",
            "        timeout: 500ms", "        retries: 1", f"  server-{number}:", "    kind: model-server",
            "    replicas: 2", "    workers: 2", "    service_time: 30ms", "    version: 3",
            "    hardware: {cpu: 4, memory: 8GB}",
        ]  # fmt: skip
    return "\n".join(written) + "\n"


class Client:
    """One page: a connection for its edits, and one for events."""

    def __init__(self, port: int, text: str, number: int) -> None:
        self.port = port
        self.text = text
        self.number = number
        self.edits = 0

    async def open(self) -> None:
        """Open both connections, and read the start of the events."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.events, events = await asyncio.open_connection("127.0.0.1", self.port)
        events.write(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self._events = events
        await self.events.readuntil(b"\n\n")

    async def edit(self) -> tuple[float, float]:
        """Send an edit; return the time of the server and that of the client, in milliseconds."""
        try:
            return await asyncio.wait_for(self._edit(), PATIENCE_S)
        except TimeoutError:
            raise SystemExit(f"no answer to an edit in {PATIENCE_S:g} s") from None

    async def _edit(self) -> tuple[float, float]:
        self.edits += 1
        text = self.text.replace("rate: 1/s", f"rate: {1 + (self.number * 37 + self.edits) % 400}/s", 1)
        body = json.dumps({"text": text}).encode()
        start = time.perf_counter()
        length_of = f"Content-Length: {len(body)}"
        lines = ("POST /check HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", length_of)
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length, timing = re.search(r"content-length: (\d+)", answer), re.search(r"dur=([\d.]+)", answer)
        if " 200 " not in answer.partition("\r\n")[0] or length is None or timing is None:
            raise SystemExit(f"an edit was not checked: {answer}")
        await self.reader.readexactly(int(length[1]))
        return float(timing[1]), (time.perf_counter() - start) * 1e3

    def close(self) -> None:
        """Close both connections."""
        self.writer.close()
        self._events.close()


async def load(port: int, text: str, clients: int, rate: float, seconds: float) -> list[tuple[float, float]]:
    """Send edits at a rate, each by a page that waits for none, and return their times."""
    pages = [Client(port, text, number) for number in range(clients)]
    await asyncio.wait_for(asyncio.gather(*(page.open() for page in pages)), PATIENCE_S)
    idle = list(pages)
    random.Random(1).shuffle(idle)
    found: list[tuple[float, float]] = []
    tasks: set[asyncio.Task[None]] = set()
    late = 0

    async def edit(page: Client) -> None:
        found.append(await page.edit())
        idle.append(page)

    start = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        if not idle:
            late += 1
            continue
        task = asyncio.create_task(edit(idle.pop(0)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    for page in pages:
        page.close()
    if late:
        print(f"{late} edits had no free page: the server cannot keep up")
    return found


def alone(text: str, count: int) -> list[float]:
    """The times of checks of the text in this process, in milliseconds, as a worker does them."""
    linters = Linters(Options())
    times = []
    for number in range(count + 3):
        data = text.replace("rate: 1/s", f"rate: {number + 1}/s", 1).encode()
        start = time.perf_counter()
        outcome = linters.check(Path("arch.yaml"), data, unnamed=True)
        render_json(Report(outcome.reports, outcome.errors))
        times.append((time.perf_counter() - start) * 1e3)
    return times[3:]


def quantile(values: list[float], fraction: float) -> float:
    """The least value that a fraction of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rate", type=float, default=50.0, help="edits a second, of all pages together")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--lines", type=int, default=300)
    options = parser.parse_args()
    text = system_of(options.lines)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "systems"
        folder.mkdir()
        (folder / "arch.yaml").write_text(text)
        with serving(folder, "--processes", "2", "--runs", f"sqlite:///{place}/runs.sqlite") as server:
            before = alone(text, 50)
            asyncio.run(load(server.port, text, 4, 10, 2))                    # warm up
            found = asyncio.run(load(server.port, text, options.clients, options.rate, options.seconds))
            after = alone(text, 50)
    served, seen, checked = [one for one, _ in found], [two for _, two in found], before + after
    lines = len(text.splitlines())
    print(f"{lines} lines, {options.clients} pages, {options.rate:g} edits a second, {len(found)} edits")
    print("| | p50 | p95 | p99 |\n|---|---:|---:|---:|")
    for name, values in (("server time, ms", served), ("time of the page, ms", seen), ("the check alone, ms", checked)):
        print(f"| {name} | {' | '.join(f'{quantile(values, fraction):.1f}' for fraction in (0.5, 0.95, 0.99))} |")
    p95 = quantile(served, 0.95)
    print(f"p95 of the server / median of the check alone: {p95 / quantile(checked, 0.5):.1f}")
    print(f"p95 at most {AIM_MS:g} ms: {'yes' if p95 <= AIM_MS else 'no'}")


if __name__ == "__main__":
    main()
