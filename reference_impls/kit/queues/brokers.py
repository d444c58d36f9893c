"""A queue on a broker, RabbitMQ or Kafka: what is the same on both.

Each queue has two further ones: `NAME.retry`, where failed messages wait for their next attempt, and `NAME.dead`. To
move a message, a copy is published and confirmed before the original is acknowledged: it may be duplicated, but is
never lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

import structlog

from kit.logs import logger
from kit.queues.base import Again, Dead, Delivery, Hand, Policy, QueueDownError, Work
from kit.spans import span
from kit.tracing import context, received

log = logger(__name__)
_KEY, _ATTEMPT, _DUE, _REASON = "id", "attempt", "due", "reason"
_AFTER_FAULT_S = 1.0


class Message(Protocol):
    """A message of a broker, not yet acknowledged."""

    @property
    def key(self) -> str:
        """Return the id of the message."""
        ...

    @property
    def body(self) -> bytes:
        """Return the content."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that `Link.send` got."""
        ...

    async def taken_before(self) -> int:
        """Return how often it was taken without a result before, and record that it is taken now."""
        ...

    async def ack(self) -> None:
        """Remove it from the queue."""
        ...

    async def nack(self) -> None:
        """Return it to the queue."""
        ...


Handler = Callable[[Message], Coroutine[None, None, None]]


class Subscription(Protocol):
    """A handler that gets the messages of one queue, one at a time."""

    async def pause(self) -> None:
        """Take no more messages; the handler may still have one."""
        ...

    async def resume(self) -> None:
        """Take messages again."""
        ...

    async def stop(self) -> None:
        """Take no more messages, and wait for the handler."""
        ...


class Link(Protocol):
    """A connection to a broker."""

    async def connect(self, names: tuple[str, ...]) -> None:
        """Connect, and make the queues that are missing."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...

    async def send(self, name: str, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Return when the broker has confirmed the message."""
        ...

    async def subscribe(self, name: str, handler: Handler) -> Subscription:
        """Pass each message to the handler, one at a time; the handler acknowledges it."""
        ...

    def drain(self, name: str) -> AsyncIterator[Message]:
        """Take messages until there are none; the caller acknowledges each."""
        ...


class BrokerQueue:
    """A named queue on a broker."""

    def __init__(self, link: Link, name: str, policy: Policy) -> None:
        self.link = link
        self.name = name
        self.policy = policy
        self.hand = Hand(policy.limit_s)
        self._stopping = asyncio.Event()
        self._subscriptions: list[Subscription] = []

    async def __aenter__(self) -> Self:
        """Connect; raises `QueueDownError`."""
        try:
            async with asyncio.timeout(max(self.policy.confirm_s, 10)):
                await self.link.connect((self.name, f"{self.name}.retry", f"{self.name}.dead"))
        except Exception as error:
            with suppress(Exception):              # a half-open connection may fail to close
                await self.link.close()
            raise QueueDownError(f"the queue's broker cannot be reached: {_what(error)}") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take no more messages, finish the one in hand, and disconnect."""
        self._stopping.set()
        await asyncio.gather(*(one.stop() for one in self._subscriptions), return_exceptions=True)
        await self.link.close()

    async def publish(self, key: str, body: bytes) -> None:
        """Return when the broker has confirmed the message; raises `QueueDownError`."""
        await self._send(self.name, key, body, {})

    async def consume(self, work: Work) -> None:
        """Start to take messages one at a time, and those whose pause has ended."""

        async def handle(message: Message) -> None:
            with structlog.contextvars.bound_contextvars(**received(message.headers)), span(self.name, "consumer"):
                await self._guarded(message, lambda: self._work(work, message))
            if self.hand.is_stuck and not self._stopping.is_set():
                await self.hand.wait_until_free()
                await main.resume()

        async def rest(message: Message) -> None:
            with structlog.contextvars.bound_contextvars(**received(message.headers)):
                await self._guarded(message, lambda: self._rest(message))

        main = await self.link.subscribe(self.name, handle)
        self._subscriptions += [main, await self.link.subscribe(f"{self.name}.retry", rest)]

    async def replay(self) -> list[str]:
        """Requeue the dead letters, and return their ids."""
        keys: list[str] = []
        async for message in self.link.drain(f"{self.name}.dead"):
            keys.append(message.key)
            await self._send(self.name, keys[-1], message.body, {})
            await message.ack()
        return keys

    async def _work(self, work: Work, message: Message) -> bool:
        attempt = int(message.headers.get(_ATTEMPT, "0")) + await message.taken_before() + 1
        delivery = Delivery(message.key, message.body, attempt)
        match await self.hand.handle(work, delivery, self.policy):
            case Again(after_s, reason, counted):
                headers = {_ATTEMPT: str(attempt if counted else attempt - 1), _DUE: str(time.time() + after_s)}
                await self._send(f"{self.name}.retry", delivery.id, delivery.body, {**headers, _REASON: reason})
            case Dead(reason):
                headers = {_ATTEMPT: str(attempt), _REASON: reason}
                await self._send(f"{self.name}.dead", delivery.id, delivery.body, headers)
            case None:
                pass
        if self.hand.is_stuck:                     # otherwise the acknowledgement would fetch the next message
            await self._subscriptions[0].pause()
        return True

    async def _rest(self, message: Message) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), max(0.0, float(message.headers[_DUE]) - time.time()))
            return False                           # it stays in the queue, for another worker
        await self._send(self.name, message.key, message.body, {_ATTEMPT: message.headers[_ATTEMPT]})
        return True

    async def _guarded(self, message: Message, use: Callable[[], Awaitable[bool]]) -> None:
        """Acknowledge a message that was handled; return it to the queue after a pause if that failed."""
        try:
            if await use():
                await message.ack()
                return
        except Exception as error:                 # the broker or the result store is down: nothing is decided
            log.error("message could not be acknowledged", queue=self.name, reason=_what(error))
            await asyncio.sleep(_AFTER_FAULT_S)
        with suppress(Exception):                  # disconnected: the broker redelivers it
            await message.nack()

    async def _send(self, name: str, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            async with asyncio.timeout(self.policy.confirm_s):
                await self.link.send(name, key, body, {_KEY: key, **headers, **context()})
        except Exception as error:                 # after any error, the message is not confirmed
            raise QueueDownError(f"the queue's broker did not confirm the message: {_what(error)}") from None


def _what(error: BaseException) -> str:
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
