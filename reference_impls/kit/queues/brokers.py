"""RabbitMQ and Kafka through one interface: FastStream's brokers, subscribers and messages.

Each queue has two further ones: `NAME.retry`, where failed messages wait for their next attempt, and `NAME.dead`. To
move a message, a copy is published and confirmed before the original is acknowledged: it may be duplicated, but is
never lost.

RabbitMQ's quorum queues count deliveries. Kafka does not: a reader records on the topic `NAME.hand` which message it
has taken, and the next reader of the partition finds there how often that message was taken before. All this is tested
with Tansu, a broker with Kafka's protocol, and not with Apache Kafka.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitMessage, RabbitQueue

from kit.logs import logger
from kit.queues.base import Again, Dead, Delivery, Policy, QueueDownError, Work, handle_message

log = logger(__name__)
_KEY, _ATTEMPT, _DUE, _REASON = "id", "attempt", "due", "reason"
_OFFSET, _TAKEN = "offset", "taken"
_PARTITIONS = 8                                    # the maximum number of parallel workers with Kafka
_AFTER_FAULT_S = 1.0
_QUIET_S = 2.0                                     # a queue without messages for this time is empty
_SESSION_MS = 6000                                 # Kafka's default minimum (group.min.session.timeout.ms)
Message = KafkaMessage | RabbitMessage
Handler = Callable[[Message], Awaitable[None]]


class Link(Protocol):
    """The differences between brokers."""

    async def connect(self, names: tuple[str, ...]) -> None:
        """Connect, and make the queues that are missing."""
        ...

    async def close(self) -> None:
        """Wait for the current messages, and disconnect."""
        ...

    async def send(self, name: str, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Return when the broker has confirmed the message."""
        ...

    async def subscribe(self, name: str, handler: Handler) -> None:
        """Pass each message to the handler, one at a time; the handler acknowledges it."""
        ...

    def drain(self, name: str) -> AsyncIterator[Message]:
        """Take messages until there are none; the caller acknowledges each."""
        ...

    async def begin(self, message: Message) -> int:
        """Return how often a message was taken before without a result, and record that it is taken now."""
        ...


class BrokerQueue:
    """A named queue on a broker."""

    def __init__(self, link: Link, name: str, policy: Policy) -> None:
        self.link = link
        self.name = name
        self.policy = policy
        self._stopping = asyncio.Event()

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
        """Accept no more messages, wait for the current one, and disconnect."""
        self._stopping.set()
        await self.link.close()

    async def publish(self, key: str, body: bytes) -> None:
        """Return when the broker has confirmed the message; raises `QueueDownError`."""
        await self._send(self.name, key, body, {})

    async def consume(self, work: Work) -> None:
        """Start to take messages one at a time, and those whose pause has ended."""

        async def handle(message: Message) -> None:
            await self._guarded(message, lambda: self._work(work, message))

        async def rest(message: Message) -> None:
            await self._guarded(message, lambda: self._rest(message))

        await asyncio.gather(self.link.subscribe(self.name, handle), self.link.subscribe(f"{self.name}.retry", rest))

    async def replay(self) -> list[str]:
        """Requeue the dead letters, and return their ids."""
        keys: list[str] = []
        async for message in self.link.drain(f"{self.name}.dead"):
            keys.append(message.headers[_KEY])
            await self._send(self.name, keys[-1], _body(message), {})
            await message.ack()
        return keys

    async def _work(self, work: Work, message: Message) -> bool:
        attempt = int(message.headers.get(_ATTEMPT, "0")) + await self.link.begin(message) + 1
        delivery = Delivery(str(message.headers.get(_KEY, message.message_id)), _body(message), attempt)
        match await handle_message(work, delivery, self.policy):
            case Again(after_s, reason):
                headers = {_ATTEMPT: str(attempt), _DUE: str(time.time() + after_s), _REASON: reason}
                await self._send(f"{self.name}.retry", delivery.id, delivery.body, headers)
            case Dead(reason):
                headers = {_ATTEMPT: str(attempt), _REASON: reason}
                await self._send(f"{self.name}.dead", delivery.id, delivery.body, headers)
            case None:
                pass
        return True

    async def _rest(self, message: Message) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), max(0.0, float(message.headers[_DUE]) - time.time()))
            return False                           # it stays in the queue, for another worker
        key, attempt = str(message.headers[_KEY]), str(message.headers[_ATTEMPT])
        await self._send(self.name, key, _body(message), {_ATTEMPT: attempt})
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
                await self.link.send(name, key, body, {_KEY: key, **headers})
        except Exception as error:                 # after any error, the message is not confirmed
            raise QueueDownError(f"the queue's broker did not confirm the message: {_what(error)}") from None


