"""An open-loop load generator: requests are sent on a schedule, whether or not earlier ones were answered.

A generator that waits for each answer slows down with the service, and so never measures the queueing time of its users
(coordinated omission; Tene, "How NOT to Measure Latency", 2015). Here, latency starts when the request was due. If the
generator itself was too late, the run is invalid.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import random
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
import numpy as np
from numpy.typing import NDArray
from yarl import URL

MOST_REQUESTS = 1_000_000
MOST_SECONDS = 3600.0
MOST_RATE = 5000.0
MOST_LATENESS_SHARE = 0.05                         # share of the measured p50
MOST_DRIFT = 0.05
MOST_RATE_ERROR = 0.02
_AWAKE_S = 0.0025
_HANDOVER_S = 0.00012                              # time to wake up and send on an idle machine


class LoadError(ValueError):
    """A run that is not started: an unconfirmed target on another machine, or a plan beyond the limits."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its path relative to the target, its body, and the method; a body is sent as JSON."""

    path: str
    body: bytes = b""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a run: `rate` per second for `seconds`, after `warmup_s` at the same rate, which is not measured.

    A request beyond `most_in_flight` unanswered ones is not sent; it is an error, like a request without an answer
    within `timeout_s`. `own_target` confirms that the user may load a target on another machine.
    """

    url: str
    rate: float
    seconds: float
    warmup_s: float = 2.0
    arrivals: Literal["poisson", "constant"] = "poisson"
    timeout_s: float = 10.0
    most_in_flight: int = 1000
    seed: int = 7
    own_target: bool = False


@dataclass(frozen=True, slots=True)
class Samples:
    """One entry for each measured request, in the order of the schedule.

    `due_s` and `sent_s` are relative to the start of the measured part, `latency_s` to `due_s`; `status` is the HTTP
    status, or 0 without an answer.
    """

    due_s: NDArray[np.float64]
    sent_s: NDArray[np.float64]
    latency_s: NDArray[np.float64]
    status: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Record:
    """The result of a run; rates per second, times in seconds.

    The percentiles are those of the good answers (status below 400), rounded up to a measured value; NaN without any.
    `offered` is the rate of the random schedule, `sent` the rate of sent requests, `achieved` the rate of good answers
    in the measured time. `drift` is the change of the p50 from the first half to the second, as a share.
    """

    offered: float
    sent: float
    achieved: float
    requests: int
    good: int
    statuses: dict[str, int]
    errors: dict[str, int]
    p50: float
    p95: float
    p99: float
    worst: float
    lateness_p99: float
    drift: float

    @property
    def error_share(self) -> float:
        """The share of requests without a good answer, from 0 to 1."""
        return 1 - self.good / self.requests


@dataclass(frozen=True, slots=True)
class FailedGate:
    """A gate that a run did not pass: `value` is above `limit`, both without unit. `whose` fault it is."""

    name: Literal["lateness", "sent", "drift", "achieved"]
    value: float
    limit: float
    basis: str = "the measured p50"

    @property
    def whose(self) -> Literal["generator", "service"]:
        """Whose fault it is: the generator was late, or the service did not keep up or was not stable."""
        return "generator" if self.name in {"lateness", "sent"} else "service"

    def __str__(self) -> str:
        said = {
            "lateness": f"the generator sent late: its p99 lateness, as a share of {self.basis}, is",
            "sent": "the generator did not hold the rate: the sent rate differs from the schedule by",
            "drift": "the service was not stable: the p50 of both halves of the run differs by",
            "achieved": "the service did not keep up: the rate of good answers is below the schedule by",
        }[self.name]
        return f"{said} {self.value:.1%} (maximum {self.limit:.0%})"


def failed_gates(
    record: Record, lateness: float = MOST_LATENESS_SHARE, drift: float = MOST_DRIFT, objective_s: float = 0
) -> list[FailedGate]:
    """Return the gates that a run failed; if there are any, its percentiles are invalid.

    Lateness p99 below 5 % of the measured p50, or of an objective of `objective_s` seconds; drift below 5 %, sent and
    achieved rate within 2 % of the offered one.
    """
    basis = "the objective" if objective_s else "the measured p50"
    gates = [
        FailedGate("lateness", record.lateness_p99 / (objective_s or record.p50), lateness, basis),
        FailedGate("sent", abs(record.sent / record.offered - 1), MOST_RATE_ERROR),
        FailedGate("drift", record.drift, drift),
        FailedGate("achieved", max(0.0, 1 - record.achieved / record.offered), MOST_RATE_ERROR),
    ]
    return [gate for gate in gates if not gate.value < gate.limit]        # NaN fails too


def run(plan: Plan, calls: Sequence[Call]) -> tuple[Record, Samples]:
    """Send the calls in turn, as planned, and return the result; raises `LoadError` before anything is sent."""
    check(plan, calls)
    with _undisturbed():
        return asyncio.run(_Run(plan, calls).run())


def check(plan: Plan, calls: Sequence[Call]) -> None:
    """Raise `LoadError` for a plan beyond the limits, or an unconfirmed target on another machine."""
    if not calls:
        raise LoadError("there are no requests to send")
    if not 0 < plan.rate <= MOST_RATE:
        raise LoadError(f"the rate is {plan.rate:g}/s; the maximum is {MOST_RATE:g}/s")
    if not 0 < plan.seconds <= MOST_SECONDS or not 0 <= plan.warmup_s <= MOST_SECONDS:
        raise LoadError(f"the run takes {plan.warmup_s:g} s + {plan.seconds:g} s; at most {MOST_SECONDS:g} s each")
    if plan.rate * (plan.seconds + plan.warmup_s) > MOST_REQUESTS:
        raise LoadError(f"the run has more than {MOST_REQUESTS} requests")
    if not plan.own_target and not is_loopback(plan.url):
        raise LoadError(f"{plan.url} is not on this machine; confirm that you may load it")


def is_loopback(url: str) -> bool:
    """Return whether all addresses of a URL's host are on this machine; raises `LoadError` if it is not an HTTP URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LoadError(f"{url} is not the address of a service; example: http://127.0.0.1:8000")
    try:
        found = socket.getaddrinfo(parts.hostname, None)
    except OSError as error:
        raise LoadError(f"unknown host {parts.hostname}: {error.strerror}") from None
    return all(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_loopback for entry in found)


