"""The mean of an amount that the file states as percentiles."""

from __future__ import annotations

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
    ends = [*(fraction for fraction, _ in amounts.percentiles[1:]), 1.0]
    return round(sum(value * (end - p) for (p, value), end in zip(amounts.percentiles, ends, strict=True)), 9)
