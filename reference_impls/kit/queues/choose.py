"""Chooses the queue of a service from its settings."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field

from kit.queues.base import Policy, Queue, QueueDownError
from kit.queues.brokers import BrokerQueue
from kit.queues.embedded import EmbeddedQueue
from kit.settings import Settings, refuse

_KNOWN = "sqlite:///file, amqp://host or kafka://host:port"


class QueueSettings(Settings):
    """`queue_url` is empty for a file in `data_dir`; the others are those of `Policy`.

    The maximum is 15 attempts: RabbitMQ 4 itself stops after 20.
    """

    queue_url: str = ""
    attempts: int = Field(default=5, ge=1, le=15)
    pause_s: float = Field(default=0.5, gt=0, le=60)
    longest_pause_s: float = Field(default=60, gt=0, le=120)
    confirm_s: float = Field(default=5, gt=0, le=60)
    lease_s: float = Field(default=30, gt=0)
    limit_s: float = Field(default=60, gt=0, le=86_400, description="how long a worker may take for one message")

    @property
    def policy(self) -> Policy:
        """The policy from these settings."""
        return Policy(self.attempts, self.pause_s, self.longest_pause_s, self.confirm_s, self.lease_s, self.limit_s)

    def without_lame_duck(self) -> Self:
        """Return these settings for a worker: no balancer sends it requests."""
        return self.model_copy(update={"lame_duck_s": 0})

    @property
    def finish_s(self) -> float:
        """How long a process may take to stop: a worker finishes the message in hand."""
        return max(self.drain_s, self.limit_s)


def open_queue(settings: QueueSettings, name: str) -> Queue:
    """Return a named queue, not yet connected; for an unknown URL scheme, exit with the known ones.

    Only the library of the chosen broker is imported.
    """
    url = settings.queue_url or f"sqlite:///{settings.data_dir / 'queue.db'}"
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return EmbeddedQueue(Path(url.removeprefix("sqlite:///")), name, settings.policy)
    if scheme in ("amqp", "amqps"):
        from kit.queues.rabbit import RabbitLink

        return BrokerQueue(RabbitLink(url, settings.policy), name, settings.policy)
    if scheme == "kafka":
        from kit.queues.kafka import KafkaLink

        return BrokerQueue(KafkaLink(_servers(url), settings.policy), name, settings.policy)
    return refuse(f"SERVE_QUEUE_URL: unknown scheme {scheme!r}; use {_KNOWN}")


def _servers(url: str) -> str:
    """Return the hosts of a Kafka URL; a password in it would appear in errors of the client."""
    servers = url.removeprefix("kafka://").rstrip("/")
    if "@" in servers:
        refuse("SERVE_QUEUE_URL: a kafka:// URL has no user or password; use kafka://host:port,host:port")
    return servers


def require(settings: QueueSettings, name: str) -> None:
    """Exit with the reason if a queue cannot be reached."""

    async def reach() -> None:
        async with open_queue(settings, name):
            pass

    logging.disable()                              # otherwise messages of libraries come first
    try:
        asyncio.run(reach())
    except QueueDownError as error:
        refuse(str(error))
    finally:
        logging.disable(logging.NOTSET)
