"""Resources that cannot hold the stated models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from archlint.analysis.system import System
from archlint.checks.deployed._parts import amount, hit, parts
from archlint.model.deployment import Part
from archlint.verdicts import NoParams, Verdict

_SIZE: Final = re.compile(r"(?i)(?<![\d.a-z])(\d+(?:\.\d+)?)b(?![a-z])")
_SMALL: Final = re.compile(r"(?i)int4|int8|awq|gptq|q[2-8]_|gguf|4bit|8bit|fp8|fp4")
LEAST_CORES: Final = 0.5
LEAST_BYTES: Final = 2.0**20 * 16


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each model server with fewer cores or less memory than its models are likely to need."""
    for name, part in parts(system, "kubernetes"):
        if part.kind != "model-server" or part.role in {"external", "graph"}:
            continue
        limits, requests = part.running.limits, part.running.requests
        memory_value = limits.get("memory") or requests.get("memory")
        cpu_value = limits.get("cpu")          # a request alone is a share, and no cap
        memory, cpu = amount(memory_value), amount(cpu_value)
        need, what = _need(part)
        if memory_value is not None and memory is not None and need is not None and memory < need:
            message = f"`{name}` has {memory_value.text} of memory for {what}"
            yield hit(name, memory_value.site, "memory", message, hint=True, loss=0.4)
        elif memory_value is not None and memory is not None and memory < LEAST_BYTES:
            message = f"`{name}` has {memory_value.text} of memory: no model server fits into it"
            yield hit(name, memory_value.site, "memory", message, hint=True, loss=0.2)
        elif cpu_value is not None and cpu is not None and cpu <= LEAST_CORES and not part.gpu:
            message = (
                f"`{name}` has {cpu_value.text} of a core: a prediction takes {1 / max(cpu, 0.001):.3g} times as long"
            )
            yield hit(name, cpu_value.site, "cpu", message, hint=True, loss=0.1)


def _need(part: Part) -> tuple[float | None, str]:
    """Return the bytes that its models need at least, and why; None if the files do not say it."""
    stated = [size for value in part.running.memory_of_models if (size := amount(value)) is not None]
    if len(stated) > 1 or (stated and sum(stated) > 0):
        total = sum(stated)
        return total + 1, f"{len(stated)} models that need {total / 2**20:g} MiB, and its own code"
    sizes = [float(found[1]) for model in part.models if (found := _SIZE.search(model)) and not _SMALL.search(model)]
    if not sizes or _SMALL.search(part.command_text) is not None:
        return None, ""
    need = sum(sizes) * 1e9 * 2
    return (
        need,
        f"a model of {sum(sizes):g} billion parameters, which takes {need / 1e9:g} GB in 16 bits while it loads",
    )
