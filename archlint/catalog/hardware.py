"""The hardware catalogue: peak figures of accelerators, for bounds that no real run can exceed."""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec

from archlint.catalog.reading import CatalogueFile, plain_name
from archlint.model.quantities import parse_bandwidth, parse_size
from archlint.shipped import catalogue_file
from archlint.source.nodes import Node

_MAX_LENGTH: Final = 40
_KEYS: Final = ("title", "memory", "bandwidth", "fp16", "aliases", "source", "date")


class Accelerator(msgspec.Struct, frozen=True):
    """Peak figures of one accelerator: dense FLOPS at 16 bit, memory bandwidth in bytes per second."""

    name: str
    title: str
    memory_bytes: int
    bandwidth_bytes_per_s: float
    fp16_flops: float | None
    source: str


@cache
def _accelerators() -> dict[str, Accelerator]:
    file = CatalogueFile(catalogue_file("hardware.yaml"))
    found: dict[str, Accelerator] = {}
    for name, entry in file.entries().items():
        accelerator, aliases = _entry(file, name, entry.value)
        for word in (name, *aliases):
            found[plain_name(word)] = accelerator
    return found


def _entry(file: CatalogueFile, name: str, node: Node) -> tuple[Accelerator, tuple[str, ...]]:
    values = file.mapping(node, _KEYS, name)
    title, memory, bandwidth, source = (
        file.text(node, values, key, name) for key in ("title", "memory", "bandwidth", "source")
    )
    flops = file.texts(values, "fp16", name)
    fp16_flops = float(flops[0].removesuffix("TFLOPS")) * 1e12 if flops else None
    return (
        Accelerator(name, title, parse_size(memory), parse_bandwidth(bandwidth), fp16_flops, source),
        file.texts(values, "aliases", name),
    )


def accelerator(name: str | None) -> Accelerator | None:
    """Look an accelerator up by name; case and word separators do not matter.

    >>> accelerator("T4").bandwidth_bytes_per_s
    320000000000.0
    """
    return _accelerators().get(plain_name(name)) if name else None


def shipped_accelerators() -> list[Accelerator]:
    """Every accelerator of the catalogue, by name."""
    return sorted({entry.name: entry for entry in _accelerators().values()}.values(), key=lambda entry: entry.name)


def nearest_accelerators(name: str, most: int = 3) -> tuple[str, ...]:
    """Return the entries whose names or aliases are most like an unknown name, nearest first.

    >>> nearest_accelerators("h100x")[0], nearest_accelerators("abacus")
    ('h100', ())
    """
    from difflib import get_close_matches

    known, word = _accelerators(), plain_name(name)
    if len(word) > _MAX_LENGTH:
        return ()
    close = get_close_matches(word, known, n=12, cutoff=0.6)
    return tuple(dict.fromkeys(known[found].name for found in close))[:most]
