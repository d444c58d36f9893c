"""A cache in front of slow work: one computation for each key at a time; if the cache fails, requests do not.

A value is sealed with its key and its time, so that a damaged or misplaced one is computed again. While the store is
down, requests bypass it, and one request every `retry_s` tries it again: a store that hangs delays one request, not all
of them. Why each key is computed once: https://aws.amazon.com/builders-library/caching-challenges-and-strategies/
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Annotated, Generic, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from redis.asyncio.connection import parse_url

from kit.cache_stores import MemoryStore, RedisStore, Store, StoreDownError
from kit.logs import logger
from kit.models import Floats
from kit.settings import Settings

T = TypeVar("T")
R = TypeVar("R")
Outcome = Literal["hit", "miss", "shared", "stale", "bypass"]
_PAUSE_S = 0.02
_SEAL_BYTES = 16
log = logger(__name__)


class SourceDownError(Exception):
    """Raised by a computation if its source cannot be reached; then a stale value is better than none.

    For `cache_retry_s` afterwards, the stale value is returned without another attempt.
    """


def _redis_url(url: str) -> str:
    if url:
        parse_url(url)
    return url


class CacheSettings(Settings):
    """`cache_url` is empty for this process's memory, otherwise `redis://…`.

    A value is fresh for `cache_ttl_s`, and returned for another `cache_stale_s` while its source is down. A process
    that computes a value holds its key for up to `cache_lease_s`; the others wait up to `cache_wait_s`.
    """

    cache_url: Annotated[str, AfterValidator(_redis_url)] = ""
    cache_ttl_s: float = Field(60, gt=0)
    cache_stale_s: float = Field(0, ge=0)
    cache_bytes: int = Field(64_000_000, gt=0, description="memory cache only; Redis has its own limit")
    cache_timeout_s: float = Field(0.2, gt=0)
    cache_retry_s: float = Field(1, gt=0)
    cache_lease_s: float = Field(5, gt=0)
    cache_wait_s: float = Field(2, ge=0)


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A value, its origin, and its age in seconds.

    `shared`: another request computed it while this one waited. `stale`: too old, but its source is down. `bypass`:
    computed because the cache is down.
    """

    value: T
    outcome: Outcome
    age_s: float


