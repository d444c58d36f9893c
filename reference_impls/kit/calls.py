"""Calls to another service: with a propagated deadline, timeouts, a retry budget, and clear errors.

The caller sends in the header `X-Deadline-Ms` how many milliseconds it will still wait. That is a duration, like gRPC's
`grpc-timeout`, because the clocks of two machines differ. Each hop forwards the remaining time, less a reserve for its
own answer.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, TypeVar

import httpx
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from kit.tracing import context

HEADER = "X-Deadline-Ms"
REFUSALS = frozenset({409, 413, 422})
_RESERVE_S = 0.01
_BACKOFF_S = 0.05
_CONNECT_S = 0.5
_MOST_CONNECTIONS = 100
_KEEP_ALIVE_S = 2.0                                # less than uvicorn's 5 s: no call uses a closing connection
Answer = TypeVar("Answer", bound=BaseModel)


class CallError(Exception):
    """A call without an answer: the callee, the reason, and the status for the own caller.

    `status` is 409, 413 or 422 if the callee rejected the request, 502 if it failed, 503 if it cannot be reached or is
    overloaded, 504 if the deadline passed. `again`: another attempt may help.
    """

    def __init__(self, callee: str, reason: str, status: int, again: bool = False) -> None:
        super().__init__(f"{callee}: {reason}" if callee else reason)
        self.callee = callee
        self.status = status
        self.again = again


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time after which nobody waits any more, on this machine's monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline in some seconds from now."""
        return cls(time.monotonic() + seconds)

    def left_s(self) -> float:
        """Return the remaining seconds; negative if the deadline has passed."""
        return self.at - time.monotonic()

    def at_most(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and the one in some seconds from now."""
        return Deadline(min(self.at, time.monotonic() + seconds))

    def check(self, reason: str = "the deadline has passed; the work was not started") -> None:
        """Raise `CallError` (504) with a reason if it has passed: nobody waits for the work any more."""
        if self.left_s() <= 0:
            raise CallError("", reason, 504)


async def _deadline_of(request: Request) -> Deadline:
    longest: float = request.app.state.deadline_s
    arrived: float = request.state.arrived
    text = request.headers.get(HEADER)
    if text is None:
        return Deadline(arrived + longest)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HTTPException(422, f"{HEADER} must be whole milliseconds, not {text[:40]!r}")
    deadline = Deadline(arrived + min(longest, int(text) / 1000))
    deadline.check()
    return deadline


RequestDeadline = Annotated[Deadline, Depends(_deadline_of)]
"""A parameter of an endpoint: the caller's deadline, or the app's own if that is earlier or none is sent."""


def use_deadlines(app: FastAPI, longest_s: float) -> None:
    """Enable `RequestDeadline` for the endpoints of an app of `make_app`, and answer a `CallError` with its status."""
    app.state.deadline_s = longest_s

    @app.exception_handler(CallError)
    async def failed(_request: Request, error: CallError) -> JSONResponse:
        headers = {"Retry-After": "1"} if error.status == HTTPStatus.SERVICE_UNAVAILABLE else None
        return JSONResponse({"error": str(error)}, error.status, headers)


class RetryBudget:
    """Limits retries to a share of the calls, after a few free ones: so an overloaded callee gets no retry storm.

    It is a token bucket, as in https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/.
    """

    def __init__(self, share: float = 0.1, most: float = 10) -> None:
        self._share = share
        self._most = most
        self._tokens = most

    def earn(self) -> None:
        """Record a call."""
        self._tokens = min(self._most, self._tokens + self._share)

    def spend(self) -> bool:
        """Return whether a retry is allowed, and count it."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _Refusal(BaseModel):
    error: str


class Callee:
    """Another service at a URL, with its name in errors; connections are kept open."""

    def __init__(self, name: str, url: str, *, retries: int = 1, connect_s: float = _CONNECT_S) -> None:
        self.name = name
        self._retries = retries
        self._connect_s = connect_s
        self._budget = RetryBudget()
        limits = httpx.Limits(max_connections=_MOST_CONNECTIONS, keepalive_expiry=_KEEP_ALIVE_S)
        self._client = httpx.AsyncClient(base_url=url, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ask(self, path: str, body: BaseModel, kind: type[Answer], deadline: Deadline) -> Answer:
        """Post a body, and return the answer as an instance of a type; raises `CallError`.

        Only for calls that may be repeated, such as predictions, which change nothing.
        """
        self._budget.earn()
        content = body.model_dump_json().encode()
        attempt = 0
        while True:
            try:
                return await self._once(path, content, kind, deadline)
            except CallError as error:
                if not error.again or attempt >= self._retries or not self._budget.spend():
                    raise
            attempt += 1
            await asyncio.sleep(max(0.0, min(random.uniform(0, _BACKOFF_S), deadline.left_s())))

    async def _once(self, path: str, content: bytes, kind: type[Answer], deadline: Deadline) -> Answer:
        left_s = deadline.left_s() - _RESERVE_S
        if left_s <= 0:
            raise CallError(self.name, "was not called: the deadline has passed", 504)
        headers = {"Content-Type": "application/json", HEADER: str(max(1, int(left_s * 1000))), **context()}
        timeout = httpx.Timeout(left_s, connect=min(left_s, self._connect_s))
        try:
            async with asyncio.timeout(left_s):    # httpx limits each read; this limits all of them together
                response = await self._client.post(path, content=content, headers=headers, timeout=timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise CallError(self.name, "cannot be reached", 503, again=True) from None
        except (TimeoutError, httpx.TimeoutException):
            raise CallError(self.name, "did not answer before the deadline", 504) from None
        except httpx.TransportError as error:
            raise CallError(self.name, f"broke the connection ({type(error).__name__})", 502, again=True) from None
        return self._read(response, kind)

    def _read(self, response: httpx.Response, kind: type[Answer]) -> Answer:
        status = response.status_code
        try:
            if response.is_success:
                return kind.model_validate_json(response.content)
            reason = _Refusal.model_validate_json(response.content).error
        except ValidationError:
            reason = f"returned an invalid answer (status {status})"
        if status in REFUSALS or status == HTTPStatus.GATEWAY_TIMEOUT:
            raise CallError(self.name, reason, status)
        if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            raise CallError(self.name, reason, 503, again=True)
        raise CallError(self.name, reason, 502)


@asynccontextmanager
async def closing(*callees: Callee) -> AsyncIterator[None]:
    """Close the connections to all callees at the end, whatever happens: for the lifespan of an app."""
    async with AsyncExitStack() as stack:
        for callee in callees:
            stack.push_async_callback(callee.close)
        yield
