"""The table `[prices]` of a configuration file."""

from __future__ import annotations

from datetime import date

from archlint.config.keys import PRICE, TOP
from archlint.config.places import Steps
from archlint.config.prices import ListedPrice
from archlint.config.toml import Table, TableReader, kind_of
from archlint.model.quantities import Money, parse_money, shorten

_EXAMPLE = PRICE["amount"].example


def read_prices(reader: TableReader, top: Table, path: Steps) -> dict[str, ListedPrice]:
    """Read the prices by name; mistakes are collected, and wrong prices left out."""
    found = {}
    for name, value in reader.below(top, path, TOP["prices"].example).items():
        price = _price(reader, (*path, name), value)
        if price is not None:
            found[name] = price
    return found


def _price(reader: TableReader, path: Steps, value: object) -> ListedPrice | None:
    """Read a text, or a table with `amount`, `source` and `date`."""
    table: Table = value if isinstance(value, dict) else {"amount": value}
    reader.known(table, path, PRICE, f"the price of `{shorten(str(path[-1]))}`")
    amount, source = _amount(reader, table, path), table.get("source", "")
    if not isinstance(source, str):
        reader.wrong((*path, "source"), "a text", source, f"source = {PRICE['source'].example}")
        source = ""
    day = _day(reader, table, path)
    return ListedPrice(amount, source, day, reader.places.of_key(*path)) if amount is not None else None


def _amount(reader: TableReader, table: Table, path: Steps) -> Money | None:
    where, amount = reader.places.of_value(*path, "amount"), table.get("amount")
    if not isinstance(amount, str):
        said = "has no amount" if amount is None else f"is {kind_of(amount)}"
        reader.problems.add(where, f"the price of `{shorten(str(path[-1]))}` {said}", f"write {_EXAMPLE}")
        return None
    try:
        money = parse_money(amount)
    except ValueError as error:
        reader.problems.take(where, error)
        return None
    if money.per_s is None:
        message = f"`{shorten(amount)}` is a price for predictions, but what runs is paid for by time"
        reader.problems.add(where, message, f"write {_EXAMPLE}")
        return None
    return money


def _day(reader: TableReader, table: Table, path: Steps) -> str:
    """Read a TOML date, or a date as text."""
    value = table.get("date")
    if value is None or value == "":
        return ""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if not isinstance(value, str):
        reader.wrong((*path, "date"), "a date", value, f"date = {PRICE['date'].example}")
        return ""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        where = reader.places.of_value(*path, "date")
        reader.problems.add(where, f"`{shorten(str(value))}` is not a date", f"write date = {PRICE['date'].example}")
        return ""
