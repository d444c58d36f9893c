"""The memory of each process of each pattern, in this checkout and in another one.

`python benchmarks/memory.py [--root OTHER] [--only NAME …] [--json FILE]`; Linux only. Each pattern starts with an
empty data folder and answers `/ready`; then the proportional set size of each process is read: shared pages are divided
among those that share them. `--against FILE` adds the numbers of another run, `--docs` writes the table into the docs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import httpx

OWN: Final = Path(__file__).resolve().parents[1]
MODULES: Final = (
    "asynchronous", "batch", "condition_based", "data_cache", "microservice_horizontal", "microservice_vertical",
    "model_load", "multiple_stage", "online_ab", "prediction_circuit_break", "prep_pred", "shadow_ab", "streaming",
    "synchronous", "web_single",
)  # fmt: skip
PAGE: Final = OWN / "docs" / "patterns-memory.md"
_KB: Final = 1024


def measured(root: Path, modules: tuple[str, ...]) -> dict[str, float]:
    """Return the memory in MB of each process, by its pattern and module."""
    sys.path.insert(0, str(root / "reference_impls"))
    from kit.testing.service import commands, start, wait_for  # noqa: PLC0415 - of the checkout that is measured

    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="archlint-memory-") as folder:
        for module in modules:
            with start(Path(folder) / module, module) as service:
                wait_for(partial(_is_ready, service.client))
                words = dict(commands())
                for pid in (service.process.pid, *service.children()):
                    name = words[pid].partition(" -m ")[2] or words[pid]
                    found[f"{module}: {name}"] = round(proportional_bytes(pid) / 1e6, 1)
                service.stop()
            print(f"{module}: measured", file=sys.stderr, flush=True)
    return found


def _is_ready(client: httpx.Client) -> bool:
    return client.get("/ready").status_code == 200


def proportional_bytes(pid: int) -> int:
    """Return the proportional set size of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * _KB for line in lines if line.startswith("Pss:"))


def table(now: dict[str, float], before: dict[str, float]) -> str:
    """Return a Markdown table; the last column is the share of the earlier memory."""
    lines = ["| process | before, MB | now, MB | now / before |", "|---|---:|---:|---:|"]
    for name, mb in now.items():
        old = before.get(name)
        lines.append(f"| {name} | {f'{old:.0f}' if old else ''} | {mb:.0f} | {f'{mb / old:.2f}' if old else ''} |")
    for module in dict.fromkeys(name.partition(":")[0] for name in now):
        new = sum(mb for name, mb in now.items() if name.startswith(f"{module}:"))
        old = sum(mb for name, mb in before.items() if name.startswith(f"{module}:"))
        if old:
            lines.append(f"| **{module}**, one process of each kind | {old:.0f} | {new:.0f} | {new / old:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser("memory", description=__doc__)
    parser.add_argument("--root", type=Path, default=OWN, help="the checkout to measure")
    parser.add_argument("--only", nargs="+", default=MODULES, help="the patterns, by module")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--against", type=Path, help="the numbers of another run")
    parser.add_argument("--docs", action="store_true", help="write the table into the docs")
    call = parser.parse_args()
    if not os.path.exists("/proc/self/smaps_rollup"):
        parser.error("this needs Linux")
    now = measured(call.root.resolve(), tuple(call.only))
    if call.json:
        call.json.write_text(json.dumps(now, indent=2) + "\n")
    text = table(now, json.loads(call.against.read_text()) if call.against else {})
    print(text)
    if call.docs:
        head, _, _ = PAGE.read_text(encoding="utf-8").partition("| process")
        PAGE.write_text(head + text, encoding="utf-8")


if __name__ == "__main__":
    main()
