"""The interface of all queues, and the handling of messages whose handler fails."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from kit.logs import logger

log = logger(__name__)


class QueueDownError(Exception):
    """The queue did not confirm a message, or cannot be reached."""


class HopelessError(Exception):
    """Raised by a handler for a message that will fail in every attempt."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message for a worker; the first `attempt` is 1. It may be delivered twice, so handlers must be idempotent."""

    id: str
    body: bytes
    attempt: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The maximum number of attempts, and the pauses between them: doubled each time, up to `longest_pause_s`.

    `confirm_s` is how long a publisher waits for the queue. In the embedded queue, a worker must renew its lease within
    `lease_s`; otherwise its message goes to another worker.
    """

    attempts: int = 5
    pause_s: float = 0.5
    longest_pause_s: float = 60
    confirm_s: float = 5
    lease_s: float = 30

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
    """A message that will be retried."""

    after_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that becomes a dead letter."""

    reason: str


class Queue(Protocol):
    """A named queue, open during its `async with` block; at the end, current work is finished first."""

    async def __aenter__(self) -> Self:
        """Connect; raises `QueueDownError`."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Accept no more messages, wait for the current ones, and disconnect."""
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


async def handle_message(work: Work, delivery: Delivery, policy: Policy) -> Again | Dead | None:
    """Handle a message, and return what happens to it next; None if it is done."""
    verdict = await _attempt(work, delivery, policy)
    if isinstance(verdict, Dead):
        log.error("message is a dead letter now", message=delivery.id, attempt=delivery.attempt, reason=verdict.reason)
        await work.bury(delivery, verdict.reason)
    elif verdict is not None:
        log.warning("message will be retried", message=delivery.id, attempt=delivery.attempt, reason=verdict.reason)
    return verdict


async def _attempt(work: Work, delivery: Delivery, policy: Policy) -> Again | Dead | None:
    if delivery.attempt > policy.attempts:         # every worker died
        return Dead(f"its worker crashed or was stopped {policy.attempts} times")
    try:
        await work.handle(delivery)
    except HopelessError as error:
        return Dead(str(error))
    except Exception as error:                     # an error of a handler affects only this message
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        if delivery.attempt >= policy.attempts:
            return Dead(f"{reason} (attempt {delivery.attempt} of {policy.attempts})")
        return Again(policy.pause_after(delivery.attempt), reason)
    return None
