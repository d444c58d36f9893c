"""Prices that a configuration lists, for components whose file states none; archlint itself ships no prices."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from archlint.catalog.technologies import Technologies
from archlint.model.architecture import Architecture, Component
from archlint.model.pieces import Price
from archlint.model.quantities import Money

CPU = "cpu"


class ListedPrice(msgspec.Struct, frozen=True):
    """The price of one accelerator, one replica of a technology, or one core (`cpu`) for a time.

    `where` is the place in the configuration, `file:line:column`.
    """

    amount: Money
    source: str = ""
    date: str = ""
    where: str = ""


def with_prices(
    architecture: Architecture, prices: Mapping[str, ListedPrice], technologies: Technologies
) -> Architecture:
    """Set the listed price for each component that states none.

    The first listed one applies: the accelerators of a replica (`hardware.gpu`, times `gpus`), the technology that it
    `uses`, its cores (`hardware.cpu`, times the price of `cpu`). The source of the price names the line in the
    configuration.
    """
    if not prices:
        return architecture
    listed = {_catalogued(name, technologies): price for name, price in prices.items()}
    components = {name: _priced(component, listed, technologies) for name, component in architecture.components.items()}
    return msgspec.structs.replace(architecture, components=components)


def _priced(component: Component, listed: Mapping[str, ListedPrice], technologies: Technologies) -> Component:
    if component.price is not None:
        return component
    hardware, pieces = component.hardware, 1.0
    found: ListedPrice | None = None
    if hardware is not None and hardware.gpu is not None:
        found = listed.get(_catalogued(hardware.gpu, technologies))
        pieces = (hardware.gpus if hardware.gpus is not None else 1.0) * (hardware.gpu_share or 1.0)
    if found is None and component.uses is not None:
        found, pieces = listed.get(_catalogued(component.uses, technologies)), 1.0
    if found is None and hardware is not None and hardware.cpu is not None and hardware.gpu is None:
        found, pieces = listed.get(CPU), hardware.cpu
    if found is None:
        return component
    amount = msgspec.structs.replace(found.amount, amount=found.amount.amount * pieces)
    source = f"{found.where}, {found.source}" if found.source else found.where
    return msgspec.structs.replace(component, price=Price(amount, source, found.date or None))


def _catalogued(name: str, technologies: Technologies) -> str:
    """Return the name in the catalogues, so that an alias finds its price; keep an unknown name."""
    from archlint.catalog.hardware import accelerator  # needed only where prices are listed

    known = accelerator(name)
    if known is not None:
        return known.name
    technology = technologies.get(name)
    return technology.name if technology is not None else name.strip().lower()