def schedule(plan: Plan) -> list[float]:
    """Return when the requests are due, in seconds from the start of the measured part; the warm-up is before 0.

    >>> schedule(Plan("http://127.0.0.1", rate=2, seconds=1, warmup_s=1.0, arrivals="constant"))
    [-1.0, -0.5, 0.0, 0.5]
    """
    draw, due, at = random.Random(plan.seed), list[float](), -plan.warmup_s
    while at < plan.seconds:
        due.append(at)
        at += draw.expovariate(plan.rate) if plan.arrivals == "poisson" else 1 / plan.rate
    return due


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Pause the garbage collector, which could delay requests."""
    collects = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class _Run:
    """One run: its schedule, its sent requests, its answers."""

    def __init__(self, plan: Plan, calls: Sequence[Call]) -> None:
        self.plan = plan
        self.due = np.array(schedule(plan))
        self.sent = np.full(len(self.due), np.nan)
        self.done = np.full(len(self.due), np.nan)
        self.status = np.zeros(len(self.due), dtype=np.int64)
        self.errors: dict[int, str] = {}
        base = plan.url.rstrip("/")
        self.calls = [(call.method, URL(base + call.path, encoded=True), call.body or None) for call in calls]
        self.tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> tuple[Record, Samples]:
        """Send all requests on schedule, wait for the answers, and summarise them."""
        timeout = aiohttp.ClientTimeout(total=self.plan.timeout_s)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        headers = {"Content-Type": "application/json"}
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, headers=headers, cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        ) as session:  # fmt: skip
            start = time.perf_counter() + self.plan.warmup_s + 0.05
            for index, due in enumerate((self.due + start).tolist()):
                await _until(due)
                if len(self.tasks) >= self.plan.most_in_flight:
                    self.sent[index] = self.done[index] = time.perf_counter() - start
                    self.errors[index] = "too many in flight"
                    continue
                task = asyncio.create_task(self._send(session, index, start))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            while self.tasks:                      # each ends after its timeout
                await asyncio.wait(self.tasks)
        return self._result()

    async def _send(self, session: aiohttp.ClientSession, index: int, start: float) -> None:
        method, url, body = self.calls[index % len(self.calls)]
        self.sent[index] = time.perf_counter() - start
        try:
            async with session.request(method, url, data=body, allow_redirects=False) as response:
                await response.read()
                self.status[index] = response.status
        except TimeoutError:
            self.errors[index] = "timeout"
        except aiohttp.ClientError as error:
            self.errors[index] = type(error).__name__
        self.done[index] = time.perf_counter() - start

    def _result(self) -> tuple[Record, Samples]:
        measured = self.due >= 0
        if not measured.any():
            raise LoadError("no request was due in the measured part; use a longer run or a higher rate")
        due, sent, done = self.due[measured], self.sent[measured], self.done[measured]
        samples = Samples(due, sent, done - due, self.status[measured])
        errors = (what for index, what in self.errors.items() if measured[index])
        answered = self.done[~measured & (self.status > 0) & (self.status < 400)]
        return summary(self.plan.seconds, samples, Counter(errors), int((answered >= 0).sum())), samples


def summary(seconds: float, samples: Samples, errors: Counter[str], carried: int = 0) -> Record:
    """Summarise the samples of a run over its measured seconds.

    `carried` is the number of good answers in that time to requests of the warm-up; as many answers come after its end.
    """
    good = (samples.status > 0) & (samples.status < 400)
    latency, due = samples.latency_s[good], samples.due_s[good]
    p50, p95, p99, worst = (_percentile(latency, share) for share in (50, 95, 99, 100))
    halves = [_percentile(latency[part], 50) for part in (due < seconds / 2, due >= seconds / 2)]
    in_time = int((due + latency < seconds).sum()) + carried
    return Record(
        offered=len(samples.due_s) / seconds,
        sent=len(samples.due_s) / max(seconds, float(samples.sent_s.max())),
        achieved=in_time / seconds,
        requests=len(samples.due_s),
        good=int(good.sum()),
        statuses={str(status): n for status, n in sorted(Counter(samples.status[samples.status > 0].tolist()).items())},
        errors=dict(sorted(errors.items())),
        p50=p50, p95=p95, p99=p99, worst=worst,
        lateness_p99=_percentile(samples.sent_s - samples.due_s, 99),
        drift=abs(halves[1] / halves[0] - 1),
    )  # fmt: skip


def _percentile(values: NDArray[np.float64], share: float) -> float:
    return float(np.percentile(values, share, method="higher")) if len(values) else float("nan")


async def _until(moment: float) -> None:
    """Wait until a time of `time.perf_counter`, busily at the end: the loop's timers are only precise to a millisecond.

    Answers are read meanwhile, because each turn yields to the event loop.
    """
    while (wait := moment - time.perf_counter()) > 0:
        await asyncio.sleep(wait - _AWAKE_S if wait > _AWAKE_S else 0)
