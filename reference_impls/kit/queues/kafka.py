"""Kafka: `acks=all`, and the offset of a message is committed after its handler has returned.

Kafka does not count deliveries: a reader records on the topic `NAME.hand` which message it has taken, and the next
reader of the partition finds there how often that message was taken before.

A group moves partitions when workers come and go. A worker gives up a partition after the message in hand is committed:
until then, the others wait. `max_poll_interval` and the time that a group waits for its members fit the limit of the
handlers. All this is tested with Tansu, a broker with Kafka's protocol, and not with Apache Kafka.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import ConsumerStoppedError

from kit.logs import logger
from kit.queues.base import Policy
from kit.queues.brokers import Handler, Message, Subscription

log = logger(__name__)
_OFFSET, _TAKEN = "offset", "taken"
_PARTITIONS = 8                                    # the maximum number of parallel workers with Kafka
_QUIET_S = 2.0                                     # a topic without messages for this time is empty
_SESSION_MS = 6000                                 # Kafka's default minimum (group.min.session.timeout.ms)
_AFTER_ERROR_S = 1.0
MARGIN_S = 30.0


class KafkaMessage:
    """A record that a consumer of a group has taken."""

    def __init__(self, link: KafkaLink, consumer: AIOKafkaConsumer, record: ConsumerRecord) -> None:
        self._link = link
        self._consumer = consumer
        self._record = record
        self._partition = TopicPartition(record.topic, record.partition)
        self.headers: Mapping[str, str] = {key: value.decode() for key, value in record.headers}

    @property
    def key(self) -> str:
        """Return the id of the message."""
        return self.headers.get("id") or bytes(self._record.key or b"").decode()

    @property
    def body(self) -> bytes:
        """Return the content."""
        return bytes(self._record.value or b"")

    async def taken_before(self) -> int:
        """Look up whether the first message of a partition was taken before, and record that it is taken."""
        return await self._link.take(self._record)

    async def ack(self) -> None:
        """Commit the offset after this message."""
        await self._consumer.commit({self._partition: self._record.offset + 1})

    async def nack(self) -> None:
        """Read this message again."""
        self._consumer.seek(self._partition, self._record.offset)


class KafkaSubscription:
    """A member of a consumer group, with one message at a time."""

    def __init__(self, link: KafkaLink, consumer: AIOKafkaConsumer, handler: Handler) -> None:
        self._link = link
        self._consumer = consumer
        self._handler = handler
        self._stopping = asyncio.Event()
        self._owner = asyncio.Event()              # unset while the group moves partitions
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    async def start(self, name: str) -> None:
        """Join the group, and take messages in the background."""
        self._consumer.subscribe([name], listener=self)
        await self._consumer.start()
        self._task = asyncio.create_task(self._run())

    async def pause(self) -> None:
        """Do nothing: the next message is taken after the handler has returned."""

    async def resume(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Take no more messages, wait for the handler, and leave the group."""
        self._stopping.set()
        if self._task is not None:
            await self._task
        await self._consumer.stop()

    async def on_partitions_revoked(self, _revoked: Iterable[TopicPartition]) -> None:
        """Let the group wait until the message in hand is committed."""
        self._owner.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), self._link.longest_s)

    async def on_partitions_assigned(self, _assigned: Iterable[TopicPartition]) -> None:
        """Take messages again."""
        self._owner.set()

    async def _run(self) -> None:
        stopped = asyncio.create_task(self._stopping.wait())
        while not stopped.done():
            taking = asyncio.create_task(self._take())
            await asyncio.wait({taking, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not self._idle.is_set() or taking.done():
                await taking
                continue
            taking.cancel()
            await asyncio.wait({taking})

    async def _take(self) -> None:
        try:
            await self._owner.wait()
            record = await self._consumer.getone()
            if self._stopping.is_set():
                return
            if not self._owner.is_set():           # the partition may belong to another member soon
                self._consumer.seek(TopicPartition(record.topic, record.partition), record.offset)
                return
        except ConsumerStoppedError:
            self._stopping.set()
            return
        except Exception as error:                 # such as a broker that restarts
            log.warning("no message can be read", reason=f"{type(error).__name__}: {error}".partition("\n")[0])
            await asyncio.sleep(_AFTER_ERROR_S)
            return
        self._idle.clear()
        try:
            await self._handler(KafkaMessage(self._link, self._consumer, record))
        finally:
            self._idle.set()


ConsumerRebalanceListener.register(KafkaSubscription)


class KafkaLink:
    """A connection to a Kafka cluster."""

    def __init__(self, servers: str, policy: Policy) -> None:
        self.servers = servers
        self.longest_s = max(policy.limit_s, policy.longest_pause_s) + MARGIN_S
        self._producer: AIOKafkaProducer | None = None
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
        self._producer = AIOKafkaProducer(bootstrap_servers=self.servers, acks="all")
        await self._producer.start()

    async def close(self) -> None:
        """Disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, name: str, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Produce, and wait until all in-sync replicas have the message."""
        await self._send(name, key.encode(), body, headers)

    async def subscribe(self, name: str, handler: Handler) -> Subscription:
        """Consume as a member of a group; each partition has one reader."""
        subscription = KafkaSubscription(self, self._member(name), handler)
        await subscription.start(name)
        return subscription

    async def drain(self, name: str) -> AsyncIterator[Message]:
        """Take messages until there are none."""
        consumer = self._member(name)
        consumer.subscribe([name])
        async with consumer:
            while found := await consumer.getmany(timeout_ms=round(_QUIET_S * 1000), max_records=1):
                for record in next(iter(found.values())):
                    yield KafkaMessage(self, consumer, record)

    async def take(self, record: ConsumerRecord) -> int:
        """Return how often a record was taken before, and record that it is taken now."""
        hand, partition = f"{record.topic}.hand", record.partition
        follows = self._last.get((record.topic, partition)) == record.offset - 1
        taken = 0 if follows else await self._taken(TopicPartition(hand, partition), record.offset)
        note = {_OFFSET: str(record.offset), _TAKEN: str(taken + 1)}
        await self._send(hand, str(partition).encode(), b"", note, partition)
        self._last[record.topic, partition] = record.offset
        return taken

    async def _send(
        self, topic: str, key: bytes, body: bytes, headers: Mapping[str, str], partition: int | None = None
    ) -> None:
        if self._producer is None:
            raise ConnectionError("not connected")
        pairs = [(name, value.encode()) for name, value in headers.items()]
        await self._producer.send_and_wait(topic, body, key=key, partition=partition, headers=pairs)

    def _member(self, name: str) -> AIOKafkaConsumer:
        longest_ms = round(self.longest_s * 1000)
        return AIOKafkaConsumer(
            bootstrap_servers=self.servers, group_id=name, auto_offset_reset="earliest", enable_auto_commit=False,
            session_timeout_ms=_SESSION_MS, heartbeat_interval_ms=_SESSION_MS // 3, max_poll_interval_ms=longest_ms,
            rebalance_timeout_ms=longest_ms,
        )  # fmt: skip

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
