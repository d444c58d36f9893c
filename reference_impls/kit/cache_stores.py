"""Stores of cached values: the memory of one process, or Redis, which several processes share.

Both use leases: a process that computes a value claims its key, and only the holder of the claim may store it. Dropping
a key ends its claim, so a value that was computed before the drop is not stored after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from cachetools import TLRUCache
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

T = TypeVar("T")
_FULFIL = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
"""
_ABANDON = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class StoreDownError(Exception):
    """A store that did not answer in time."""


class Store(Protocol):
    """The interface of a store; each method raises `StoreDownError` if the store does not answer in time."""

    async def get(self, key: str) -> bytes | None:
        """Return the value of a key, damaged or not."""
        ...

    async def claim(self, key: str, token: str, lease_s: float) -> bool:
        """Claim the computation of a key's value; False if another process has the claim."""
        ...

    async def fulfil(self, key: str, token: str, value: bytes, keep_s: float) -> None:
        """Store a value and end its claim; does nothing if the token no longer has the claim."""
        ...

    async def abandon(self, key: str, token: str) -> None:
        """Release a claim without a value."""
        ...

    async def drop(self, key: str) -> None:
        """Remove a key and its claim."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    keep_s: float


class MemoryStore:
    """Values in this process, up to a number of bytes; the least recently used go first. For one event loop."""

    def __init__(self, most_bytes: int) -> None:
        self._claims: dict[str, str] = {}
        self._entries: TLRUCache[str, _Entry] = TLRUCache(
            most_bytes, lambda _key, entry, now: now + entry.keep_s, getsizeof=lambda entry: len(entry.value)
        )

    async def get(self, key: str) -> bytes | None:
        """Return the value of a key."""
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    async def claim(self, key: str, token: str, lease_s: float) -> bool:
        """Take the claim, also from another holder: the cache computes each key once, so nobody else waits."""
        del lease_s
        self._claims[key] = token
        return True

    async def fulfil(self, key: str, token: str, value: bytes, keep_s: float) -> None:
        """Store a value, unless it is larger than the whole store."""
        if self._claims.get(key) == token:
            del self._claims[key]
            if len(value) <= self._entries.maxsize:
                self._entries[key] = _Entry(value, keep_s)

    async def abandon(self, key: str, token: str) -> None:
        """Release a claim."""
        if self._claims.get(key) == token:
            del self._claims[key]

    async def drop(self, key: str) -> None:
        """Remove a key."""
        self._claims.pop(key, None)
        self._entries.pop(key, None)

    async def close(self) -> None:
        """Do nothing: there are no connections."""


class RedisStore:
    """Values in Redis; an answer that takes longer than `timeout_s` is a failure. There are no retries."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._redis = Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
        )

    async def get(self, key: str) -> bytes | None:
        """Return the value of a key; a key of another type is a damaged value."""
        try:
            value = await self._asked(self._redis.get(_value(key)))
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                return b""
            raise StoreDownError(str(error)) from None
        return value.encode() if isinstance(value, str) else value

    async def claim(self, key: str, token: str, lease_s: float) -> bool:
        """Take the claim for a time, unless another process has it."""
        taken = await self._done(self._redis.set(_claim(key), token, nx=True, px=_ms(lease_s)))
        return bool(taken)

    async def fulfil(self, key: str, token: str, value: bytes, keep_s: float) -> None:
        """Store a value and end its claim, in one step."""
        await self._done(self._script(_FULFIL, [_value(key), _claim(key)], [token, value, _ms(keep_s)]))

    async def abandon(self, key: str, token: str) -> None:
        """Release a claim."""
        await self._done(self._script(_ABANDON, [_claim(key)], [token]))

    async def drop(self, key: str) -> None:
        """Remove a key."""
        await self._done(self._redis.delete(_value(key), _claim(key)))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _script(self, script: str, keys: list[str], words: list[str | bytes | int]) -> None:
        await self._redis.register_script(script)(keys, words)

    async def _done(self, question: Awaitable[T]) -> T:
        try:
            return await self._asked(question)
        except ResponseError as error:             # out of memory, read only, no permission: treated as down
            raise StoreDownError(str(error)) from None

    async def _asked(self, question: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await question
        except ResponseError:
            raise
        except TimeoutError:
            raise StoreDownError(f"no answer within {self._timeout_s:g} s") from None
        except (RedisError, OSError) as error:
            raise StoreDownError(str(error)) from None


def _value(key: str) -> str:
    return f"{{{key}}}"                            # the braces keep both keys on one node of a Redis cluster


def _claim(key: str) -> str:
    return f"{{{key}}}:claim"


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
