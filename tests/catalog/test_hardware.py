"""The hardware catalogue."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from archlint.catalog.hardware import Accelerator, accelerator
from archlint.catalog.reading import CatalogueFile, plain_name
from archlint.shipped import catalogue_file

FILE = CatalogueFile(catalogue_file("hardware.yaml"))
NAMES = list(FILE.entries())


def known(name: str) -> Accelerator:
    found = accelerator(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_has_figures_that_can_be_and_a_source(name: str) -> None:
    entry = known(name)
    assert entry.name == name
    assert entry.title
    assert 8e9 <= entry.memory_bytes <= 1e12
    assert 1e11 <= entry.bandwidth_bytes_per_s <= 2e13
    assert entry.fp16_flops is None or 1e13 <= entry.fp16_flops <= 1e16
    assert entry.source.startswith("https://")


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_when_its_figures_were_taken(name: str) -> None:
    node = FILE.entries()[name].value
    values = FILE.mapping(node, ("title", "memory", "bandwidth", "fp16", "aliases", "source", "date"), name)
    assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", FILE.text(node, values, "date", name))


def test_each_name_and_alias_means_one_accelerator() -> None:
    words = []
    for name, entry in FILE.entries().items():
        values = FILE.mapping(entry.value, ("title", "memory", "bandwidth", "fp16", "aliases", "source", "date"), name)
        words += [plain_name(word) for word in (name, *FILE.texts(values, "aliases", name))]
    assert [word for word, count in Counter(words).items() if count > 1] == []


@pytest.mark.parametrize(("name", "bandwidth_bytes_per_s", "fp16_flops"), [
    ("t4", 320e9, 65e12), ("L4", 300e9, 121e12), ("A100 80GB", 2039e9, 312e12), ("NVIDIA-A100-SXM4-40GB", 1555e9,
     312e12),
    ("h100", 3350e9, 989e12), ("tpu v5e", 859e9, 197e12), ("a10g", 600e9, None),
])  # fmt: skip
def test_known_figures(name: str, bandwidth_bytes_per_s: float, fp16_flops: float | None) -> None:
    assert known(name).bandwidth_bytes_per_s == bandwidth_bytes_per_s
    assert known(name).fp16_flops == fp16_flops


@pytest.mark.parametrize("name", [None, "", "rtx-9999"])
def test_what_is_not_in_the_catalogue_is_unknown(name: str | None) -> None:
    assert accelerator(name) is None
