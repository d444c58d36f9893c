"""The hardware catalogue: peak figures of accelerators, for bounds that nothing may beat."""

from __future__ import annotations

from functools import cache

import msgspec

from archlint.model.quantities import parse_bandwidth, parse_size
from archlint.shipped import catalogue_file
from archlint.source.files import read_document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence


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
    root = read_document(catalogue_file("hardware.yaml")).root
    found: dict[str, Accelerator] = {}
    if isinstance(root, Mapping):
        for name, entry in root.entries.items():
            accelerator, aliases = _entry(name, entry.value)
            for word in (name, *aliases):
                found[word.lower()] = accelerator
    return found


def _entry(name: str, node: Node) -> tuple[Accelerator, list[str]]:
    if not isinstance(node, Mapping):
        raise ValueError(f"hardware.yaml: `{name}` needs a mapping")
    values = {key: entry.value for key, entry in node.entries.items()}
    text = {key: value.text for key, value in values.items() if isinstance(value, Scalar)}
    flops = text.get("fp16")
    aliases = values.get("aliases")
    names = [item.text for item in aliases.items if isinstance(item, Scalar)] if isinstance(aliases, Sequence) else []
    return (
        Accelerator(
            name, text["title"], parse_size(text["memory"]), parse_bandwidth(text["bandwidth"]),
            float(flops.removesuffix("TFLOPS")) * 1e12 if flops else None, text["source"],
        ),
        names,
    )  # fmt: skip


def accelerator(name: str | None) -> Accelerator | None:
    """Look an accelerator up by name, without regard to case.

    >>> accelerator("T4").bandwidth_bytes_per_s
    320000000000.0
    """
    return _accelerators().get(name.strip().lower()) if name else None
