"""RabbitMQ: quorum queues, persistent messages, publisher confirms, and an error for unroutable messages.

A quorum queue counts deliveries. A stop cancels the consumer before it waits for the handler: so no message is on its
way to a worker that does not want it, and none is counted as delivered without being handled.

RabbitMQ takes a message back that is not acknowledged within `consumer_timeout` (30 minutes,
https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout). Each consumer asks for a time that fits the limit of
its handlers; RabbitMQ obeys from version 4.3 on. For earlier ones, keep the limit below the server's setting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from aio_pika import DeliveryMode, Message, connect_robust
from aio_pika.abc import (
    AbstractIncomingMessage,
    AbstractRobustChannel,
    AbstractRobustConnection,
    AbstractRobustQueue,
    ConsumerTag,
)

from kit.queues.base import Policy
from kit.queues.brokers import Handler, Subscription
from kit.queues.brokers import Message as AnyMessage

_QUIET_S = 2.0                                     # a queue without messages for this time is empty
_QUORUM = {"x-queue-type": "quorum"}
MARGIN_S = 30.0


@dataclass(frozen=True, slots=True)
class RabbitMessage:
    """A delivery of RabbitMQ."""

    raw: AbstractIncomingMessage

    @property
    def key(self) -> str:
        """Return the id of the message."""
        return str(self.headers.get("id", self.raw.message_id))

    @property
    def body(self) -> bytes:
        """Return the content."""
        return self.raw.body

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers as text."""
        return {key: str(value) for key, value in self.raw.headers.items()}

    async def taken_before(self) -> int:
        """Return the delivery count of the quorum queue."""
        return int(self.headers.get("x-delivery-count", "0"))

    async def ack(self) -> None:
        """Remove it from the queue."""
        await self.raw.ack()

    async def nack(self) -> None:
        """Return it to the queue."""
        await self.raw.nack()


class RabbitSubscription:
    """A consumer on its own channel, with one message at a time."""

    def __init__(self, channel: AbstractRobustChannel, queue: AbstractRobustQueue, handler: Handler, timeout_ms: int):
        self._channel = channel
        self._queue = queue
        self._handler = handler
        self._timeout_ms = timeout_ms
        self._tag: ConsumerTag | None = None
        self._idle = asyncio.Event()
        self._held = set[asyncio.Task[None]]()
        self._idle.set()

    async def resume(self) -> None:
        """Take messages."""
        self._tag = await self._queue.consume(self._handle, arguments={"x-consumer-timeout": self._timeout_ms})

    async def pause(self) -> None:
        """Take no more messages."""
        tag, self._tag = self._tag, None
        if tag is not None and not self._channel.is_closed:
            await self._queue.cancel(tag)

    async def stop(self) -> None:
        """Take no more messages, and wait for the handler."""
        await self.pause()
        await self._idle.wait()

    async def _handle(self, raw: AbstractIncomingMessage) -> None:
        """Start the handler in its own task: the library cancels this one if RabbitMQ closes the channel."""
        self._idle.clear()
        task = asyncio.create_task(self._handler(RabbitMessage(raw)))
        self._held.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._held.discard(task)
        if not self._held:
            self._idle.set()


class RabbitLink:
    """A connection to RabbitMQ, which is restored if it is lost."""

    def __init__(self, url: str, policy: Policy) -> None:
        self._url = url
        self._policy = policy
        self._connection: AbstractRobustConnection | None = None
        self._channel: AbstractRobustChannel | None = None

    async def connect(self, names: tuple[str, ...]) -> None:
        """Connect, and declare the queues."""
        self._connection = await connect_robust(self._url, timeout=self._policy.confirm_s, reconnect_interval=1)
        self._channel = await self._open()
        for name in names:
            await self._channel.declare_queue(name, durable=True, arguments=dict(_QUORUM))

    async def close(self) -> None:
        """Disconnect."""
        if self._connection is not None:
            await self._connection.close()

    async def send(self, name: str, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Publish through the default exchange, and wait for the confirm."""
        if self._channel is None:
            raise ConnectionError("not connected")
        message = Message(
            body, headers=dict(headers), message_id=key, delivery_mode=DeliveryMode.PERSISTENT,
            content_type="application/octet-stream",
        )  # fmt: skip
        await self._channel.default_exchange.publish(message, name, mandatory=True)

    async def subscribe(self, name: str, handler: Handler) -> Subscription:
        """Consume on a separate channel, one message at a time."""
        channel = await self._open()
        await channel.set_qos(prefetch_count=1)
        queue = await channel.declare_queue(name, durable=True, arguments=dict(_QUORUM))
        timeout_s = max(self._policy.limit_s, self._policy.longest_pause_s) + MARGIN_S
        subscription = RabbitSubscription(channel, queue, handler, round(timeout_s * 1000))
        await subscription.resume()
        return subscription

    async def drain(self, name: str) -> AsyncIterator[AnyMessage]:
        """Take messages until there are none."""
        channel = await self._open()
        queue = await channel.declare_queue(name, durable=True, arguments=dict(_QUORUM))
        end = asyncio.get_running_loop().time() + _QUIET_S
        while asyncio.get_running_loop().time() < end:
            raw = await queue.get(fail=False)
            if raw is None:
                await asyncio.sleep(_QUIET_S / 20)
                continue
            yield RabbitMessage(raw)
            end = asyncio.get_running_loop().time() + _QUIET_S

    async def _open(self) -> AbstractRobustChannel:
        if self._connection is None:
            raise ConnectionError("not connected")
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        assert isinstance(channel, AbstractRobustChannel)
        return channel
