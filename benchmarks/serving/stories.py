"""The two anti-patterns and their fixes: a model too big for its callers, and many models in one process."""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.serving.faults import Episode, episode
from benchmarks.serving.results import Measured
from benchmarks.serving.runs import gated
from benchmarks.serving.subjects import JSON, Subject, memory_mb, started
from kit.load import Call, Plan
from kit.models import examples
from kit.testing.service import Service

OBJECTIVE_S = 0.1                                  # that of reference_impls/online_bigsize/arch.yaml
BIGSIZE_RATE = 2.0
REPEATS = 0.95                                     # share of requests with an earlier image
NEIGHBOUR_RATE = 40.0
_KNOWN = 100
_CURES = {
    "as it is": (), "a smaller model": ("--small",), "a prediction cache": ("--cache",),
    "batch: known inputs predicted ahead": ("--ahead",), "asynchronous: the answer comes later": ("--later",),
}  # fmt: skip


def records(rows: Sequence[Sequence[float]]) -> bytes:
    """The body of a request for some records."""
    return json.dumps({"inputs": [list(row) for row in rows]}).encode()


def asked_images(requests: int, seed: int = 7) -> list[Call]:
    """Requests for one image each, of a hundred known ones; a share `REPEATS` of them repeats earlier images."""
    draw, images = random.Random(seed), examples("digits")[:_KNOWN].tolist()
    fresh, seen = iter(images), list[list[float]]()
    calls = []
    for _ in range(requests):
        image = draw.choice(seen) if seen and draw.random() < REPEATS else next(fresh, images[0])
        seen.append(image)
        calls.append(Call("/predict", records([image])))
    return calls


def bigsize(folder: Path, seconds: float) -> Iterator[Measured]:
    """Measure the big model alone and with each fix, with the same requests in the same order."""
    warmup_s = 5.0
    calls = asked_images(int(BIGSIZE_RATE * (seconds + warmup_s) * 1.5) + 50)
    for name, words in _CURES.items():
        subject = Subject(name, "online_bigsize", calls, words, {"log_level": "warning", "known": str(_KNOWN)})
        with started(subject, folder / "bigsize") as running:
            later = later_answer_s(running.service, calls[:20]) if "--later" in words else None
            plan = Plan(running.service.url, BIGSIZE_RATE, seconds, warmup_s, "poisson", 30)
            run = gated(plan, calls, OBJECTIVE_S)
            yield Measured(name, BIGSIZE_RATE, run, running.start_s, memory_mb(running.service), None, later)


def later_answer_s(service: Service, calls: Sequence[Call]) -> float:
    """Return the median time from a request until its result can be fetched, for requests in sequence."""
    times = []
    for call in calls:
        begin = time.perf_counter()
        where = service.client.post(call.path, content=call.body, headers=JSON).raise_for_status().json()["result"]
        while service.client.get(where).status_code == 425:
            time.sleep(0.005)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def first_share(service: Service, calls: Sequence[Call]) -> float:
    """Return the time to the first token as a share of the whole answer: the median of streams in sequence."""
    shares = []
    for call in calls:
        begin, first_s = time.perf_counter(), 0.0
        with service.client.stream(call.method, call.path, content=call.body, headers=JSON) as answer:
            for line in answer.raise_for_status().iter_lines():
                if not first_s and '"content"' in line:
                    first_s = time.perf_counter() - begin
        shares.append(first_s / (time.perf_counter() - begin))
    return statistics.median(shares)


class Event(NamedTuple):
    """An event for one of the models: its name, the fault of the service, and the function that triggers it."""

    name: str
    fault: str
    happen: Callable[[str], None]


def _poison(url: str) -> None:
    with suppress(httpx.TransportError):           # it may exit, as intended
        httpx.post(f"{url}/predict/digits", content=records([[1e9] + [0.0] * 63]), headers=JSON, timeout=60)


def _release(url: str) -> None:
    httpx.post(f"{url}/release/digits", timeout=60).raise_for_status()


EVENTS = (
    Event("digits crashes", "abort", _poison),
    Event("digits hogs the CPU for 5 s", "cpu", _poison),
    Event("digits is released", "none", _release),
)


def neighbours(folder: Path, seconds: float) -> Iterator[Episode]:
    """Request iris continuously during an event of digits: in one process, and with one server per model."""
    call = Call("/predict/iris", records(examples("iris")[:1].tolist()))
    for event in EVENTS:
        for name, words in (("all in one", ()), ("one server per model", ("--apart",))):
            subject = Subject(name, "all_in_one", [Call("/live", method="GET")], (*words, "--fault", event.fault),
                              {"log_level": "warning", "hog_s": "5"})  # fmt: skip
            with started(subject, folder / "all-in-one") as running:
                where = addresses(running.service)
                plan = Plan(where.get("iris", running.service.url), NEIGHBOUR_RATE, seconds, 2, "poisson", 5)
                target = where.get("digits", running.service.url)

                def happen(event: Event = event, target: str = target) -> None:
                    event.happen(target)

                yield episode(name, event.name, plan, [call], happen, seconds / 3)


def addresses(service: Service) -> dict[str, str]:
    """Return the addresses that a service printed, by their label."""
    lines = (line.split(" listens on ") for line in service.output.splitlines() if " listens on " in line)
    return {line[0]: line[1] for line in lines}


def kill_one(service: Service, part: str) -> None:
    """Kill one process of a service, by a word of its command line."""
    found = service.children(part)
    if not found:
        raise LookupError(f"no process of the service has `{part}` in its command line")
    os.kill(found[0], signal.SIGKILL)
