"""The breaker: closed, it makes calls; open, it makes none; half-open, it makes one call to test the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import Context, OpenedState

from kit.calls import CallError

Answer = TypeVar("Answer")
_WHY_NOT = {
    "closed": "the maximum of parallel calls is reached",
    "half-opened": "a test call is in progress",
    "opened": "the breaker is open",
}
_MADE, _FAILED = "made", "failed"


class TurnedAwayError(Exception):
    """The call was not made: the breaker is open, or the maximum of parallel calls is reached."""


def _is_refusal(error: CallError) -> bool:
    """Return whether the server rejected the call with a reason: the server works, so this is no failure."""
    return error.status < 500


class Breaker:
    """Opens for `open_s` after `failures` consecutive failures; then one test call decides whether it closes.

    `most_calls` limits the parallel calls: otherwise, a slow server would block all of its callers. The states are
    those of the library purgatory; the limit, and the rule that only one call tests the server, are added here.
    """

    def __init__(self, failures: int, open_s: float, most_calls: int, registry: CollectorRegistry) -> None:
        self._factory = AsyncCircuitBreakerFactory(failures, open_s, exclude=[(CallError, _is_refusal)])
        self._most_calls = most_calls
        self._under_way = 0
        self._context: Context | None = None
        self._calls = Counter("model_calls_total", "Calls to the model server.", ("result",), registry=registry)
        gauge = Gauge("breaker_state", "1 for the current state of the breaker.", ("state",), registry=registry)
        for state in _WHY_NOT:
            gauge.labels(state).set_function(partial(self._is, state))

    @property
    def state(self) -> str:
        """The state: closed (calls are made), opened (no call is made), or half-opened (one call is made)."""
        return self._context.state if self._context is not None else "closed"

    async def call(self, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make a call; raises `TurnedAwayError` if it is not made, and the errors of the call itself."""
        breaker = await self._factory.get_breaker("model")
        self._context = breaker.context
        most = self._most_calls if self.state == "closed" else 1
        if self._under_way >= most:
            raise TurnedAwayError(_WHY_NOT[self.state])
        self._under_way += 1
        try:
            async with breaker:
                self._calls.labels(_MADE).inc()
                return await make()
        except OpenedState as opened:
            opened.__traceback__ = None        # the same object is raised each time, so its traceback would grow
            raise TurnedAwayError(_WHY_NOT[self.state]) from None
        except CallError as error:
            if not _is_refusal(error):
                self._calls.labels(_FAILED).inc()
            raise
        finally:
            self._under_way -= 1

    def _is(self, state: str) -> bool:
        return self.state == state
