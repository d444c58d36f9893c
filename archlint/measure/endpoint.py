"""Drives a running service with an open-loop load: requests are sent on a schedule, and wait for no answers.

A generator that waits for each answer slows down with the service, and so does not measure the time that users wait
(coordinated omission). Here, latency starts when a request was due. If the generator itself was late, the run is
invalid.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import random
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import exp
from typing import Final

import msgspec

from archlint.errors import UsageError
from archlint.measure.http import BrokenAnswerError, Connection, Target
from archlint.measure.times import Times, percentile, times_of

MOST_RATE: Final = 5_000.0
MOST_REQUESTS: Final = 1_000_000
MOST_LATENESS: Final = 0.05
"""The p99 of the generator's lateness, as a share of the measured p50."""
MOST_RATE_ERROR: Final = 0.02
MOST_DRIFT: Final = 0.05
_AWAKE_S: Final = 0.0025
_FEWEST: Final = 20
_CLOSING_S: Final = 0.02
"""How long the event loop runs on to close connections."""


class Plan(msgspec.Struct, frozen=True):
    """A run: `rate` requests per second for `seconds`, after a warm-up at the same rate, which is not measured.

    A request beyond `most_in_flight` unanswered ones is not sent; it is an error, like one without an answer in time.
    """

    rate: float
    seconds: float
    warmup_s: float = 2.0
    timeout_s: float = 10.0
    most_in_flight: int = 1_000
    seed: int = 7


class Sample(msgspec.Struct):
    """One request: when it was due, sent and answered, and its status; 0 means no answer, for the reason in `error`.

    `alone` is true if no other request was in progress from its start to its end: its latency includes no waiting.
    """

    due_s: float
    sent_s: float = 0.0
    done_s: float = 0.0
    status: int = 0
    error: str = ""
    alone: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it has an answer with a status below 400."""
        return 0 < self.status < 400

    @property
    def latency_s(self) -> float:
        """The time from when it was due to its answer."""
        return self.done_s - self.due_s


class MeasuredEndpoint(msgspec.Struct, frozen=True, tag="endpoint", tag_field="kind"):
    """The result of a run; times in seconds, rates per second.

    `latency` is that of the good answers. `alone` is the time without load: the latency of the good answers to requests
    which met no other request. A long one meets others more often, so each has as weight the inverse of its probability
    to meet none, exp(rate x latency). `drift` is the change of the p50 from the first half to the second. A run with
    `discarded` reasons has invalid times.
    """

    rate: float
    seconds: float
    requests: int
    good: int
    sent_rate: float
    achieved_rate: float
    statuses: dict[str, int]
    errors: dict[str, int]
    latency: Times | None
    alone: Times | None
    lateness_p99_s: float
    drift: float | None
    discarded: tuple[str, ...] = ()


def measure_endpoint(target: Target, plan: Plan, allow_remote: bool = False) -> MeasuredEndpoint:
    """Send the planned requests and summarise the answers; raises `UsageError` before anything is sent."""
    _check(target, plan, allow_remote)
    with _undisturbed():
        samples, early = asyncio.run(Run(target, plan).run())
    return summary(plan, samples, early)


def _check(target: Target, plan: Plan, allow_remote: bool) -> None:
    if not 0 < plan.rate <= MOST_RATE:
        raise UsageError(f"the rate is {plan.rate:g}/s", f"use a rate above 0 and up to {MOST_RATE:g}/s")
    if not 0 < plan.seconds <= 3600:
        raise UsageError(f"the run takes {plan.seconds:g} s", "use a duration above 0 and up to 1h")
    expected = plan.rate * plan.seconds
    if expected > MOST_REQUESTS:
        raise UsageError(f"the run has {expected:,.0f} requests; the limit is {MOST_REQUESTS:,}", "shorten it")
    if expected < 2 * _FEWEST:
        raise UsageError(f"the run has only {expected:.0f} requests", "use a longer --duration, or a higher --rate")
    if not _is_loopback(target) and not allow_remote:
        raise UsageError(
            f"{target.host} is not on this machine, and a load test can take a service down",
            "if you may load it, add --allow-remote",
        )


def _is_loopback(target: Target) -> bool:
    """Whether all addresses of the host are on this machine; raises `UsageError` for an unknown host."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"unknown host {target.host[:100]}: {said}", "check the address") from None
    return all(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_loopback for entry in found)


def schedule(plan: Plan) -> list[float]:
    """Return when requests are due: a Poisson process, in seconds from the start of the measured part.

    >>> [round(due, 2) for due in schedule(Plan(rate=2, seconds=1, warmup_s=1))]
    [-0.8, -0.72, -0.2, -0.16, 0.23, 0.45, 0.48, 0.84, 0.86]
    """
    draw, due, at = random.Random(plan.seed), list[float](), -plan.warmup_s
    while (at := at + draw.expovariate(plan.rate)) < plan.seconds:
        due.append(at)
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


