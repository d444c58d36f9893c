"""Servers that need an accelerator, and request none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import hit, parts
from archlint.checks.deployed._parts import text_of as text_of_part
from archlint.model.deployment import Part
from archlint.verdicts import NoParams, Verdict

_ENGINES: Final = frozenset({"vllm", "sglang", "tgi", "tensorrt-llm"})
_OTHERWISE: Final = re.compile(r"(?i)cpu|openvino|neuron|tpu|xpu|hpu|gaudi|habana|rocm|metal")
"""Words of builds for other processors."""


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each engine of language models that neither requests an accelerator nor is built for CPUs."""
    for name, part in parts(system):
        if part.kind != "model-server" or part.uses not in _ENGINES or part.role != "container":
            continue
        if part.gpu or part.running.claims or part.running.managed or _is_for_cpus(part):
            continue
        image = f", from {part.image.text[:80]}" if part.image is not None and part.image.text else ""
        message = f"`{name}` runs {part.uses}{image}, but requests no accelerator"
        yield hit(name, part.site, "resources", message, loss=0.7)


def _is_for_cpus(part: Part) -> bool:
    image = part.image.text if part.image is not None else ""
    base = part.base.text if part.base is not None else ""
    unknown = not image and not base
    return unknown or _OTHERWISE.search(f"{image} {base} {text_of_part(part)}") is not None
