"""The work of a predicting worker: read a message, predict, store the answer once."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from kit.inputs import Records, UnfitInputError, answer
from kit.logs import logger
from kit.models import Model, ModelOutputError
from kit.queues.base import Delivery, HopelessError, InHandError, Policy, Work
from kit.results import Results

log = logger(__name__)
_FIRST_S = 1.0                                     # a shorter prediction is not recorded as in hand
R = TypeVar("R", bound=Records)


def digest_of(body: bytes) -> str:
    """Return the SHA-256 of a message."""
    return sha256(body).hexdigest()


@asynccontextmanager
async def holding(results: Results, key: str, policy: Policy) -> AsyncIterator[None]:
    """Record in the store that this process has an id in hand, and renew that until the end of the block.

    The record ends with the limit of the handler, after which another worker may try. Its time is that of the workers'
    clocks: they must agree within a fraction of `lease_s`.
    """
    holder, end, recorded = uuid.uuid4().hex, time.monotonic() + policy.limit_s, False
    ended = asyncio.Event()

    async def renew() -> None:
        nonlocal recorded
        pause_s = min(_FIRST_S, policy.lease_s / 3)
        while (left_s := end - time.monotonic()) > pause_s:
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), pause_s)
                return
            try:
                recorded = True
                await asyncio.to_thread(results.hold, key, holder, min(policy.lease_s, left_s))
            except SQLAlchemyError as error:       # the work goes on; the next renewal may succeed
                log.warning("a message in hand could not be recorded", message=key, reason=type(error).__name__)
            pause_s = policy.lease_s / 3

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        ended.set()
        await asyncio.wait({task})                 # a renewal in progress must not come after the release
        if recorded:
            await asyncio.to_thread(results.release, key, holder)


async def _nothing(_key: str, _body: bytes) -> None:
    pass


def predicting(
    model: Model, results: Results, registry: CollectorRegistry, kind: type[R],
    settled: Callable[[str, bytes], Awaitable[None]] = _nothing, policy: Policy | None = None,
) -> Work:  # fmt: skip
    """Return work that stores the model's answer to each message of a type; `settled` is called for each id.

    It is called again when a message is redelivered, because the first call may not have finished. A message that
    another worker has in hand raises `InHandError`: it waits, and then finds the result.
    """
    policy = policy or Policy()
    outcomes = Counter("messages_total", "Messages by outcome.", ("outcome",), registry=registry)

    def predict(delivery: Delivery) -> bool:
        """Return whether the id belongs to this request: two concurrent requests with one key have the same id."""
        digest = digest_of(delivery.body)
        left_s = results.held_s(delivery.id)       # before the result: a worker stores its result, and then releases
        known = results.get(delivery.id)
        if known is not None and (known.status == "done" or known.digest != digest):
            outcomes.labels("repeated").inc()
            return known.digest == digest
        if left_s > 0:
            outcomes.labels("in_hand").inc()
            raise InHandError(left_s)
        try:
            records = kind.model_validate_json(delivery.body)
            said = answer(model, records).model_dump_json()
        except ValidationError as error:
            raise HopelessError(f"the message is not valid: {error.error_count()} errors") from None
        except (UnfitInputError, ModelOutputError) as error:
            raise HopelessError(str(error)) from None
        stored = results.done(delivery.id, digest, said)
        outcomes.labels("stored" if stored else "repeated").inc()
        return True

    async def handle(delivery: Delivery) -> None:
        async with holding(results, delivery.id, policy):
            own = await asyncio.to_thread(predict, delivery)
        if own:
            await settled(delivery.id, delivery.body)

    async def bury(delivery: Delivery, reason: str) -> None:
        if await asyncio.to_thread(results.dead, delivery.id, digest_of(delivery.body), reason):
            outcomes.labels("dead").inc()
            await settled(delivery.id, delivery.body)

    return Work(handle, bury)
