"""A limited number of parallel slots and waiting places; all other requests are rejected immediately."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge

from kit.calls import CallError, Deadline

LATE = "the deadline passed during the work"
Work = TypeVar("Work")
Why = Literal["full", "waited", "gone"]
_REASONS: dict[Why, str] = {
    "full": "all slots and waiting places are taken",
    "waited": "no slot became free in time",
    "gone": "the caller closed the connection",
}


class Room:
    """Runs at most `at_once` requests in threads; at most `waiting` others wait for a slot, none longer than `wait_s`.

    Without this limit, an overloaded server accepts every request and answers after its caller has given up.
    """

    def __init__(self, at_once: int, waiting: int, wait_s: float, registry: CollectorRegistry) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, "work")
        self._most_waiting = waiting
        self._wait_s = wait_s
        self._waiting = 0
        self._at_once = at_once
        self._running: dict[int, Deadline] = {}
        self._shed = Counter("shed_total", "Requests rejected before any work.", ("reason",), registry=registry)
        self._begun = Counter("work_begun_total", "Requests whose work was started.", registry=registry)
        self._late = Counter("late_total", "Requests whose deadline passed during the work.", registry=registry)
        Gauge("requests_waiting", "Requests that wait for a free slot.", registry=registry).set_function(
            lambda: self._waiting
        )

    async def run(self, work: Callable[[], Work], deadline: Deadline, gone: Callable[[], Awaitable[bool]]) -> Work:
        """Run work in a thread, and return its result.

        Raises `CallError`: 503 if the work is not started, because there is no slot or the caller has `gone`; 504 if
        the deadline passes. A thread cannot be stopped from outside, so late work keeps its slot until it ends.
        """
        await self._take_place(deadline)
        try:
            if await gone():
                self._turn_away("gone")
            deadline.check()
            future = asyncio.get_running_loop().run_in_executor(self._threads, work)
            self._running[id(future)] = deadline
        except BaseException:
            self._places.release()
            raise
        self._begun.inc()
        future.add_done_callback(self._ended)
        await asyncio.wait({future}, timeout=max(0.0, deadline.left_s()))
        if not future.done() or deadline.left_s() <= 0:
            self._late.inc()
            raise CallError("", LATE, 504)
        return future.result()

    def problem(self, hung_s: float) -> str:
        """Return why no work can start, or an empty string: every slot holds work that is late by `hung_s` or more."""
        late_s = [-deadline.left_s() for deadline in self._running.values()]
        if len(late_s) < self._at_once or min(late_s) < hung_s:
            return ""
        return f"all {self._at_once} slots hold work that is late by {min(late_s):.0f} s or more"

    async def _take_place(self, deadline: Deadline) -> None:
        if self._places.locked() and self._waiting >= self._most_waiting:
            self._turn_away("full")
        self._waiting += 1
        try:
            async with asyncio.timeout(max(0.0, min(self._wait_s, deadline.left_s()))):
                await self._places.acquire()
        except TimeoutError:
            self._turn_away("waited")
        finally:
            self._waiting -= 1

    def _turn_away(self, why: Why) -> None:
        self._shed.labels(why).inc()
        raise CallError("", _REASONS[why], 503)

    def _ended(self, future: asyncio.Future[Work]) -> None:
        self._running.pop(id(future), None)
        self._places.release()
        if not future.cancelled():
            future.exception()                 # nobody else reads the exception of late work
