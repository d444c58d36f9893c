"""The interface of all queues, and what happens to a message: this module is where the delivery semantics are defined.

- **At least once.** A publisher gets its answer after the queue has stored the message. A worker acknowledges a message
  after its handler has returned, so a message whose worker dies is delivered again. Handlers must be idempotent.
- **One at a time.** A worker takes the next message after it has settled the one in hand. On SIGTERM it takes no more,
  finishes the one in hand, acknowledges it, and disconnects.
- **Attempts.** A failed message is delivered again after a pause, and becomes a dead letter after `attempts`. An
  attempt fails with an error, after `limit_s`, or with the death of the worker. A stop waits, and is no attempt.
- **A limit.** A handler has `limit_s`. After it, the message is retried elsewhere, the worker takes no more, and its
  `/ready` fails. If the handler returns after all, the worker goes on. If not, the process exits after `limit_s` more.
- **No second run beside a first.** `kit.queues.predicting` records in the result store which messages are in hand. If a
  broker delivers such a message again, for example after RabbitMQ's `consumer_timeout`, the copy waits.

The brokers differ only in `embedded.py`, `rabbit.py` and `kafka.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from kit.logs import logger

log = logger(__name__)
STUCK = 5                                          # the exit status of a process whose handler does not return


class QueueDownError(Exception):
    """The queue did not confirm a message, or cannot be reached."""


class HopelessError(Exception):
    """Raised by a handler for a message that will fail in every attempt."""


class InHandError(Exception):
    """Raised by a handler for a message that another worker has in hand, for at most `left_s` more seconds."""

    def __init__(self, left_s: float) -> None:
        super().__init__("another worker has this message in hand")
        self.left_s = left_s


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message for a worker; the first `attempt` is 1. It may be delivered twice, so handlers must be idempotent."""

    id: str
    body: bytes
    attempt: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The maximum number of attempts, and the pauses between them: doubled each time, up to `longest_pause_s`.

    `confirm_s` is how long a publisher waits for the queue. A handler may take `limit_s`. While it runs, its worker
    renews a lease of `lease_s`; without renewal, the message goes to another worker.
    """

    attempts: int = 5
    pause_s: float = 0.5
    longest_pause_s: float = 60
    confirm_s: float = 5
    lease_s: float = 30
    limit_s: float = 60

    def pause_after(self, attempt: int) -> float:
        """Return the seconds until the next attempt, with jitter, so that retries are spread over time."""
        return min(self.longest_pause_s, self.pause_s * float(2 ** (attempt - 1))) * random.uniform(0.5, 1)


@dataclass(frozen=True, slots=True)
class Work:
    """The function that handles a message, and the function that stores the reason of a dead one."""

    handle: Callable[[Delivery], Awaitable[None]]
    bury: Callable[[Delivery, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Again:
    """A message that will be retried; `counted` is false if this delivery was not an attempt."""

    after_s: float
    reason: str
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that becomes a dead letter."""

    reason: str


class Hand:
    """The one message that a worker holds, and the handler that exceeded its limit."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.since = 0.0
        self._hung: asyncio.Task[Again | Dead | None] | None = None

    def overdue(self) -> str:
        """Return why this worker cannot take messages, or an empty string; `/ready` reports it."""
        held_s = time.time() - self.since if self.since else 0.0
        if self._hung is None and held_s <= self.limit_s:
            return ""
        return f"a message is in hand for {held_s:.0f} s; the limit is {self.limit_s:g} s"

    @property
    def is_stuck(self) -> bool:
        """Return whether a handler exceeded the limit and still runs."""
        return self._hung is not None and not self._hung.done()

    async def handle(self, work: Work, delivery: Delivery, policy: Policy) -> Again | Dead | None:
        """Handle a message, and return what happens to it next; None if it is done."""
        self.since = time.time()
        task = asyncio.create_task(_attempt(work, delivery, policy))
        if (await asyncio.wait({task}, timeout=policy.limit_s))[0]:
            verdict, self.since = task.result(), 0.0
        else:                                      # a thread cannot be cancelled
            self._hung = task
            verdict = _failed(f"no result within {policy.limit_s:g} s", delivery, policy)
        await _report(verdict, work, delivery)
        return verdict

    async def wait_until_free(self) -> None:
        """Wait for a handler that exceeded its limit; exit the process if it takes the limit once more."""
        if self._hung is None:
            return
        if not (await asyncio.wait({self._hung}, timeout=self.limit_s))[0]:
            log.critical("a handler does not return: this process exits", held_s=round(time.time() - self.since))
            os._exit(STUCK)
        self._hung, self.since = None, 0.0


class Queue(Protocol):
    """A named queue, open during its `async with` block; at the end, the message in hand is finished first."""

    @property
    def hand(self) -> Hand:
        """Return what this process has in hand from this queue."""
        ...

    async def __aenter__(self) -> Self:
        """Connect; raises `QueueDownError`."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take no more messages, finish the one in hand, and disconnect."""
        ...

    async def publish(self, key: str, body: bytes) -> None:
        """Return when the queue has stored the message durably; raises `QueueDownError`.

        `key` is the id of the message; it also selects the partition in Kafka.
        """
        ...

    async def consume(self, work: Work) -> None:
        """Start to take messages in the background, one at a time; each is acknowledged after its handler."""
        ...

    async def replay(self) -> list[str]:
        """Requeue the dead letters with new attempts, and return their ids."""
        ...


async def _report(verdict: Again | Dead | None, work: Work, delivery: Delivery) -> None:
    if isinstance(verdict, Dead):
        log.error("message is a dead letter now", message=delivery.id, attempt=delivery.attempt, reason=verdict.reason)
        await work.bury(delivery, verdict.reason)
    elif verdict is not None:
        log.warning("message will be retried", message=delivery.id, attempt=delivery.attempt, reason=verdict.reason)


async def _attempt(work: Work, delivery: Delivery, policy: Policy) -> Again | Dead | None:
    if delivery.attempt > policy.attempts:         # every worker died
        return Dead(f"its worker crashed or was stopped {policy.attempts} times")
    try:
        await work.handle(delivery)
    except HopelessError as error:
        return Dead(str(error))
    except InHandError as error:
        return Again(max(policy.pause_s, min(error.left_s, policy.longest_pause_s)), str(error), counted=False)
    except Exception as error:                     # an error of a handler affects only this message
        return _failed(f"{type(error).__name__}: {error}".partition("\n")[0], delivery, policy)
    return None


def _failed(reason: str, delivery: Delivery, policy: Policy) -> Again | Dead:
    if delivery.attempt >= policy.attempts:
        return Dead(f"{reason} (attempt {delivery.attempt} of {policy.attempts})")
    return Again(policy.pause_after(delivery.attempt), reason)
