"""What machine types of clouds are: accelerators, cores and memory."""

from __future__ import annotations

import re
from typing import Final

ACCELERATED: Final[tuple[tuple[str, str, dict[str, int]], ...]] = (
    # family, accelerator of the catalogue, accelerators by size (empty key: any other size)
    (r"g4dn\.(\w+)", "t4", {"": 1, "12xlarge": 4, "metal": 8}),
    (r"g5\.(\w+)", "a10g", {"": 1, "12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
    (r"g6\.(\w+)", "l4", {"": 1, "12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
    (r"g6e\.(\w+)", "l40s", {"": 1, "12xlarge": 4, "24xlarge": 4, "48xlarge": 8}),
    (r"p3\.(\w+)", "v100-16gb", {"": 1, "8xlarge": 4, "16xlarge": 8}),
    (r"p3dn\.(\w+)", "v100-32gb", {"": 8}), (r"p4d\.(\w+)", "a100-40gb", {"": 8}),
    (r"p4de\.(\w+)", "a100-80gb", {"": 8}), (r"p5\.(\w+)", "h100", {"": 1, "48xlarge": 8}),
    (r"p5en?\.(\w+)", "h200", {"": 8}), (r"p6-b200\.(\w+)", "b200", {"": 8}),
    (r"inf2\.(\w+)", "inferentia2", {"": 1, "24xlarge": 6, "48xlarge": 12}),
    (r"g2-standard-(\d+)", "l4", {"": 1, "24": 2, "48": 4, "96": 8}),
    (r"a2-highgpu-(\d+)g", "a100-40gb", {"": 1, "2": 2, "4": 4, "8": 8}),
    (r"a2-ultragpu-(\d+)g", "a100-80gb", {"": 1, "2": 2, "4": 4, "8": 8}),
    (r"a3-(?:high|mega|edge)gpu-(\d+)g", "h100", {"": 8, "1": 1, "2": 2, "4": 4}),
    (r"a3-ultragpu-(\d+)g", "h200", {"": 8}), (r"a4-highgpu-(\d+)g", "b200", {"": 8}),
    (r"standard_nc(\d+)as_t4_v3", "t4", {"": 1, "64": 4}),
    (r"standard_nc(\d+)ads_a100_v4", "a100-80gb", {"": 1, "48": 2, "96": 4}),
    (r"standard_nc(\d+)ads_h100_v5", "h100", {"": 1, "80": 2}),
    (r"standard_nd(\d+)is?r?_h100_v5", "h100", {"": 8}), (r"standard_nd(\d+)asr_v4", "a100-40gb", {"": 8}),
    (r"standard_nd(\d+)am?sr_a100_v4", "a100-80gb", {"": 8}), (r"standard_nv(\d+)ads_a10_v5", "a10", {"": 1, "72": 2}),
)  # fmt: skip
"""Sources: the pages of the vendors on EC2 accelerated computing, Compute Engine GPUs, and Azure's GPU sizes."""
_PLAIN: Final = re.compile(r"^(?:ml\.|db\.|cache\.)?([cmr])[5-8][a-z]{0,3}\.(\d*)(x?)large$")
_PER_CORE: Final = {"c": 2, "m": 4, "r": 8}
"""GiB of memory for each core, by the family of an EC2 type."""
_GOOGLE: Final = re.compile(r"^(?:n1|n2d?|n4|e2|c3d?|c4|t2d)-(standard|highmem|highcpu)-(\d+)$")
_AZURE: Final = re.compile(r"^standard_([df])s?(\d+)[a-z]*_v[3-6]$|^standard_([de])(\d+)[a-z]*s?_v[3-6]$")


def machine_facts(machine: str) -> dict[str, str]:
    """Return what is known of a machine type: `gpu` and `gpus`, or `cpu` and `memory`.

    >>> machine_facts("ml.g5.12xlarge"), machine_facts("ml.m5.xlarge"), machine_facts("x")
    ({'gpu': 'a10g', 'gpus': '4'}, {'cpu': '4', 'memory': '16GiB'}, {})
    """
    name = machine.strip().lower()
    if len(name) > 60:
        return {}
    for pattern, gpu, numbers in ACCELERATED:
        found = re.fullmatch(r"(?:ml\.)?" + pattern, name)
        if found is not None:
            return {"gpu": gpu, "gpus": str(numbers.get(found[1], numbers[""]))}
    plain = _PLAIN.match(name)
    if plain is not None and (plain[3] or not plain[2]):
        number = 4 * int(plain[2] or 1) if plain[3] else 2
        return {"cpu": str(number), "memory": f"{number * _PER_CORE[plain[1]]}GiB"}
    google = _GOOGLE.match(name)
    return {"cpu": str(int(google[2]))} if google is not None else {}
