"""The breaker: lets calls through while they work, none while they fail, one at a time to see whether they do again."""

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
    """A call that was not made: the breaker is open, or as many as the server can take are under way."""


def _is_refusal(error: CallError) -> bool:
    """A server that refuses a call with a reason is well: that is no failure for the breaker."""
    return error.status < 500


class Breaker:
    """Opens after so many failures in a row, for `open_s`; then one call probes whether to close.

    `most_calls` bounds the calls under way: a server that is merely slow would else tie up all of its callers. The
    states are purgatory's; that only one call probes, and the bound, are added here.
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
        """Which it is in: closed (calls are made), opened (none is), or half-opened (one is)."""
        return self._context.state if self._context is not None else "closed"

    async def call(self, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make a call; raises `TurnedAwayError` where it is not made, and what it raises itself."""
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
            opened.__traceback__ = None        # one object, raised each time: its traceback would grow without end
            raise TurnedAwayError(_WHY_NOT[self.state]) from None
        except CallError as error:
            if not _is_refusal(error):
                self._calls.labels(_FAILED).inc()
            raise
        finally:
            self._under_way -= 1

    def _is(self, state: str) -> bool:
        return self.state == state
