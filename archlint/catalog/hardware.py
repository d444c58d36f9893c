"""The hardware catalogue: peak figures of accelerators, for bounds that no real run can exceed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from archlint.catalog.reading import CatalogueFile, compiled, plain_name
from archlint.model.quantities import parse_bandwidth, parse_size
from archlint.shipped import catalogue_file
from archlint.source.nodes import Node

_MAX_LENGTH: Final = 40
_KEYS: Final = ("title", "memory", "bandwidth", "fp16", "fp4", "on_chip", "aliases", "source", "date")
_ON_CHIP_BYTES: Final = 128 * 1024 * 1024
"""Most that caches and on-chip memory hold, for entries without `on_chip`: the largest L2 cache of these has 126 MB.

Source: https://docs.nvidia.com/cuda/blackwell-tuning-guide/ (increased L2 capacity of the B200).
"""


class Accelerator(msgspec.Struct, frozen=True):
    """Peak figures of one accelerator: dense FLOPS at 16 bit, memory bandwidth in bytes per second.

    `fp4_flops` is stated only where it is more than four times `fp16_flops`. `on_chip_bytes` bounds what caches and
    on-chip memory hold.
    """

    name: str
    title: str
    memory_bytes: int
    bandwidth_bytes_per_s: float
    fp16_flops: float | None
    source: str
    fp4_flops: float | None = None
    on_chip_bytes: int = _ON_CHIP_BYTES
    aliases: tuple[str, ...] = ()


@cache
def _accelerators() -> dict[str, Accelerator]:
    """Every accelerator by name and alias.

    Their source is `hardware.yaml`. Every start that needs them reads `hardware.json`, which `docs/generate.py` makes
    from it and which loads ten times faster.
    """
    entries = msgspec.json.decode(catalogue_file("hardware.json").read_bytes(), type=list[Accelerator])
    return {plain_name(word): entry for entry in entries for word in (entry.name, *entry.aliases)}


def compiled_accelerators() -> bytes:
    """Return the required content of `hardware.json`."""
    return compiled(read_accelerators(catalogue_file("hardware.yaml")))


def read_accelerators(path: Path) -> list[Accelerator]:
    """Read a hardware catalogue; raises `ConfigError` with its place."""
    file = CatalogueFile(path)
    return [_entry(file, name, entry.value) for name, entry in file.entries().items()]


def _entry(file: CatalogueFile, name: str, node: Node) -> Accelerator:
    values = file.mapping(node, _KEYS, name)
    title, memory, bandwidth, source = (
        file.text(node, values, key, name) for key in ("title", "memory", "bandwidth", "source")
    )
    on_chip = "".join(file.texts(values, "on_chip", name))
    return Accelerator(
        name, title, parse_size(memory), parse_bandwidth(bandwidth), _flops(file, values, "fp16", name), source,
        _flops(file, values, "fp4", name), parse_size(on_chip) if on_chip else _ON_CHIP_BYTES,
        file.texts(values, "aliases", name),
    )  # fmt: skip


def _flops(file: CatalogueFile, values: dict[str, Node], key: str, name: str) -> float | None:
    text = "".join(file.texts(values, key, name))
    return float(text.removesuffix("TFLOPS")) * 1e12 if text else None


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
