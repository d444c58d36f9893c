"""The hardware catalogue."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from archlint.catalog.hardware import (
    Accelerator,
    accelerator,
    nearest_accelerators,
    read_accelerators,
    shipped_accelerators,
)
from archlint.catalog.reading import CatalogueFile, plain_name
from archlint.shipped import catalogue_file

FILE = CatalogueFile(catalogue_file("hardware.yaml"))
KEYS = ("title", "memory", "bandwidth", "fp16", "fp4", "on_chip", "aliases", "source", "date")
NAMES = list(FILE.entries())


def known(name: str) -> Accelerator:
    found = accelerator(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_has_plausible_figures_and_a_source(name: str) -> None:
    entry = known(name)
    assert entry.name == name
    assert entry.title
    assert 8e9 <= entry.memory_bytes <= 1e12
    assert 5e10 <= entry.bandwidth_bytes_per_s <= 2e13
    assert entry.fp16_flops is None or 1e13 <= entry.fp16_flops <= 1e16
    assert entry.fp4_flops is None or (entry.fp16_flops is not None and entry.fp4_flops > 4 * entry.fp16_flops)
    assert 128 * 2**20 <= entry.on_chip_bytes < entry.memory_bytes / 10
    assert entry.source.startswith("https://")


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_has_the_date_of_its_figures(name: str) -> None:
    node = FILE.entries()[name].value
    values = FILE.mapping(node, KEYS, name)
    assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", FILE.text(node, values, "date", name))


def test_the_compiled_catalogue_equals_its_source() -> None:
    written = read_accelerators(catalogue_file("hardware.yaml"))
    assert sorted(written, key=lambda entry: entry.name) == shipped_accelerators()


def test_each_name_and_alias_means_one_accelerator() -> None:
    words = []
    for name, entry in FILE.entries().items():
        values = FILE.mapping(entry.value, KEYS, name)
        words += [plain_name(word) for word in (name, *FILE.texts(values, "aliases", name))]
    assert [word for word, count in Counter(words).items() if count > 1] == []


@pytest.mark.parametrize(("name", "bandwidth_bytes_per_s", "fp16_flops"), [
    ("t4", 320e9, 65e12), ("L4", 300e9, 121e12), ("A100 80GB", 2039e9, 312e12), ("NVIDIA-A100-SXM4-40GB", 1555e9,
     312e12),
    ("h100", 3350e9, 989e12), ("tpu v5e", 859e9, 197e12), ("a10g", 600e9, None),
    ("AMD Instinct MI300X", 5300e9, 1307.4e12), ("MI325X", 6000e9, 1307.4e12), ("H20", 4000e9, 148e12),
    ("H800", 3350e9, 989e12), ("GH200", 5000e9, None), ("GB200", 8000e9, 2500e12), ("B300", 8000e9, 2500e12),
    ("A30", 933e9, 165e12), ("L40", 864e9, 181e12), ("GeForce RTX 4090", 1010e9, 330.3e12), ("RTX 5090", 1792e9, None),
    ("RTX 6000 Ada", 960e9, None), ("RTX PRO 6000", 1792e9, None), ("TPU v4", 1200e9, 275e12),
    ("TPU v5p", 2765e9, 459e12), ("Trillium", 1638e9, 918e12), ("Ironwood", 7380e9, 2307e12), ("inf2", 880e9, 190e12),
    ("Trainium2", 3000e9, 667e12), ("Gaudi 3", 3700e9, 1835e12), ("Apple M4 Max", 546e9, None),
    ("m3-ultra", 819.2e9, None), ("M2 Max", 409.6e9, None), ("apple-m5-max", 614.4e9, None),
])  # fmt: skip
def test_known_figures(name: str, bandwidth_bytes_per_s: float, fp16_flops: float | None) -> None:
    assert known(name).bandwidth_bytes_per_s == bandwidth_bytes_per_s
    assert known(name).fp16_flops == fp16_flops


@pytest.mark.parametrize(("name", "nearest"), [
    ("rtx-6000", ("rtx-pro-6000", "rtx-6000-ada", "rtx-5090")), ("MI300", ("mi300x", "mi300a", "mi350x")),
    ("gaudi2", ("gaudi3",)), ("abacus", ()), ("h100" * 20, ()),
])  # fmt: skip
def test_an_unknown_name_has_the_nearest_ones(name: str, nearest: tuple[str, ...]) -> None:
    assert accelerator(name) is None
    assert nearest_accelerators(name) == nearest


@pytest.mark.parametrize("name", [None, "", "rtx-9999"])
def test_what_is_not_in_the_catalogue_is_unknown(name: str | None) -> None:
    assert accelerator(name) is None
