"""Resources of a container as facts: cores, memory, accelerators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.importers.digits import is_whole
from archlint.importers.objects import Fact, Table, Value

ACCELERATORS: Final = re.compile(
    r"^(nvidia\.com/(gpu|mig-[\w.-]+)|amd\.com/gpu|google\.com/tpu|habana\.ai/gaudi|gpu\.intel\.com/\w+|"
    r"aws\.amazon\.com/neuron\w*|intel\.com/gpu)$"
)
_NODE_LABELS: Final = (
    "cloud.google.com/gke-accelerator", "nvidia.com/gpu.product", "cloud.google.com/gke-tpu-accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
)  # fmt: skip
_MEMORY: Final = re.compile(r"^\d+(\.\d+)?([KMGTP]i?|k)?$")


def hardware_of(container: Table, pod: Table) -> Iterator[tuple[str, Fact]]:
    """Yield the fact `hardware` of a container, from its limits, else from its requests."""
    inner: list[tuple[str, Fact]] = []
    cpu = _resource(container, "cpu")
    cores = _cores(cpu.text) if cpu is not None else ""
    if cpu is not None and cores:
        inner.append(("cpu", Fact(cores, cpu.site)))
    memory = _resource(container, "memory")
    if memory is not None and _MEMORY.match(memory.text):
        size = memory.text if not is_whole(memory.text[-1]) else f"{memory.text}B"
        inner.append(("memory", Fact(size if size[-1] in "iB" else f"{size}B", memory.site)))
    for part in ("limits", "requests"):
        table = container.table("resources", part)
        name = next((key for key in table.entries if ACCELERATORS.match(key)), "")
        count = table.value(name) if name else None
        if count is not None and is_whole(count.text) and int(count.text) > 0:
            model = accelerator_of(pod)
            if model is not None:
                inner.append(("gpu", model))
            inner.append(("gpus", Fact(count.text, count.site)))
            break
    if inner:
        yield "hardware", Fact("", inner[0][1].site, inner=tuple(inner))


def _resource(container: Table, key: str) -> Value | None:
    return container.value("resources", "limits", key) or container.value("resources", "requests", key)


def _cores(text: str) -> str:
    """Return a number of cores.

    >>> _cores("500m"), _cores("2"), _cores("x")
    ('0.5', '2', '')
    """
    if text.endswith("m") and is_whole(text[:-1]):
        return f"{int(text[:-1]) / 1000:g}"
    return text if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,9})?", text) else ""


def accelerator_of(pod: Table) -> Fact | None:
    """Return the accelerator that the selector of nodes names."""
    for label in _NODE_LABELS:
        value = pod.value("nodeSelector", label)
        if value is not None and re.fullmatch(r"[\w.-]+", value.text):
            return Fact(value.text.lower(), value.site, f"nodes with {label}")
    return None
