"""The mean of an amount that the file states as percentiles."""

from __future__ import annotations

from collections.abc import Sequence

from archlint.model.pieces import Amounts


def least_amount(amounts: Amounts) -> float:
    """Return what the mean of an amount is at least: stated, or by the steps of its percentiles.

    >>> least_amount(Amounts(percentiles=((0.5, 300.0), (0.9, 900.0))))
    210.0
    """
    if amounts.constant is not None:
        return amounts.constant
    if amounts.mean is not None:
        return amounts.mean
    return round(mean_of_steps(amounts.percentiles), 9)


def mean_of_steps(percentiles: Sequence[tuple[float, float]]) -> float:
    """Return the mean of the least distribution that has these percentiles; 0 without any.

    A record has none if all that the file states of it was refused.

    >>> mean_of_steps([(0.5, 2.0), (0.75, 4.0)]), mean_of_steps([])
    (1.5, 0.0)
    """
    ends = [*(fraction for fraction, _ in percentiles), 1.0][1:]
    return sum((value * (end - fraction) for (fraction, value), end in zip(percentiles, ends, strict=True)), 0.0)
