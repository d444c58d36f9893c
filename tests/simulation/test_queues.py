from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.simulation.queues import batched, serve
from archlint.simulation.scenario import Batches, Centre, Outage
from tests.simulation.oracles import ciw_pooled, simpy_batches, simpy_outage, simpy_pooled, simpy_replicas, trace

TIMES = st.lists(st.floats(0, 50), min_size=1, max_size=40).map(sorted)
WORKS = st.lists(st.floats(0, 10), min_size=40, max_size=40)


def ends(times: Sequence[float], works: Sequence[float], workers: int = 1) -> list[float]:
    return serve(times, works[: len(times)], Centre("api", workers=workers))


def test_one_worker_as_by_hand() -> None:
    """Lindley: a request starts when it has come and the one before has ended."""
    times, works = trace(1, 2000, rate=0.9)
    by_hand: list[float] = []
    for t, s in zip(times, works, strict=True):
        by_hand.append(max(t, by_hand[-1] if by_hand else 0.0) + s)
    assert serve(times, works, Centre("api")) == by_hand


@pytest.mark.parametrize("servers", [1, 2, 4, 30])
def test_the_same_trace_in_simpy(servers: int) -> None:
    times, works = trace(servers, 3000, rate=0.9 * servers)
    assert serve(times, works, Centre("api", workers=servers)) == pytest.approx(simpy_pooled(times, works, servers))


@pytest.mark.parametrize("servers", [1, 3])
def test_the_same_trace_in_ciw(servers: int) -> None:
    times, works = trace(servers, 1000, rate=0.9 * servers)
    assert serve(times, works, Centre("api", workers=servers)) == pytest.approx(ciw_pooled(times, works, servers))


@pytest.mark.parametrize("limit", [2, 5, 9])
def test_a_full_queue_rejects_the_same_requests_as_simpy(limit: int) -> None:
    times, works = trace(limit, 3000, rate=3.0)
    ended = serve(times, works, Centre("api", workers=2, limit=limit))
    assert ended == pytest.approx(simpy_pooled(times, works, 2, limit))
    assert 0 < ended.count(math.inf) < len(ended)


@pytest.mark.parametrize(("rate", "size", "wait_s"), [(0.5, 4, 0.3), (3.0, 4, 0.3), (3.0, 4, 0.0), (2.0, 1, 5.0)])
def test_batches_as_in_simpy(rate: float, size: int, wait_s: float) -> None:
    times, works = trace(size, 1500, rate=rate)
    ended = serve(times, works, Centre("api", batches=Batches(size, wait_s)))
    assert ended == pytest.approx(simpy_batches(times, works, size, wait_s))


@pytest.mark.parametrize("balancing", ["round-robin", "least-loaded"])
def test_replicas_with_queues_of_their_own_as_in_simpy(balancing: str) -> None:
    times, works = trace(7, 2000)
    ended = serve(times, works, Centre("api", replicas=4, balancing=balancing))
    assert ended == pytest.approx(simpy_replicas(times, works, 4, balancing == "round-robin"))


def test_an_outage_as_in_simpy() -> None:
    times, works = trace(8, 2000)
    ended = serve(times, works, Centre("api", workers=4, outage=Outage(100.0, 50.0)))
    assert ended == pytest.approx(simpy_outage(times, works, 4, 100.0, 50.0))


@settings(max_examples=30, deadline=None)
@given(TIMES, WORKS)
def test_requests_of_one_worker_leave_in_the_order_of_arrival(times: list[float], works: list[float]) -> None:
    ended = ends(times, works)
    assert ended == sorted(ended)


@settings(max_examples=30, deadline=None)
@given(TIMES, WORKS, st.integers(1, 6))
def test_more_workers_end_no_request_later(times: list[float], works: list[float], servers: int) -> None:
    fewer, more = ends(times, works, workers=servers), ends(times, works, workers=servers + 1)
    assert all(late <= early for late, early in zip(more, fewer, strict=True))


@settings(max_examples=30, deadline=None)
@given(TIMES, WORKS, st.sampled_from(["pooled", "round-robin", "least-loaded"]), st.integers(1, 4))
def test_no_worker_does_more_than_the_time_there_is(
    times: list[float], works: list[float], balancing: str, replicas: int
) -> None:
    """Work is conserved: until a time, no more work is done than the workers can do, and in the end all of it is."""
    ended = serve(times, works[: len(times)], Centre("api", replicas=replicas, balancing=balancing))
    assert all(end >= t + s - 1e-9 for t, s, end in zip(times, works, ended, strict=False))
    busy = sum(works[: len(times)])
    assert busy <= replicas * (max(ended) - times[0]) + 1e-9


@settings(max_examples=30, deadline=None)
@given(TIMES, WORKS, st.floats(0, 40), st.floats(0, 20))
def test_an_outage_ends_no_request_earlier_and_none_starts_in_it(
    times: list[float], works: list[float], start: float, duration: float
) -> None:
    plain = ends(times, works, workers=2)
    away = serve(times, works[: len(times)], Centre("api", workers=2, outage=Outage(start, duration)))
    assert all(late >= early - 1e-9 for late, early in zip(away, plain, strict=True))
    starts = [end - s for end, s in zip(away, works, strict=False)]
    assert not any(start + 1e-6 < one < start + duration - 1e-6 for one in starts)


@settings(max_examples=30, deadline=None)
@given(TIMES, st.integers(1, 8), st.floats(0, 5), st.integers(1, 3))
def test_batches_are_no_larger_than_stated_and_wait_no_longer(
    times: list[float], size: int, wait_s: float, servers: int
) -> None:
    ended = batched(times, [1.0] * len(times), servers, Batches(size, wait_s))
    together: dict[float, list[float]] = {}
    for t, end in zip(times, ended, strict=True):
        together.setdefault(end, []).append(t)
    assert all(len(members) <= size * servers for members in together.values())
    if len(times) <= servers:
        assert all(end - t <= wait_s + 1 + 1e-9 for t, end in zip(times, ended, strict=True))


def test_a_batch_of_one_is_no_batch() -> None:
    times, works = trace(3, 500)
    assert batched(times, works, 4, Batches(1, 10.0)) == serve(times, works, Centre("api", workers=4))


def test_one_queue_is_better_than_one_for_each_worker_and_chance_is_worst() -> None:
    """At 80 % of 8 workers, a queue each has a tail several times as long."""
    times, works = trace(5, 20_000, rate=6.4)
    _, picks = trace(6, 20_000)
    shares = [1 - math.exp(-pick) for pick in picks]
    tails = []
    for balancing in ("pooled", "least-loaded", "round-robin", "random"):
        ended = serve(times, works, Centre("api", replicas=8, balancing=balancing), shares)
        tails.append(sorted(end - t for t, end in zip(times, ended, strict=True))[19_800])
    assert tails == sorted(tails)
    assert tails[3] > 3 * tails[0]