class CacheMetrics:
    """The metrics of a cache, in the registry of a service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lookups = Counter("cache_lookups_total", "Lookups by outcome.", ("outcome",), registry=registry)
        self.errors = Counter("cache_errors_total", "Failures of the cache.", ("kind",), registry=registry)
        self.up = Gauge("cache_up", "Whether the cache answers.", registry=registry)
        self.up.set(1)


def open_cache(settings: CacheSettings, kind: type[T], registry: CollectorRegistry) -> Cache[T]:
    """Return a cache for values of a type that pydantic can write as JSON, in the configured store."""
    url = settings.cache_url
    store: Store = RedisStore(url, settings.cache_timeout_s) if url else MemoryStore(settings.cache_bytes)
    return Cache(store, TypeAdapter(kind), settings, CacheMetrics(registry))


def input_key(model: str, version: str, inputs: Floats) -> str:
    """Return the exact key of an input: equal numbers have the same key, each version has its own keys.

    >>> import numpy as np
    >>> one, other = np.array([[1.0, -0.0]]), np.array([[1.0], [0.0]])
    >>> input_key("m", "1", one) == input_key("m", "1", one + 0), input_key("m", "1", one) == input_key("m", "1", other)
    (True, False)
    """
    exact = (inputs + 0.0).astype("<f8", order="C")        # -0.0 becomes 0.0, which is equal
    return f"{model}:{version}:{sha256(str(inputs.shape).encode() + exact.tobytes()).hexdigest()}"


class Cache(Generic[T]):
    """Values by key in a store, for one event loop."""

    def __init__(self, store: Store, kind: TypeAdapter[T], times: CacheSettings, metrics: CacheMetrics) -> None:
        self.metrics = metrics
        self._store = store
        self._kind = kind
        self._times = times
        self._flights: dict[str, asyncio.Task[Found[T]]] = {}
        self._up = True
        self._sound = True
        self._ask_again_at = 0.0
        self._source_down_until = 0.0

    async def get(self, key: str, compute: Callable[[], Awaitable[T]]) -> Found[T]:
        """Return the value of a key; if there is none, compute it once for all concurrent callers.

        Raises the errors of `compute`; `SourceDownError` only if there is no stale value to return.
        """
        flight = self._flights.get(key)
        joined = flight is not None
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._fly(key, compute))
            flight.add_done_callback(partial(self._landed, key))
        found = await asyncio.shield(flight)       # a caller that disconnects does not cancel it for others
        if joined and found.outcome in ("miss", "bypass"):
            found = replace(found, outcome="shared")
        self.metrics.lookups.labels(found.outcome).inc()
        return found

    async def drop(self, key: str) -> bool:
        """Remove a key, also for a computation in progress; False if the store cannot be reached."""
        self._flights.pop(key, None)

        async def drop() -> bool:
            await self._store.drop(key)
            return True

        return await self._ask(drop, False)

    async def close(self) -> None:
        """Close the connections of the store."""
        await self._store.close()

    def _landed(self, key: str, flight: asyncio.Task[Found[T]]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()                     # mark it as retrieved, even if nobody waits

    async def _fly(self, key: str, compute: Callable[[], Awaitable[T]]) -> Found[T]:
        old = await self._read(key)
        if old is not None and self._fresh(old):
            return old
        token, end = uuid.uuid4().hex, time.monotonic() + self._times.cache_wait_s
        waited = False
        while not await self._ask(lambda: self._store.claim(key, token, self._times.cache_lease_s), True):
            if waited and time.monotonic() > end:  # the holder of the claim is slow or dead
                return await self._compute(key, token, compute, old)
            await asyncio.sleep(_PAUSE_S)
            waited = True
            new = await self._read(key)
            if new is not None and self._fresh(new):
                return replace(new, outcome="shared")
        new = await self._read(key)                # another process may have stored it since the lookup
        if new is not None and self._fresh(new):
            await self._give_back(key, token)
            return new
        return await self._compute(key, token, compute, old)

    async def _compute(
        self, key: str, token: str, compute: Callable[[], Awaitable[T]], old: Found[T] | None
    ) -> Found[T]:
        usable = old is not None and old.age_s <= self._times.cache_ttl_s + self._times.cache_stale_s
        if old is not None and usable and time.monotonic() < self._source_down_until:
            await self._give_back(key, token)
            return replace(old, outcome="stale")   # a source that hangs delays one request, not all
        try:
            value = await compute()
        except SourceDownError:
            self._source_down_until = time.monotonic() + self._times.cache_retry_s
            await self._give_back(key, token)
            if old is None or not usable:
                raise
            return replace(old, outcome="stale")
        except BaseException:
            await self._give_back(key, token)
            raise
        data = seal(key, self._kind.dump_json(value), time.time())
        keep_s = self._times.cache_ttl_s + self._times.cache_stale_s
        await self._ask(lambda: self._store.fulfil(key, token, data, keep_s), None)
        return Found(value, "miss" if self._up else "bypass", 0.0)

    async def _give_back(self, key: str, token: str) -> None:
        await self._ask(lambda: self._store.abandon(key, token), None)

    def _fresh(self, found: Found[T]) -> bool:
        return found.age_s <= self._times.cache_ttl_s

    async def _read(self, key: str) -> Found[T] | None:
        data = await self._ask(lambda: self._store.get(key), None)
        if data is None:
            return None
        try:
            payload, made = unseal(key, data)
            value = self._kind.validate_json(payload)
        except (ValueError, ValidationError) as error:
            self.metrics.errors.labels("damaged").inc()
            if self._sound:
                self._sound = False
                log.warning("the cache contains a damaged value; it is computed again", reason=str(error))
            return None
        self._sound = True
        return Found(value, "hit", max(0.0, time.time() - made))

    async def _ask(self, question: Callable[[], Awaitable[R]], otherwise: R) -> R:
        """Call the store; while it is down, one call every `retry_s` tests whether it is back."""
        if not self._up:
            if time.monotonic() < self._ask_again_at:
                return otherwise
            self._ask_again_at = time.monotonic() + self._times.cache_retry_s
        try:
            result = await question()
        except StoreDownError as error:
            self.metrics.errors.labels("unreachable").inc()
            if self._up:
                self._ask_again_at = time.monotonic() + self._times.cache_retry_s
                self._tell(False, "the cache is down; every value is computed", str(error))
            return otherwise
        if not self._up:
            self._tell(True, "the cache is back", "")
        return result

    def _tell(self, up: bool, event: str, reason: str) -> None:
        self._up = up
        self.metrics.up.set(up)
        log.warning(event, reason=reason)


def seal(key: str, payload: bytes, made: float) -> bytes:
    """Return a value in its stored form, with its time in seconds since 1970."""
    body = f"{made:.3f} ".encode() + payload
    return sha256(key.encode() + b"\0" + body).digest()[:_SEAL_BYTES] + body


def unseal(key: str, data: bytes) -> tuple[bytes, float]:
    """Return value and time; raises `ValueError` if the bytes were not sealed with this key.

    >>> unseal("k", seal("k", b"[1]", 2.5))
    (b'[1]', 2.5)
    """
    body = data[_SEAL_BYTES:]
    if data[:_SEAL_BYTES] != sha256(key.encode() + b"\0" + body).digest()[:_SEAL_BYTES]:
        raise ValueError("its checksum is wrong")
    made, _, payload = body.partition(b" ")
    return payload, float(made)
