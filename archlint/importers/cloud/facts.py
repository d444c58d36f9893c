"""What fields say, as facts of components and attributes of relations."""

from __future__ import annotations

from collections.abc import Iterable

from archlint.importers.cloud.machines import machine_facts
from archlint.importers.cloud.tables import Field, fact_of
from archlint.importers.cloud.values import first_at
from archlint.importers.digits import is_whole
from archlint.importers.objects import UNRESOLVED, Fact, Item, Unit, Value


def add_facts(unit: Unit, values: Item, fields: Iterable[Field]) -> None:
    """Add the facts that fields state; the first of two fields for one fact is used."""
    inner: dict[str, dict[str, Fact]] = {}
    for key, path, form in fields:
        fact = fact_of(first_at(values, path), form, path.rpartition(".")[2])
        if fact is None:
            continue
        outer, dot, name = key.partition(".")
        if dot:
            inner.setdefault(outer, {}).setdefault(name, fact)
        else:
            unit.facts.setdefault(key, fact)
    for outer, facts in inner.items():
        known = dict(unit.facts[outer].inner) if outer in unit.facts else {}
        merged = facts | known
        unit.facts[outer] = Fact("", next(iter(merged.values())).site, inner=tuple(merged.items()))


def add_machine(unit: Unit, value: Value | None) -> None:
    """Add the hardware of a machine type."""
    if value is None or value.status == UNRESOLVED:
        return
    found = machine_facts(value.text)
    if found:
        known = dict(unit.facts["hardware"].inner) if "hardware" in unit.facts else {}
        made = {key: Fact(text, value.site, value.text[:40]) for key, text in found.items()} | known
        unit.facts["hardware"] = Fact("", value.site, value.text[:40], tuple(made.items()))
        unit.gpu = unit.gpu or "gpus" in found


def attributes(values: Item, fields: Iterable[Field]) -> tuple[tuple[str, str], ...]:
    """Return the attributes of a relation that fields state."""
    found: dict[str, str] = {}
    for key, path, form in fields:
        fact = fact_of(first_at(values, path), form)
        if fact is not None:
            found.setdefault(key, fact.text)
    return tuple(found.items())


def shares(weights: list[str]) -> list[str]:
    """Return weights as shares of the traffic; nothing if they are not all numbers, or if there is only one.

    >>> shares(["90", "10"]), shares(["1"])
    (['90%', '10%'], [''])
    """
    numbers = [float(weight) if is_whole(weight.replace(".", "", 1)) else -1.0 for weight in weights]
    total = sum(numbers)
    if len(numbers) < 2 or total <= 0 or min(numbers) < 0:
        return [""] * len(weights)
    return [f"{100 * number / total:.4g}%" if number < total else "" for number in numbers]
