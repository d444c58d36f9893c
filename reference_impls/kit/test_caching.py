"""The cache over memory and over a real Redis, which is damaged, stopped and killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from structlog.testing import capture_logs

from kit.caching import Cache, CacheSettings, SourceDownError, open_cache
from kit.testing.servers import redis_server

Numbers = list[float]
PATIENT = 10.0


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("redis_url")) if request.param == "redis" else ""


def opened(
    url: str, *, timeout_s: float = PATIENT, ttl_s: float = 60, stale_s: float = 0, wait_s: float = 20,
    most_bytes: int = 1_000_000, retry_s: float = 0.05,
) -> Cache[Numbers]:  # fmt: skip
    settings = CacheSettings.model_validate({
        "cache_url": url, "cache_timeout_s": timeout_s, "cache_ttl_s": ttl_s, "cache_stale_s": stale_s,
        "cache_retry_s": retry_s, "cache_lease_s": 30, "cache_wait_s": wait_s, "cache_bytes": most_bytes,
    })  # fmt: skip
    return open_cache(settings, list[float], CollectorRegistry())


class Work:
    """Slow work that is counted, and ends when it is let go."""

    def __init__(self, value: float = 1.0) -> None:
        self.value = value
        self.runs = 0
        self.started = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> Numbers:
        self.runs += 1
        self.started.set()
        await self.go.wait()
        return [self.value]


def with_caches(url: str, scenario: Callable[[Cache[Numbers], Cache[Numbers]], Awaitable[None]]) -> None:
    async def run() -> None:
        one, other = opened(url), opened(url)      # as two processes would have them
        await scenario(one, other)
        await one.close()
        await other.close()

    asyncio.run(run())


def test_what_was_computed_is_found_again_and_what_was_dropped_is_not(url: str) -> None:
    async def scenario(cache: Cache[Numbers], _other: Cache[Numbers]) -> None:
        work = Work()
        outcomes = [(await cache.get("found-again", work)).outcome for _ in range(3)]
        assert outcomes == ["miss", "hit", "hit"] and work.runs == 1
        assert await cache.drop("found-again")
        assert (await cache.get("found-again", work)).outcome == "miss"

    with_caches(url, scenario)


def test_a_value_that_is_dropped_while_it_is_computed_does_not_come_back(url: str) -> None:
    async def scenario(cache: Cache[Numbers], _other: Cache[Numbers]) -> None:
        before, after = Work(1.0), Work(2.0)
        before.go.clear()
        asked = asyncio.create_task(cache.get("dropped", before))
        await before.started.wait()
        await cache.drop("dropped")
        before.go.set()
        assert (await asked).value == [1.0]
        assert (await cache.get("dropped", after)).value == [2.0]

    with_caches(url, scenario)


def test_work_that_fails_fails_for_all_who_wait_and_is_not_kept(url: str) -> None:
    async def scenario(cache: Cache[Numbers], _other: Cache[Numbers]) -> None:
        async def fails() -> Numbers:
            raise LookupError("no such record")

        answers = await asyncio.gather(*(cache.get("fails", fails) for _ in range(5)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [LookupError] * 5
        assert (await cache.get("fails", Work())).outcome == "miss"

    with_caches(url, scenario)


def test_a_caller_that_hangs_up_does_not_end_the_work_of_the_others(url: str) -> None:
    async def scenario(cache: Cache[Numbers], _other: Cache[Numbers]) -> None:
        work = Work()
        work.go.clear()
        first = asyncio.create_task(cache.get("hangs-up", work))
        second = asyncio.create_task(cache.get("hangs-up", work))
        await work.started.wait()
        first.cancel()
        work.go.set()
        assert (await second).value == [1.0] and work.runs == 1

    with_caches(url, scenario)


def test_two_processes_compute_a_value_once(redis_url: str) -> None:
    async def scenario(one: Cache[Numbers], other: Cache[Numbers]) -> None:
        work, never = Work(), Work(2.0)
        work.go.clear()
        first = asyncio.create_task(one.get("once", work))
        await work.started.wait()
        rest = [asyncio.create_task(cache.get("once", never)) for cache in (one, other) for _ in range(20)]
        await asyncio.sleep(0)
        work.go.set()
        assert (await first).outcome == "miss"
        found = await asyncio.gather(*rest)
        assert {f.outcome for f in found} <= {"shared", "hit"} and {tuple(f.value) for f in found} == {(1.0,)}
        assert (work.runs, never.runs) == (1, 0)

    with_caches(redis_url, scenario)


def test_a_process_that_died_with_the_claim_is_waited_for_only_so_long(redis_url: str) -> None:
    async def scenario() -> None:
        cache = opened(redis_url, wait_s=0.1)
        with redis.Redis.from_url(redis_url) as client:
            client.set("{dead}:claim", "a process that is gone")
        assert (await cache.get("dead", Work())).value == [1.0]
        await cache.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("damage", ["cut", "other-key", "list"])
def test_a_damaged_value_is_computed_again(damage: str, redis_url: str) -> None:
    async def scenario(cache: Cache[Numbers], _other: Cache[Numbers]) -> None:
        key = f"damaged-{damage}"
        await cache.get(key, Work())
        with redis.Redis.from_url(redis_url, decode_responses=False) as client:
            data = client.get(f"{{{key}}}")
            assert isinstance(data, bytes)
            if damage == "cut":
                client.set(f"{{{key}}}", data[:-1])
            elif damage == "other-key":
                key += "-other"
                client.set(f"{{{key}}}", data)
            else:
                client.delete(f"{{{key}}}")
                client.rpush(f"{{{key}}}", "a", "b")
        found = await cache.get(key, Work(2.0))
        assert (found.value, found.outcome) == ([2.0], "miss")
        assert cache.metrics.errors.labels("damaged")._value.get() >= 1
        assert (await cache.get(key, Work(3.0))).value == [2.0]

    with_caches(redis_url, scenario)


@contextmanager
def frozen(url: str) -> Iterator[None]:
    """Stop a Redis as it stands: it accepts connections and never answers."""
    with redis.Redis.from_url(url) as client:
        info = client.info("server")
        assert isinstance(info, dict)
        process = int(info["process_id"])
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_store_that_hangs_or_dies_is_gone_around_until_it_is_back(tmp_path: Path) -> None:
    async def scenario(url: str, stack: ExitStack) -> None:
        cache, work = opened(url, timeout_s=0.5), Work()

        async def outcome() -> str:
            return (await cache.get("key", work)).outcome

        async def until(wanted: str) -> None:
            async with asyncio.timeout(30):
                while await outcome() != wanted:
                    await asyncio.sleep(0.02)

        await until("hit")
        with frozen(url):
            assert [await outcome() for _ in range(5)] == ["bypass"] * 5
            assert cache.metrics.up._value.get() == 0
            assert not await cache.drop("key")
        await until("hit")
        stack.close()                              # it is gone
        assert [await outcome() for _ in range(5)] == ["bypass"] * 5
        with redis_server(tmp_path, int(url.rpartition(":")[2].partition("/")[0])):
            await until("hit")
            assert cache.metrics.up._value.get() == 1
        await cache.close()

    with ExitStack() as stack, capture_logs() as logs:
        asyncio.run(scenario(stack.enter_context(redis_server(tmp_path)), stack))
    changes = [line["event"] for line in logs]
    gone, back = "the cache is down; every value is computed", "the cache is back"
    assert changes == [gone, back] * (len(changes) // 2) and len(changes) >= 4  # changes are reported, not each request


def test_a_stale_value_is_returned_while_its_source_is_down_for_a_limited_time(url: str) -> None:
    async def scenario() -> None:
        async def down() -> Numbers:
            raise SourceDownError("refused")

        async def outcome(cache: Cache[Numbers]) -> str:
            try:
                return (await cache.get("old", down)).outcome
            except SourceDownError:
                return "none"

        async def until(cache: Cache[Numbers], wanted: str) -> None:
            async with asyncio.timeout(30):
                while await outcome(cache) != wanted:
                    await asyncio.sleep(0.02)

        lasting, short = opened(url, ttl_s=0.05, stale_s=600), opened(url, ttl_s=0.05, stale_s=0.05)
        await lasting.drop("old")
        value = (await lasting.get("old", Work())).value
        await until(lasting, "stale")
        assert (await lasting.get("old", down)).value == value
        await short.drop("old")
        await short.get("old", Work())
        await until(short, "none")
        assert await outcome(short) == "none"      # and it does not come back
        for cache in (lasting, short):
            await cache.close()

    asyncio.run(scenario())


def test_a_source_that_is_down_is_not_asked_by_each_request() -> None:
    async def scenario() -> None:
        asked = 0

        async def down() -> Numbers:
            nonlocal asked
            asked += 1
            raise SourceDownError("no answer in time")

        cache = opened("", ttl_s=0.05, stale_s=600, retry_s=600)
        await cache.get("old", Work())
        async with asyncio.timeout(30):
            while (await cache.get("old", down)).outcome != "stale":
                await asyncio.sleep(0.02)
        assert {(await cache.get("old", down)).outcome for _ in range(5)} == {"stale"}
        assert asked == 1
        with pytest.raises(SourceDownError):       # nothing is known of it, so it is worth asking
            await cache.get("new", down)

    asyncio.run(scenario())


def test_memory_is_bounded() -> None:
    async def scenario() -> None:
        cache = opened("", most_bytes=10_000)

        async def large() -> Numbers:
            return [0.5] * 100_000

        assert len((await cache.get("too large", large)).value) == 100_000
        for number in range(1000):
            await cache.get(str(number), Work())
        assert (await cache.get("999", Work())).outcome == "hit"
        assert (await cache.get("0", Work())).outcome == "miss"

    asyncio.run(scenario())


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="Redis URL must specify"):
        opened("localhost:6379")
