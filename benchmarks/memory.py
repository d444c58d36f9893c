"""The memory of each reference implementation: what each of its processes holds, in this checkout and an earlier one.

`python benchmarks/memory.py [--only NAME …] [--json FILE]`; Linux only. Each pattern starts with an empty data folder
and answers `/ready`; once no job runs and no process starts or ends any more, the memory of each process is read. Pages
that processes of the pattern share are divided among them. `--root OTHER` measures another checkout: run it with the
Python of that checkout. `--against FILE` adds the numbers of such a run, and `--docs` writes the tables into the docs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [path for path in (str(ROOT),) if path not in sys.path]

import httpx  # noqa: E402

from benchmarks.tables import placed, table  # noqa: E402

PAGE: Final = ROOT / "docs" / "patterns-memory.md"
AIM: Final = 2 / 3
_KB: Final = 1024
_SETTLED_S: Final = 3.0

Processes = dict[str, list[float]]                 # the MB of each process, by what it runs


def patterns(root: Path) -> tuple[str, ...]:
    """Return the modules of the patterns that run as services."""
    found = (path.parent for path in sorted((root / "reference_impls").glob("*/__main__.py")))
    return tuple(folder.name for folder in found if (folder / "compose.yaml").is_file())


def measured(root: Path, modules: tuple[str, ...]) -> dict[str, Processes]:
    """Return the memory in MB of each process, by its pattern and by what it runs."""
    sys.path.insert(0, str(root / "reference_impls"))
    from kit.testing.service import commands, start, wait_for  # noqa: PLC0415 - of the checkout that is measured

    found: dict[str, Processes] = {}
    with tempfile.TemporaryDirectory(prefix="archlint-memory-") as folder:
        for module in modules:
            with start(Path(folder) / module, module) as service:
                wait_for(partial(_is_ready, service.client))
                sizes: dict[int, int] = {}
                while (pids := {service.process.pid, *service.children()}) != set(sizes) or service.children(".job"):
                    time.sleep(_SETTLED_S)
                    with suppress(OSError):        # it has ended meanwhile
                        sizes = proportional_bytes(pids)
                words = dict(commands())
                for pid in sorted(pids):
                    module_words = words[pid].partition(" -m ")[2].partition(" --")[0].strip()
                    name = module_words or Path(words[pid].partition(" ")[0]).name.rstrip(":")
                    found.setdefault(module, {}).setdefault(name, []).append(round(sizes[pid] / 1e6, 1))
                service.stop()
            print(f"{module}: {found[module]}", file=sys.stderr, flush=True)
    return found


def _is_ready(client: httpx.Client) -> bool:
    return client.get("/ready").status_code == 200


def proportional_bytes(pids: Collection[int]) -> dict[int, int]:
    """Return the memory of processes: their own pages, and a share of each file that several of them map.

    It is their proportional set size as if no other program of the machine mapped the same libraries.
    """
    files = {pid: _file_bytes(pid) for pid in pids}
    mapping = Counter(name for one in files.values() for name in one)
    found = {}
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        own = next(int(line.split()[1]) * _KB for line in rollup if line.startswith("Pss_Anon:"))
        found[pid] = own + round(sum(size / mapping[name] for name, size in files[pid].items()))
    return found


def _file_bytes(pid: int) -> dict[str, int]:
    """Return how much of each mapped file is in memory, without pages that the process has changed."""
    found: Counter[str] = Counter()
    name = ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            name = rest[4] if len(rest) > 4 else ""
        elif name.startswith("/") and first in ("Rss:", "Anonymous:"):
            found[name] += int(rest[0]) * _KB * (1 if first == "Rss:" else -1)
    return dict(found)


def tables(now: Mapping[str, Processes], before: Mapping[str, Processes]) -> str:
    """Return the memory of each pattern and of each kind of process, as Markdown.

    >>> print(tables({"a": {"a": [20.0], "a.app": [60.0, 60.0]}}, {"a": {"a": [150.0], "a.app": [150.0]}}), end="")
    | pattern | before, MB | processes | now, MB | processes | now / before |
    |---------|-----------:|----------:|--------:|----------:|-------------:|
    | a       |        300 |         2 |     140 |         3 |         0.47 |
    <BLANKLINE>
    At most two thirds of the memory before: 1 of 1 patterns.
    <BLANKLINE>
    ### Each process
    <BLANKLINE>
    | process  | before, MB | now, MB | now / before |
    |----------|-----------:|--------:|-------------:|
    | a: a     |        150 |      20 |         0.13 |
    | a: a.app |        150 |      60 |         0.40 |
    """
    whole, each = [], []
    for module, kinds in now.items():
        then = before.get(module, {})
        whole.append((module, *_sum(_all(then)), *_sum(_all(kinds)), _share(sum(_all(kinds)), sum(_all(then)))))
        for name, sizes in kinds.items():
            mb, earlier = fmean(sizes), fmean(then.get(name, [0.0]))
            each.append((f"{module}: {name}", f"{earlier:.0f}" if earlier else "", f"{mb:.0f}", _share(mb, earlier)))
    first = table(("pattern", "before, MB", "processes", "now, MB", "processes", "now / before"), whole)
    met = [sum(_all(now[module])) <= AIM * sum(_all(before[module])) for module in now if module in before]
    aim = f"At most two thirds of the memory before: {sum(met)} of {len(met)} patterns.\n"
    return f"{first}\n{aim}\n### Each process\n\n{table(('process', 'before, MB', 'now, MB', 'now / before'), each)}"


def _all(kinds: Processes) -> list[float]:
    return [size for sizes in kinds.values() for size in sizes]


def _sum(sizes: Sequence[float]) -> tuple[str, str]:
    return (f"{sum(sizes):.0f}", str(len(sizes))) if sizes else ("", "")


def _share(now: float, before: float) -> str:
    return f"{now / before:.2f}" if before else ""


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser("memory", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to measure")
    parser.add_argument("--only", nargs="+", help="the patterns, by module")
    parser.add_argument("--json", type=Path, help="write the numbers to this file; those of other patterns stay")
    parser.add_argument("--against", type=Path, help="the numbers of another run")
    parser.add_argument("--docs", action="store_true", help="write the tables into the docs")
    call = parser.parse_args()
    if not Path("/proc/self/smaps_rollup").exists():
        parser.error("this needs Linux")
    now = measured(call.root.resolve(), tuple(call.only or patterns(call.root.resolve())))
    if call.json:
        kept = json.loads(call.json.read_text()) if call.json.exists() else {}
        now = dict(sorted({**kept, **now}.items()))
        call.json.write_text(json.dumps(now, indent=2) + "\n")
    text = tables(now, json.loads(call.against.read_text()) if call.against else {})
    print(text)
    if call.docs:
        PAGE.write_text(placed(text, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
