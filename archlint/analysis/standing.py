"""What replicas cost while they stand by, at a stated price for a time."""

from __future__ import annotations

from typing import Final

from archlint.model.architecture import Component
from archlint.model.pieces import Price

MONTH_S: Final = 30 * 86400.0


def basis(price: Price) -> str:
    """Say where a price comes from, and of when it is."""
    return ", ".join(part for part in (price.source, price.date) if part) or "price in the file"


def standing(component: Component, replicas: float, seconds: float) -> float | None:
    """Return what replicas cost in some time; None if the file states no price for a time.

    >>> from archlint.model.quantities import Money
    >>> standing(Component("api", "service", price=Price(Money(0.5, "USD", per_s=3600.0))), 2.0, 7200.0)
    2.0
    """
    amount = component.price.amount if component.price is not None else None
    if amount is None or not amount.per_s:
        return None
    return replicas * amount.amount * seconds / amount.per_s
