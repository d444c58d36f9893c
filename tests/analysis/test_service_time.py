"""Bounds on percentiles that hold for any distribution, and lognormal estimates compared with the closed form."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.analysis.service_time import estimate, lower_bound, mean, says, upper_bound
from archlint.model.architecture import ServiceTime
from archlint.model.places import place

FRACTIONS = [0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999]


@st.composite
def distributions(draw: st.DrawFn) -> dict[float, float]:
    """A distribution over a few times: seconds to probability."""
    values = draw(st.lists(st.integers(0, 1000), min_size=1, max_size=5, unique=True))
    weights = draw(st.lists(st.integers(1, 200), min_size=len(values), max_size=len(values)))
    return {value / 100: weight / sum(weights) for value, weight in zip(values, weights, strict=True)}


def percentile(times: dict[float, float], fraction: float) -> float:
    total = 0.0
    for value in sorted(times):
        total += times[value]
        if total >= fraction - 1e-9:
            return value
    return max(times)


def moments(times: dict[float, float]) -> tuple[float, float]:
    average = sum(value * p for value, p in times.items())
    return average, math.sqrt(sum(p * (value - average) ** 2 for value, p in times.items()))


@given(distributions(), st.sets(st.sampled_from(FRACTIONS), min_size=1), st.sampled_from(FRACTIONS))
def test_bounds_from_percentiles_hold_for_any_distribution(
    times: dict[float, float], stated: set[float], fraction: float
) -> None:
    time = ServiceTime(percentiles=tuple((p, percentile(times, p)) for p in sorted(stated)))
    low, high = lower_bound(time, fraction), upper_bound(time, fraction)
    assert low is None or low.value_s <= percentile(times, fraction)
    assert high is None or high >= percentile(times, fraction)
    if fraction in stated:
        assert low is not None and low.value_s == high == percentile(times, fraction)


@given(distributions(), st.sampled_from(FRACTIONS))
def test_bounds_from_mean_and_cv_hold_for_any_distribution(times: dict[float, float], fraction: float) -> None:
    average, deviation = moments(times)
    if average == 0:
        return
    time = ServiceTime(mean_s=average, cv=deviation / average)
    low, high = lower_bound(time, fraction), upper_bound(time, fraction)
    assert low is None or low.value_s <= percentile(times, fraction) + 1e-9
    assert high is not None and high >= percentile(times, fraction) - 1e-9


def test_cantellis_bound_is_reached_by_a_distribution() -> None:
    """Two values: 30 % of the times at 1 s, 70 % at 2 s: just above 0.3, the percentile equals the bound."""
    average, deviation = moments({1.0: 0.3, 2.0: 0.7})
    bound = lower_bound(ServiceTime(mean_s=average, cv=deviation / average), 0.3)
    assert bound is not None and bound.value_s == pytest.approx(1.0)


def test_cantelli_by_hand() -> None:
    at = place("models", "m", "service_time")
    bound = lower_bound(ServiceTime(mean_s=0.1, cv=0.5), 0.8, at)
    assert bound is not None
    assert bound.value_s == pytest.approx(0.1 - 0.05 * 0.5)     # mean - sd * sqrt(0.2 / 0.8)
    assert bound.formula and bound.at is not None and bound.at.at == "models.m.service_time.mean"
    assert lower_bound(ServiceTime(mean_s=0.1, cv=2.0), 0.5) is None
    assert lower_bound(ServiceTime(mean_s=0.1), 0.99) is None


def test_the_next_lower_percentile_is_what_a_proof_rests_on() -> None:
    time = ServiceTime(percentiles=((0.5, 0.02), (0.9, 0.05), (0.99, 0.2)))
    found = {p: lower_bound(time, p) for p in (0.4, 0.5, 0.89, 0.95, 0.999)}
    assert found[0.4] is None
    said = {p: (bound.value_s, bound.said) for p, bound in found.items() if bound is not None}
    assert said == {0.5: (0.02, "p50"), 0.89: (0.02, "p50"), 0.95: (0.05, "p90"), 0.999: (0.2, "p99")}
    assert [upper_bound(time, p) for p in (0.4, 0.5, 0.95, 0.999)] == [0.02, 0.02, 0.2, None]


def test_a_constant_is_every_percentile() -> None:
    time = ServiceTime(constant_s=0.03)
    bound = lower_bound(time, 0.01)
    assert bound is not None
    assert bound.value_s == upper_bound(time, 0.999) == estimate(time, 0.5) == mean(time) == 0.03


@given(st.floats(-7, 2), st.floats(0.05, 2), st.sampled_from(FRACTIONS))
def test_an_estimate_of_a_lognormal_is_exact(mu: float, sigma: float, fraction: float) -> None:
    def quantile(p: float) -> float:
        return math.exp(mu + sigma * NormalDist().inv_cdf(p))

    time = ServiceTime(percentiles=tuple((p, quantile(p)) for p in (0.5, 0.9, 0.99)))
    assert estimate(time, fraction) == pytest.approx(quantile(fraction))
    assert mean(time) == pytest.approx(math.exp(mu + sigma**2 / 2))
    average, cv = math.exp(mu + sigma**2 / 2), math.sqrt(math.exp(sigma**2) - 1)
    assert estimate(ServiceTime(mean_s=average, cv=cv), fraction) == pytest.approx(quantile(fraction))


def test_an_estimate_passes_through_what_is_stated() -> None:
    time = ServiceTime(percentiles=((0.5, 0.02), (0.9, 0.03), (0.99, 0.5)))
    assert [estimate(time, p) for p in (0.5, 0.9, 0.99)] == [0.02, 0.03, 0.5]
    values = [estimate(time, p) for p in (0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999)]
    assert all(a is not None and b is not None and a < b for a, b in zip(values, values[1:], strict=False))


@pytest.mark.parametrize(
    "time",
    [
        ServiceTime(),
        ServiceTime(percentiles=((0.5, 0.02),)),
        ServiceTime(percentiles=((0.5, 0.0), (0.99, 0.02))),
        ServiceTime(percentiles=((0.5, 0.02), (0.5, 0.03))),
        ServiceTime(mean_s=0.02),
        ServiceTime(mean_s=0.0, cv=0.5),
    ],
)
def test_too_little_is_no_estimate(time: ServiceTime) -> None:
    assert estimate(time, 0.95) is None


def test_percentiles_absurdly_far_apart_do_not_overflow() -> None:
    time = ServiceTime(percentiles=((0.5, 1e-9), (0.5001, 1e9)))
    assert mean(time) is None
    assert estimate(time, 0.99) is None


def test_what_a_statement_says_of_a_percentile() -> None:
    assert says(ServiceTime(constant_s=1.0), 0.99)
    assert says(ServiceTime(mean_s=1.0, cv=0.1), 0.99)
    assert not says(ServiceTime(mean_s=1.0), 0.99)
    assert says(ServiceTime(percentiles=((0.5, 1.0), (0.9, 2.0))), 0.99)
    assert says(ServiceTime(percentiles=((0.99, 1.0),)), 0.99)
    assert not says(ServiceTime(percentiles=((0.99, 1.0),)), 0.5)
