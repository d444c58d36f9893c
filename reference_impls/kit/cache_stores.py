"""Where cached values lie: in the memory of a process, or in Redis, which several processes share.

Both hand out leases: who is to compute a value claims its key, and only the holder of the claim may store it. Dropping
a key ends its claim, so a value that was computed before the drop does not come back after it.
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
    """A store that did not answer, or not in time."""


class Store(Protocol):
    """What a cache asks of its store; each method raises `StoreDownError` where it is not answered in time."""

    async def get(self, key: str) -> bytes | None:
        """Return what lies under a key, damaged or not."""
        ...

    async def claim(self, key: str, token: str, lease_s: float) -> bool:
        """Take the right to compute a key's value; False where another has it."""
        ...

    async def fulfil(self, key: str, token: str, value: bytes, keep_s: float) -> None:
        """Store a value and end its claim; does nothing where the claim is no longer that of the token."""
        ...

    async def abandon(self, key: str, token: str) -> None:
        """Give a claim back without a value."""
        ...

    async def drop(self, key: str) -> None:
        """Forget a key, and whoever computes it."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    keep_s: float


class MemoryStore:
    """Values in this process, up to so many bytes; the least recently used go first. For one event loop."""

    def __init__(self, most_bytes: int) -> None:
        self._claims: dict[str, str] = {}
        self._entries: TLRUCache[str, _Entry] = TLRUCache(
            most_bytes, lambda _key, entry, now: now + entry.keep_s, getsizeof=lambda entry: len(entry.value)
        )

    async def get(self, key: str) -> bytes | None:
        """Return what lies under a key."""
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    async def claim(self, key: str, token: str, lease_s: float) -> bool:
        """Take the claim, from whoever has it: a cache has one flight a key, so there is no other to wait for."""
        del lease_s
        self._claims[key] = token
        return True

    async def fulfil(self, key: str, token: str, value: bytes, keep_s: float) -> None:
        """Store a value; one that is larger than the whole store is not kept."""
        if self._claims.get(key) == token:
            del self._claims[key]
            if len(value) <= self._entries.maxsize:
                self._entries[key] = _Entry(value, keep_s)

    async def abandon(self, key: str, token: str) -> None:
        """Give a claim back."""
        if self._claims.get(key) == token:
            del self._claims[key]

    async def drop(self, key: str) -> None:
        """Forget a key."""
        self._claims.pop(key, None)
        self._entries.pop(key, None)

    async def close(self) -> None:
        """Nothing is open."""


class RedisStore:
    """Values in Redis; an answer that takes longer than `timeout_s` counts as none. Nothing is tried twice."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._redis = Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
        )

    async def get(self, key: str) -> bytes | None:
        """Return what lies under a key; a key of another type is returned as a damaged value."""
        try:
            value = await self._asked(self._redis.get(_value(key)))
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                return b""
            raise StoreDownError(str(error)) from None
        return value.encode() if isinstance(value, str) else value

    async def claim(self, key: str, token: str, lease_s: float) -> bool:
        """Take the claim for so long, where no other process has it."""
        taken = await self._done(self._redis.set(_claim(key), token, nx=True, px=_ms(lease_s)))
        return bool(taken)

    async def fulfil(self, key: str, token: str, value: bytes, keep_s: float) -> None:
        """Store a value and end its claim, in one step."""
        await self._done(self._script(_FULFIL, [_value(key), _claim(key)], [token, value, _ms(keep_s)]))

    async def abandon(self, key: str, token: str) -> None:
        """Give a claim back."""
        await self._done(self._script(_ABANDON, [_claim(key)], [token]))

    async def drop(self, key: str) -> None:
        """Forget a key."""
        await self._done(self._redis.delete(_value(key), _claim(key)))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _script(self, script: str, keys: list[str], words: list[str | bytes | int]) -> None:
        await self._redis.register_script(script)(keys, words)

    async def _done(self, question: Awaitable[T]) -> T:
        try:
            return await self._asked(question)
        except ResponseError as error:             # out of memory, read only, no permission: as good as gone
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
