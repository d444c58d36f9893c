"""The limits of a server: how long a caller may take to send a request, how large it is, and how many are in flight."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile

from anyio.to_thread import current_default_thread_limiter
from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_LINGER = 10
_LINGER_S = 2.0
_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def protocol(head_s: float) -> type[H11Protocol]:
    """Return uvicorn's protocol, with a limit for the time until the head of a request is complete.

    uvicorn has none: a caller that sends half a head would keep its connection without a limit.
    """

    class Impatient(H11Protocol):
        """Closes a connection whose next request does not arrive in time."""

        _head: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Wait for the first head."""
            assert isinstance(transport, asyncio.Transport)
            super().connection_made(transport)
            self._wait_for_head()

        def data_received(self, data: bytes) -> None:
            """Read, and wait for a head as long as none is complete."""
            before = self.cycle
            super().data_received(data)
            if self.cycle is not before:           # the head is complete
                self._forget()
            elif self._head is None and (self.cycle is None or self.cycle.response_complete):
                self._wait_for_head()

        def connection_lost(self, exc: Exception | None) -> None:
            """Wait no longer."""
            self._forget()
            super().connection_lost(exc)

        def _wait_for_head(self) -> None:
            self._head = self.loop.call_later(head_s, self._give_up)

        def _forget(self) -> None:
            if self._head is not None:
                self._head.cancel()
                self._head = None

        def _give_up(self) -> None:
            self._head = None
            if not self.transport.is_closing():
                self.transport.write(_TIMEOUT)
                self.transport.close()

    return Impatient


class LimitBody:
    """Answers 413 to a body above `most` bytes, and 408 to one that is not complete in time.

    The time is `receive_s` from the arrival of the head, or the deadline of the app's requests if that is earlier.
    """

    def __init__(self, app: ASGIApp, most: int, receive_s: float) -> None:
        self.app = app
        self.most = most
        self.receive_s = receive_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, with a limited body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        longest_s = min(self.receive_s, getattr(scope["app"].state, "deadline_s", math.inf))
        end, read, complete = scope["state"]["arrived"] + longest_s, 0, False

        async def limited() -> Message:
            nonlocal read, complete
            if complete:                           # what follows is the end of the connection, at any time
                return await receive()
            try:
                async with asyncio.timeout(max(0.0, end - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    408, f"the body was not complete within {longest_s:g} s", {"Connection": "close"}
                ) from None
            complete = not message.get("more_body")
            read += len(message.get("body", b""))
            if read > self.most:
                raise HTTPException(413, f"the body is larger than {self.most} bytes", {"Connection": "close"})
            return message

        if announced.isdigit() and int(announced) > self.most:
            if b"expect" not in headers:           # with it, the client waits before it sends the body
                await _read_away(receive, self.most * _LINGER)
            text = f"the body is larger than {self.most} bytes"
            await JSONResponse({"error": text}, 413, {"Connection": "close"})(scope, receive, send)
            return
        await self.app(scope, limited, send)


async def _read_away(receive: Receive, most: int) -> None:
    """Read and drop a body for a while: a client that is disconnected while sending may never see the answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while most > 0 and (message := await receive()).get("more_body"):
                most -= len(message.get("body", b""))


class InFlight:
    """The requests in flight: at most `most`. One that is older than `hung_s` is taken for hung.

    Routes that are no coroutines share a number of threads: if all of them hang, no other can start.
    """

    def __init__(self, most: int, hung_s: float) -> None:
        self._most = most
        self._hung_s = hung_s
        self._since: dict[int, float] = {}         # in the order of arrival

    def is_full(self) -> bool:
        """Return whether no further request may start."""
        return len(self._since) >= self._most

    def begin(self, scope: Scope) -> Callable[[], None]:
        """Record a request, and return the function that records its end."""
        self._since[id(scope)] = time.monotonic()
        return lambda: self._since.__delitem__(id(scope))

    def hung(self) -> int:
        """Return how many requests are taken for hung."""
        since = time.monotonic() - self._hung_s
        return sum(1 for _ in takewhile(lambda begun: begun < since, self._since.values()))

    def problem(self) -> str:
        """Return why no request can start, or an empty string: for `/ready`, from a coroutine."""
        hung = self.hung()
        threads = current_default_thread_limiter()
        without_thread = hung >= threads.total_tokens and threads.available_tokens < 1
        if hung < self._most and not without_thread:
            return ""
        return f"{hung} requests are in flight for more than {self._hung_s:g} s each, and no other can start"


class Admit:
    """Answers 503 to the requests beyond the limit: otherwise all wait, and each caller gives up before its answer."""

    def __init__(self, app: ASGIApp, in_flight: InFlight, quiet: tuple[str, ...]) -> None:
        self.app = app
        self.in_flight = in_flight
        self.quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or reject it."""
        if scope["type"] != "http" or scope["path"] in self.quiet:
            await self.app(scope, receive, send)
            return
        problem = "too many requests are in flight" if self.in_flight.is_full() else self.in_flight.problem()
        if problem:
            said = {"error": problem}
            await JSONResponse(said, 503, {"Retry-After": "1"})(scope, receive, send)
            return
        end = self.in_flight.begin(scope)
        try:
            await self.app(scope, receive, send)
        finally:
            end()
