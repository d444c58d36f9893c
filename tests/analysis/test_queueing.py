"""Closed forms of queueing: published values, exact recursions, and laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.analysis.queueing import (
    Batching,
    Unstable,
    Wait,
    attempts_per_request,
    departures_cv2,
    drained_after_s,
    erlang_b,
    erlang_c,
    fan_out_tail,
    ggc_wait,
    loads_with_retries,
    mmc_wait,
    pollaczek_khinchine,
    separate_wait,
)

# servers, utilisation, P(wait), mean wait / S, p99 of the wait / S
PUBLISHED = [
    (1, 0.5, 0.5, 1.0, 7.824046),
    (2, 0.75, 0.6428571429, 1.2857142857, 8.326675),
    (4, 0.8, 0.5964324718, 0.7455405897, 5.110476),
    (8, 0.9, 0.7015329901, 0.8769162377, 5.313354),
    (64, 0.95, 0.5880109319, 0.1837534162, 1.273175),
]


def waiting(result: Wait | Unstable) -> Wait:
    assert isinstance(result, Wait)
    return result


@pytest.mark.parametrize(("servers", "rho", "waits", "mean", "p99"), PUBLISHED)
@pytest.mark.parametrize("service_s", [1.0, 0.004, 3600.0])
def test_waits_are_those_of_the_reference_table(
    servers: int, rho: float, waits: float, mean: float, p99: float, service_s: float
) -> None:
    wait = waiting(mmc_wait(rho * servers / service_s, service_s, servers))
    assert wait.waits == pytest.approx(waits, abs=1e-9 / 2)
    assert wait.mean_s / service_s == pytest.approx(mean, abs=1e-9 / 2)
    assert wait.percentile(0.99) / service_s == pytest.approx(p99, abs=1e-6 / 2)      # the table has six digits of it


def erlang_b_by_recursion(servers: int, offered: float) -> float:
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


@pytest.mark.parametrize("servers", [1, 2, 7, 64, 1000, 20_000])
@pytest.mark.parametrize("rho", [0.001, 0.3, 0.9, 0.99, 0.9999, 1.0, 1.3, 50.0])
def test_the_sum_is_the_textbook_recursion(servers: int, rho: float) -> None:
    blocked = erlang_b_by_recursion(servers, rho * servers)
    assert erlang_b(servers, rho * servers) == pytest.approx(blocked, rel=1e-9, abs=1e-270)
    if rho < 1:
        assert erlang_c(servers, rho * servers) == pytest.approx(
            blocked / (1 - rho * (1 - blocked)), rel=1e-9, abs=1e-270
        )


@pytest.mark.parametrize("rho", [0.99, 0.999, 0.99999])
def test_many_servers_follow_the_expansion_to_six_digits(rho: float) -> None:
    exact = erlang_b_by_recursion(300_000, 300_000 * rho)
    assert erlang_b(300_000, 300_000 * rho) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("servers", [10**6, 10**9, 10**12])
@pytest.mark.parametrize("rho", [1e-300, 1e-18, 1e-9, 0.5, 0.999999, 1.0, 1.0000001, 1.5])
def test_a_million_servers_and_more_take_no_time(servers: int, rho: float) -> None:
    assert 0 <= erlang_b(servers, servers * rho) <= erlang_c(servers, servers * rho) <= 1


def test_one_server_is_exact_for_any_distribution_of_times() -> None:
    for rho in (0.1, 0.5, 0.95):
        for cv2 in (0.0, 0.4, 1.0, 9.0):
            assert waiting(ggc_wait(rho, 1.0, 1, 1.0, cv2)).mean_s == pytest.approx(pollaczek_khinchine(rho, 1.0, cv2))


@pytest.mark.parametrize("rate", [1.0, 1.0 + 1e-13, 2.0, 1e12])
def test_too_much_work_is_a_result_without_numbers_that_are_none(rate: float) -> None:
    for result in (mmc_wait(rate, 1.0), ggc_wait(rate, 1.0, 1, 0.0, 0.0), pollaczek_khinchine(rate, 1.0, 1.0)):
        assert isinstance(result, Unstable)
        assert 1 <= result.utilisation < math.inf
    assert isinstance(Batching(1.0, 0.0).response_s(rate), Unstable)
    assert isinstance(drained_after_s(10.0, 1.0, rate), Unstable)


def test_nothing_to_do_waits_for_nothing() -> None:
    for wait in (mmc_wait(0.0, 1.0, 3), mmc_wait(1e12, 0.0, 3)):
        assert waiting(wait).percentile(0.999) == 0.0
        assert waiting(wait).beyond(0.0) == 0.0


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_no_number_of_a_quantity_is_refused(value: float) -> None:
    with pytest.raises(ValueError):
        mmc_wait(value, 1.0)
    with pytest.raises(ValueError):
        ggc_wait(1.0, 0.5, 1, value)
    with pytest.raises(ValueError):
        mmc_wait(1.0, 0.5, 0)
    with pytest.raises(ValueError):
        erlang_c(2, value)


def test_retries_of_a_service_that_fails_under_load_have_a_second_equilibrium() -> None:
    def failing(load: float) -> float:
        return 1 / (1 + math.exp(-(load - 150) / 5))

    calm, tipping, stuck = loads_with_retries(90.0, 3, failing)
    for load in (calm, tipping, stuck):
        assert 90.0 * attempts_per_request(failing(load), 3) == pytest.approx(load, rel=1e-6)
    assert calm == pytest.approx(90.0, rel=1e-3) and stuck == pytest.approx(270.0, rel=1e-3)
    assert loads_with_retries(90.0, 1, failing) == (90.0,)
    assert loads_with_retries(90.0, 3, lambda load: 0.0) == (90.0,)


loads = st.floats(0.01, 0.99)
servers_of = st.integers(1, 300)


@settings(max_examples=60)
@given(servers_of, loads, loads)
def test_more_load_waits_longer_and_more_servers_shorter(servers: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    quiet, busy = waiting(mmc_wait(low * servers, 1.0, servers)), waiting(mmc_wait(high * servers, 1.0, servers))
    assert quiet.mean_s <= busy.mean_s * (1 + 1e-9)
    assert quiet.percentile(0.99) <= busy.percentile(0.99) * (1 + 1e-9)
    more = waiting(mmc_wait(high * servers, 1.0, servers + 1))
    assert more.mean_s <= busy.mean_s and more.percentile(0.99) <= busy.percentile(0.99)


@settings(max_examples=60)
@given(servers_of, loads, st.floats(1e-6, 1e6), st.floats(0, 4), st.floats(0, 4))
def test_units_do_not_matter(servers: int, rho: float, unit: float, arrivals: float, times: float) -> None:
    one = waiting(ggc_wait(rho * servers, 1.0, servers, arrivals, times))
    other = waiting(ggc_wait(rho * servers / unit, unit, servers, arrivals, times))
    assert other.mean_s == pytest.approx(one.mean_s * unit, rel=1e-6)
    assert other.percentile(0.99) == pytest.approx(one.percentile(0.99) * unit, rel=1e-6)


@settings(max_examples=60)
@given(st.integers(2, 64), st.integers(1, 16), loads)
def test_one_queue_for_all_is_never_slower_than_one_for_each(queues: int, each: int, rho: float) -> None:
    rate = rho * queues * each
    pooled, apart = waiting(mmc_wait(rate, 1.0, queues * each)), waiting(separate_wait(rate, 1.0, queues, each))
    in_turn = waiting(separate_wait(rate, 1.0, queues, each, in_turn=True))
    assert pooled.percentile(0.99) <= apart.percentile(0.99) * (1 + 1e-9)
    assert in_turn.mean_s <= apart.mean_s


@settings(max_examples=60)
@given(st.floats(0, 1), st.floats(1, 1e9))
def test_chances_stay_chances(share: float, count: float) -> None:
    assert 0 <= fan_out_tail(share, count) <= 1
    assert 1 <= attempts_per_request(share, count) <= count * (1 + 1e-9)
    assert departures_cv2(share, 3, 1.0, 1.0) == pytest.approx(1.0)