class Run:
    """One run: its samples, the open connections, and how many requests are in progress."""

    def __init__(self, target: Target, plan: Plan) -> None:
        self.target = target
        self.plan = plan
        self.samples = [Sample(due) for due in schedule(plan)]
        self.tls = ssl.create_default_context() if target.tls else None
        self.idle: list[Connection] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.running: set[int] = set()

    async def run(self) -> tuple[list[Sample], int]:
        """Send all requests; return the measured samples, and how many good answers to the warm-up came after it."""
        await self._greet()
        start = time.perf_counter() + self.plan.warmup_s + 0.05
        for number, sample in enumerate(self.samples):
            await _until(start + sample.due_s)
            if len(self.tasks) >= self.plan.most_in_flight:
                sample.sent_s = sample.done_s = time.perf_counter() - start
                sample.error = "too many in progress"
                continue
            task = asyncio.create_task(self.send(number, sample, start))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        while self.tasks:
            await asyncio.wait(self.tasks)
        self.close()
        await asyncio.sleep(_CLOSING_S)
        early = sum(1 for sample in self.samples if sample.due_s < 0 <= sample.done_s and sample.is_good)
        return [sample for sample in self.samples if sample.due_s >= 0], early

    async def _greet(self) -> None:
        """Connect once before the run; raises `UsageError` if nothing listens there."""
        try:
            async with asyncio.timeout(self.plan.timeout_s):
                self.idle.append(await Connection.open(self.target, self.tls))
        except (OSError, TimeoutError) as error:
            where = f"{self.target.host}:{self.target.port}"
            said = (error.strerror if isinstance(error, OSError) else "") or str(error) or "no answer in time"
            hint = "is its certificate known here? set SSL_CERT_FILE" if isinstance(error, ssl.SSLError) else ""
            raise UsageError(f"cannot connect to {where}: {said}", hint or "start the service first") from None

    def close(self) -> None:
        """Close the connections; the event loop needs some turns for it."""
        for connection in self.idle:
            connection.close()

    async def send(self, number: int, sample: Sample, start: float) -> None:
        """Send a request, wait for its answer, and complete its sample, whose times count from `start`."""
        sample.sent_s = time.perf_counter() - start
        sample.alone = not self.running
        if self.running:
            for other in self.running:
                self.samples[other].alone = False
        self.running.add(number)
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self.plan.timeout_s):
                connection = self._idle() or await Connection.open(self.target, self.tls)
                sample.status = await connection.ask(self.target)
        except TimeoutError:
            sample.error = "timeout"
        except BrokenAnswerError as error:
            sample.error = f"broken answer: {error}"
        except OSError as error:
            sample.error = type(error).__name__
        sample.done_s = time.perf_counter() - start
        self.running.discard(number)
        if connection is not None:
            if sample.error or not connection.reusable:
                connection.close()
            else:
                self.idle.append(connection)

    def _idle(self) -> Connection | None:
        """Return an open connection that is not in use; services close those that are idle for long."""
        while self.idle:
            connection = self.idle.pop()
            if not connection.reader.at_eof():
                return connection
            connection.close()
        return None


async def _until(moment: float) -> None:
    """Wait until a time of `time.perf_counter`, busily at the end: the loop's timers are only precise to a millisecond.

    Answers are read meanwhile, because each turn yields to the event loop.
    """
    while (wait := moment - time.perf_counter()) > 0:
        await asyncio.sleep(wait - _AWAKE_S if wait > _AWAKE_S else 0)


def summary(plan: Plan, samples: list[Sample], early: int = 0) -> MeasuredEndpoint:
    """Summarise the samples of a run, and decide whether it is valid.

    `early` is the number of good answers in the measured part to requests of the warm-up.
    """
    good = [sample for sample in samples if sample.is_good]
    alone = [sample.latency_s for sample in good if sample.alone]
    lateness = percentile(sorted(sample.sent_s - sample.due_s for sample in samples), 0.99) if samples else 0.0
    offered = len(samples) / plan.seconds
    sent = len(samples) / max(plan.seconds, max((sample.sent_s for sample in samples), default=0.0))
    achieved = (sum(1 for sample in good if sample.done_s < plan.seconds) + early) / plan.seconds
    weights = [exp(plan.rate * value) for value in alone]
    latency = times_of(sample.latency_s for sample in good) if good else None
    return MeasuredEndpoint(
        plan.rate, plan.seconds, len(samples), len(good), sent, achieved,
        statuses={str(status): n for status, n in sorted(Counter(s.status for s in samples if s.status).items())},
        errors=dict(sorted(Counter(sample.error for sample in samples if sample.error).items())),
        latency=latency, alone=times_of(alone, weights) if len(alone) >= _FEWEST else None,
        lateness_p99_s=lateness, drift=_drift(plan, good),
        discarded=tuple(_failures(latency, lateness, offered, sent, achieved)),
    )  # fmt: skip


def _drift(plan: Plan, good: list[Sample]) -> float | None:
    halves = [sorted(s.latency_s for s in good if (s.due_s < plan.seconds / 2) is first) for first in (True, False)]
    if min(map(len, halves)) < _FEWEST:
        return None
    first, second = (percentile(half, 0.5) for half in halves)
    return abs(second / first - 1) if first > 0 else None


def _failures(
    latency: Times | None, lateness: float, offered: float, sent: float, achieved: float
) -> Iterator[str]:
    """Yield why a run is invalid."""
    p50 = latency.at(0.5) if latency is not None else None
    if p50 is None:
        yield "there are too few good answers"
        return
    if not lateness < MOST_LATENESS * p50:
        yield (
            f"the generator was late: its p99 lateness is {lateness / p50:.1%} of the measured p50 "
            f"(limit {MOST_LATENESS:.0%})"
        )
    if not abs(sent / offered - 1) < MOST_RATE_ERROR:
        yield f"the generator did not hold the rate: it sent {sent / offered:.1%} of it"
    if not 1 - achieved / offered < MOST_RATE_ERROR:
        yield f"the service answered {achieved / offered:.1%} of the rate in time (at least {1 - MOST_RATE_ERROR:.0%})"
