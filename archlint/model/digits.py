"""Numbers as text, with as many digits as a reader needs."""

from __future__ import annotations


def significant(value: float, digits: int = 3) -> str:
    """Format a number with a few significant digits, without trailing zeros or an exponent."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    if abs(rounded) >= 10 ** (digits - 1):
        return f"{rounded:,.0f}" if abs(rounded) < 10**digits else f"{value:,.0f}"
    text = f"{rounded:.12f}".rstrip("0").rstrip(".")
    return text or "0"


def format_money(amount: float, currency: str) -> str:
    """An amount of money: to the cent below 100, with three significant digits below a cent.

    >>> format_money(5184.0, "USD"), format_money(12.5, "EUR"), format_money(0.00025, "USD")
    ('5,184 USD', '12.50 EUR', '0.00025 USD')
    """
    if abs(amount) >= 99.995:
        return f"{amount:,.0f} {currency}"
    return f"{amount:.2f} {currency}" if amount == 0 or abs(amount) >= 0.01 else f"{significant(amount)} {currency}"
