"""Picks a server for each request: the next one if it fails, and two at once if the first is silent (hedging).

Once a token was passed on, nothing else can answer: a stream that breaks off then ends with an error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from kit.llm.upstreams import Upstream, UpstreamError

_PAUSE_S = 2.0


@dataclass(slots=True)
class Route:
    """A server with its prices, and until when it gets no requests."""

    upstream: Upstream
    usd_in: float
    usd_out: float
    paused_until: float = 0.0

    def cost(self, prompt: float, completion: float) -> float:
        """Return the price of some tokens; the prices are per million."""
        return (prompt * self.usd_in + completion * self.usd_out) / 1e6


@dataclass(slots=True)
class Begun:
    """A stream whose first event is here."""

    route: Route
    first: str
    rest: AsyncGenerator[str, None]


class Router:
    """The servers in the order of preference."""

    def __init__(self, routes: Sequence[Route], registry: CollectorRegistry, *, hedge_s: float, first_s: float,
                 idle_s: float) -> None:  # fmt: skip
        self.routes = tuple(routes)
        self._hedge_s, self._first_s, self._idle_s = hedge_s, first_s, idle_s
        labels = ("upstream", "status")
        self._calls = Counter("gateway_calls_total", "Calls of servers.", labels, registry=registry)
        self._hedges = Counter("gateway_hedges_total", "Calls of a second server meanwhile.", registry=registry)

    async def begin(self, body: Mapping[str, object]) -> Begun:
        """Return the first stream that begins; raises the last `UpstreamError` if none does."""
        waiting = sorted(self.routes, key=lambda route: route.paused_until > time.monotonic())
        running: dict[asyncio.Task[Begun], Route] = {}
        error: UpstreamError | None = None
        won: Begun | None = None
        try:
            while won is None and (waiting or running):
                if waiting:
                    route = waiting.pop(0)
                    if running:
                        self._hedges.inc()
                    running[asyncio.create_task(self._first(route, body))] = route
                patience = self._hedge_s if waiting else None
                done, _ = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    route = running.pop(task)
                    try:
                        begun = task.result()
                    except UpstreamError as failed:
                        error = self._failed(route, failed)
                    else:
                        won = won or begun
                        if begun is not won:
                            await begun.rest.aclose()
        finally:
            await _end(running)
        if won is None:
            raise error or UpstreamError("gateway", "there is no server", 503, again=False)
        return won

    async def _first(self, route: Route, body: Mapping[str, object]) -> Begun:
        events = route.upstream.events(body, self._first_s, self._idle_s)
        try:
            first = await anext(events)
        except BaseException:
            await events.aclose()
            raise
        self._calls.labels(route.upstream.name, "200").inc()
        return Begun(route, first, events)

    def _failed(self, route: Route, error: UpstreamError) -> UpstreamError:
        """Record a failure; raise it if no other server can help, because the request itself is wrong."""
        self._calls.labels(route.upstream.name, str(error.status)).inc()
        if not error.again:
            raise error
        route.paused_until = time.monotonic() + max(_PAUSE_S, error.retry_s)
        return error


async def _end(running: Mapping[asyncio.Task[Begun], Route]) -> None:
    """Cancel the calls that lost; a stream that began at the same moment is closed."""
    for task in running:
        task.cancel()
    for task in running:
        with suppress(asyncio.CancelledError, UpstreamError):
            await (await task).rest.aclose()
