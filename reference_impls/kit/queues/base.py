"""What every queue of the kit does, and what becomes of a message when its handler fails."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from kit.logs import logger

log = logger(__name__)


class QueueDownError(Exception):
    """The queue did not confirm that it has a message, or cannot be reached."""


class HopelessError(Exception):
    """Raised by a handler for a message that no further attempt would help."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a worker gets it; `attempt` is 1 at the first time. It may come twice: handlers are idempotent."""

    id: str
    body: bytes
    attempt: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a message is tried, and how long it rests in between: doubled each time, up to `longest_pause_s`.

    `confirm_s` is how long a publisher waits for the queue; `lease_s` how long the embedded queue gives a worker to
    show that it lives, before its message goes to another.
    """

    attempts: int = 5
    pause_s: float = 0.5
    longest_pause_s: float = 60
    confirm_s: float = 5
    lease_s: float = 30

    def pause_after(self, attempt: int) -> float:
        """Return the seconds until the next attempt, spread so that messages which failed together do not return so."""
        return min(self.longest_pause_s, self.pause_s * float(2 ** (attempt - 1))) * random.uniform(0.5, 1)


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker does with a message, and what it does with the reason when a message is dead."""

    handle: Callable[[Delivery], Awaitable[None]]
    bury: Callable[[Delivery, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Again:
    """The verdict on a message that is to be tried again."""

    after_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Dead:
    """The verdict on a message that goes to the dead letters."""

    reason: str


class Queue(Protocol):
    """One queue of a name, open from `async with` to the end of its block; then work in hand is finished first."""

    async def __aenter__(self) -> Self:
        """Connect; raises `QueueDownError`."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take no more messages, wait for those in hand, and disconnect."""
        ...

    async def publish(self, key: str, body: bytes) -> None:
        """Return once the queue has the message where a restart does not lose it; raises `QueueDownError`.

        `key` is the message's id; Kafka also spreads messages over its partitions by it.
        """
        ...

    async def consume(self, work: Work) -> None:
        """Begin to take messages, one at a time, beside the caller; each is acknowledged when its handler is done."""
        ...

    async def replay(self) -> list[str]:
        """Put the dead letters back, with their attempts forgotten, and return their ids."""
        ...


async def attend(work: Work, delivery: Delivery, policy: Policy) -> Again | Dead | None:
    """Let a handler try a message, and return what is to become of it: None where it is done."""
    verdict = await _attempt(work, delivery, policy)
    if isinstance(verdict, Dead):
        log.error("message is a dead letter now", message=delivery.id, attempt=delivery.attempt, reason=verdict.reason)
        await work.bury(delivery, verdict.reason)
    elif verdict is not None:
        log.warning("message will be retried", message=delivery.id, attempt=delivery.attempt, reason=verdict.reason)
    return verdict


async def _attempt(work: Work, delivery: Delivery, policy: Policy) -> Again | Dead | None:
    if delivery.attempt > policy.attempts:         # nobody lived to say why
        return Dead(f"its worker crashed or was stopped {policy.attempts} times")
    try:
        await work.handle(delivery)
    except HopelessError as error:
        return Dead(str(error))
    except Exception as error:                     # any fault of a handler concerns this one message
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        if delivery.attempt >= policy.attempts:
            return Dead(f"{reason} (attempt {delivery.attempt} of {policy.attempts})")
        return Again(policy.pause_after(delivery.attempt), reason)
    return None
