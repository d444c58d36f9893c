"""The work of a predicting worker: read a message, predict, store the answer once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter
from pydantic import ValidationError

from kit.inputs import Records, UnfitInputError, answer
from kit.models import Model
from kit.queues.base import Delivery, HopelessError, Work
from kit.results import Results

R = TypeVar("R", bound=Records)


def digest_of(body: bytes) -> str:
    """Return the SHA-256 of a message."""
    return sha256(body).hexdigest()


async def _nothing(_key: str, _body: bytes) -> None:
    pass


def predicting(
    model: Model, results: Results, registry: CollectorRegistry, kind: type[R],
    settled: Callable[[str, bytes], Awaitable[None]] = _nothing,
) -> Work:  # fmt: skip
    """Return work that stores the model's answer to each message of a type; `settled` is called for each id.

    It is called again when a message is redelivered, because the first call may not have finished.
    """
    outcomes = Counter("messages_total", "Messages by outcome.", ("outcome",), registry=registry)

    def predict(delivery: Delivery) -> bool:
        """Return whether the id belongs to this request: two concurrent requests with one key have the same id."""
        digest = digest_of(delivery.body)
        known = results.get(delivery.id)
        if known is not None and (known.status == "done" or known.digest != digest):
            outcomes.labels("repeated").inc()
            return known.digest == digest
        try:
            records = kind.model_validate_json(delivery.body)
            said = answer(model, records).model_dump_json()
        except ValidationError as error:
            raise HopelessError(f"the message is not valid: {error.error_count()} errors") from None
        except UnfitInputError as error:
            raise HopelessError(str(error)) from None
        stored = results.done(delivery.id, digest, said)
        outcomes.labels("stored" if stored else "repeated").inc()
        return True

    async def handle(delivery: Delivery) -> None:
        if await asyncio.to_thread(predict, delivery):
            await settled(delivery.id, delivery.body)

    async def bury(delivery: Delivery, reason: str) -> None:
        if await asyncio.to_thread(results.dead, delivery.id, digest_of(delivery.body), reason):
            outcomes.labels("dead").inc()
            await settled(delivery.id, delivery.body)

    return Work(handle, bury)
