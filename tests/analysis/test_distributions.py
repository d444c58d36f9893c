"""Distributions as points: against closed forms, within 2 %."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.analysis.distributions import (
    NOTHING,
    Distribution,
    constant,
    exponential,
    in_sequence,
    mixture,
    of_service_time,
    of_wait,
    one_after_the_other,
    scaled,
    slowest,
    slowest_of,
    uniform,
    with_attempts,
)
from archlint.analysis.queueing import Wait, mmc_wait
from archlint.analysis.service_time import estimate
from archlint.model.architecture import ServiceTime

FRACTIONS = (0.5, 0.9, 0.95, 0.99, 0.999)


def quantile(below: Callable[[float], float]) -> Callable[[float], float]:
    """Invert a distribution function by bisection."""

    def found(fraction: float) -> float:
        low, high = 0.0, 1e6
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if below(middle) < fraction else (low, middle)
        return low

    return found


def agrees(times: Distribution, exact: Callable[[float], float]) -> bool:
    """Whether all percentiles are within 2 % of the exact ones."""
    exactly = [exact(fraction) for fraction in FRACTIONS]
    return [times.percentile(fraction) for fraction in FRACTIONS] == pytest.approx(exactly, rel=0.02)


@pytest.mark.parametrize("rho", [0.1, 0.5, 0.9, 0.99])
def test_wait_and_service_of_one_server_make_the_exponential_response(rho: float) -> None:
    wait = mmc_wait(rho, 1.0)
    assert isinstance(wait, Wait)
    response = in_sequence(of_wait(wait), exponential(1.0))
    assert agrees(response, lambda fraction: -math.log(1 - fraction) / (1 - rho))
    assert response.mean == pytest.approx(1 / (1 - rho))


@pytest.mark.parametrize("count", [2, 5, 16])
def test_a_sum_of_exponentials_is_erlangs(count: int) -> None:
    total = one_after_the_other([exponential(1.0)] * count)
    assert agrees(total, quantile(lambda t: 1 - math.exp(-t) * sum(t**k / math.factorial(k) for k in range(count))))
    assert total.mean == pytest.approx(count)


@pytest.mark.parametrize("count", [2, 10, 100])
def test_the_slowest_of_several_is_the_product(count: int) -> None:
    def exact(fraction: float) -> float:
        return -math.log(1 - fraction ** (1 / count))

    assert agrees(slowest([exponential(1.0)] * count), exact)
    assert agrees(slowest_of(exponential(1.0), count), exact)


def test_branches_of_different_speed() -> None:
    assert agrees(
        slowest([exponential(1.0), exponential(0.3), constant(0.1)]),
        quantile(lambda t: (1 - math.exp(-t)) * (1 - math.exp(-t / 0.3)) if t >= 0.1 else 0.0),
    )


def test_a_cache_is_a_mixture_and_never_an_average() -> None:
    hits = mixture([(0.9, exponential(0.1)), (0.1, exponential(1.0))])
    assert agrees(hits, quantile(lambda t: 1 - 0.9 * math.exp(-t / 0.1) - 0.1 * math.exp(-t)))
    certain = mixture([(0.98, constant(0.001)), (0.02, constant(0.1))])
    assert (certain.percentile(0.5), certain.percentile(0.99)) == (0.001, 0.1)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0])
def test_stated_times_keep_their_percentiles_and_their_mean(sigma: float) -> None:
    time = ServiceTime(mean_s=1.0, cv=math.sqrt(math.expm1(sigma**2)))
    times = of_service_time(time)
    assert times is not None
    assert agrees(times, lambda fraction: estimate(time, fraction) or 0.0)
    assert times.mean == pytest.approx(1.0, rel=1e-3)


def test_attempts_end_at_their_timeouts() -> None:
    times = exponential(1.0)
    tried = with_attempts(times, 1.0, 3, gives_up=False)
    assert tried.mean == pytest.approx(1.0, rel=0.02)                  # an exponential has no memory
    spared = with_attempts(times, 1.0, 2, gives_up=True)
    assert spared.percentile(0.99) == pytest.approx(2.0)
    assert with_attempts(constant(0.5), 1.0, 3, True) == constant(0.5)


def test_the_time_between_two_is_spread_evenly() -> None:
    assert agrees(uniform(1.0, 3.0), lambda fraction: 1 + 2 * fraction)


times_of = st.builds(
    lambda p50, factor: of_service_time(ServiceTime(percentiles=((0.5, p50), (0.99, p50 * factor)))) or NOTHING,
    st.floats(1e-4, 10), st.floats(1, 100),
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(st.lists(times_of, min_size=2, max_size=4), st.floats(1e-6, 1e6))
def test_order_and_units_change_nothing(pieces: list[Distribution], unit: float) -> None:
    total, backwards = one_after_the_other(pieces), one_after_the_other(pieces[::-1])
    larger = one_after_the_other([scaled(piece, unit) for piece in pieces])
    for fraction in FRACTIONS:
        assert backwards.percentile(fraction) == pytest.approx(total.percentile(fraction), rel=1e-9)
        assert larger.percentile(fraction) == pytest.approx(total.percentile(fraction) * unit, rel=1e-9)
    assert total.mean == pytest.approx(sum(piece.mean for piece in pieces), rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.lists(times_of, min_size=2, max_size=4))
def test_more_work_and_more_branches_take_longer(pieces: list[Distribution]) -> None:
    one, both, last = pieces[0], one_after_the_other(pieces), slowest(pieces)
    for fraction in FRACTIONS:
        assert both.percentile(fraction) >= last.percentile(fraction) * 0.98
        assert last.percentile(fraction) >= one.percentile(fraction) * 0.98


@pytest.mark.parametrize("p99", [1e-9, 0.1, 1.0, 1e12])
def test_nonsense_stays_a_number(p99: float) -> None:
    """A p99 below the p50, or a billion times above it."""
    times = of_service_time(ServiceTime(percentiles=((0.5, 1.0), (0.99, p99))))
    assert times is None or all(math.isfinite(value) for value in times.values)
    if times is not None:
        total = one_after_the_other([times] * 3)
        assert math.isfinite(total.mean) and math.isfinite(total.percentile(0.99)) and math.isfinite(total.cv2)


def test_zero_is_no_time() -> None:
    assert of_wait(Wait(0.0, 0.0, 0.0)) == NOTHING
    assert in_sequence(NOTHING, NOTHING).percentile(0.99) == 0.0
    assert scaled(exponential(1.0), 0.0).cv2 == 0.0