class RabbitLink:
    """RabbitMQ: quorum queues, persistent messages, publisher confirms, and an error for unroutable messages."""

    def __init__(self, url: str, policy: Policy) -> None:
        confirmed = Channel(prefetch_count=1, publisher_confirms=True, on_return_raises=True)
        self._broker = RabbitBroker(
            url, default_channel=confirmed, reconnect_interval=1, graceful_timeout=None, apply_types=False,
            logger=logging.getLogger(__name__), log_level=logging.DEBUG, timeout=policy.confirm_s,
        )  # fmt: skip

    async def connect(self, names: tuple[str, ...]) -> None:
        """Connect, and declare the queues."""
        await self._broker.start()
        for name in names:
            await self._broker.declare_queue(_quorum(name))

    async def close(self) -> None:
        """Wait for the current message, and disconnect."""
        await self._broker.stop()

    async def send(self, name: str, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Publish through the default exchange, and wait for the confirm."""
        await self._broker.publish(
            body, queue=name, headers=dict(headers), message_id=key, mandatory=True, persist=True,
            content_type="application/octet-stream",
        )  # fmt: skip

    async def subscribe(self, name: str, handler: Handler) -> None:
        """Consume on a separate channel, one message at a time."""
        subscriber = self._broker.subscriber(
            _quorum(name), channel=Channel(prefetch_count=1), ack_policy=AckPolicy.MANUAL, decoder=_whole
        )
        subscriber(handler)
        await subscriber.start()

    async def drain(self, name: str) -> AsyncIterator[Message]:
        """Take messages until there are none."""
        subscriber = self._broker.subscriber(_quorum(name), ack_policy=AckPolicy.MANUAL, decoder=_whole)
        await subscriber.start()
        while (message := await subscriber.get_one(timeout=_QUIET_S, no_ack=False)) is not None:
            yield message

    async def begin(self, message: Message) -> int:
        """Return the delivery count of the quorum queue."""
        return int(message.headers.get("x-delivery-count", 0))


class KafkaLink:
    """Kafka: `acks=all`, and offsets are committed only after a message is handled."""

    def __init__(self, url: str) -> None:
        self.servers = url.removeprefix("kafka://").rstrip("/")
        self._broker = KafkaBroker(
            self.servers, acks="all", graceful_timeout=None,
            apply_types=False, logger=logging.getLogger(__name__), log_level=logging.DEBUG,
        )  # fmt: skip
        self._last: dict[tuple[str, int], int] = {}

    async def connect(self, names: tuple[str, ...]) -> None:
        """Connect, and make the topics that are missing."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        try:
            await admin.start()
            there = set(await admin.list_topics())
            hand = f"{names[0]}.hand"              # only the last record of each partition is used
            if hand not in there:
                await admin.create_topics([NewTopic(hand, _PARTITIONS, 1, topic_configs={"cleanup.policy": "compact"})])
            await admin.create_topics([NewTopic(n, _PARTITIONS, 1) for n in names if n not in there])
        finally:
            await admin.close()
        await self._broker.start()

    async def close(self) -> None:
        """Wait for the current message, and disconnect."""
        await self._broker.stop()

    async def send(self, name: str, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Produce, and wait until all in-sync replicas have the message."""
        await self._broker.publish(body, topic=name, key=key.encode(), headers=dict(headers))

    async def subscribe(self, name: str, handler: Handler) -> None:
        """Consume as a member of a group; each partition has one reader."""
        subscriber = self._broker.subscriber(
            name, group_id=name, auto_offset_reset="earliest", ack_policy=AckPolicy.MANUAL, decoder=_whole,
            session_timeout_ms=_SESSION_MS, heartbeat_interval_ms=_SESSION_MS // 3,
        )  # fmt: skip
        subscriber(handler)
        await subscriber.start()

    async def drain(self, name: str) -> AsyncIterator[Message]:
        """Take messages until there are none."""
        subscriber = self._broker.subscriber(
            name, group_id=name, auto_offset_reset="earliest", ack_policy=AckPolicy.MANUAL, decoder=_whole,
            session_timeout_ms=_SESSION_MS, heartbeat_interval_ms=_SESSION_MS // 3,
        )  # fmt: skip
        await subscriber.start()
        while (message := await subscriber.get_one(timeout=_QUIET_S)) is not None:
            yield message

    async def begin(self, message: Message) -> int:
        """Look up whether the first message of a partition was taken before, and record that it is taken."""
        record = message.raw_message
        assert isinstance(record, ConsumerRecord)
        hand, partition = f"{record.topic}.hand", record.partition
        follows = self._last.get((record.topic, partition)) == record.offset - 1
        taken = 0 if follows else await self._taken(TopicPartition(hand, partition), record.offset)
        note = {_OFFSET: str(record.offset), _TAKEN: str(taken + 1)}
        await self._broker.publish(b"", topic=hand, partition=partition, key=str(partition).encode(), headers=note)
        self._last[record.topic, partition] = record.offset
        return taken

    async def _taken(self, hand: TopicPartition, offset: int) -> int:
        """Return how often a message was taken, from the last record of its partition."""
        async with AIOKafkaConsumer(bootstrap_servers=self.servers) as reader:
            reader.assign([hand])
            end = (await reader.end_offsets([hand]))[hand]
            if end == 0:
                return 0
            reader.seek(hand, end - 1)
            note = {key: value.decode() for key, value in (await reader.getone()).headers}
        return int(note[_TAKEN]) if note[_OFFSET] == str(offset) else 0


def _quorum(name: str) -> RabbitQueue:
    return RabbitQueue(name, queue_type=QueueType.QUORUM)


async def _whole(message: Message) -> Message:
    """Pass the complete message to its handler, which acknowledges it."""
    return message


def _body(message: Message) -> bytes:
    return bytes(message.body)


def _what(error: BaseException) -> str:
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
