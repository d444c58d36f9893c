"""Measures how time and memory grow with the size of systems with extreme shapes.

`python benchmarks/shapes.py` checks each shape at two sizes, in its own process, and prints the exponent of the
time (1 is linear, 2 quadratic) and the memory per byte of input. People do not write such shapes, but a generator or an
importer may: thousands of caches of one component, of clients of one chain, of jobs in sequence.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.source.files import read_document
from archlint.verdicts import Report
from benchmarks.tables import placed, renewed, results_of, table

SIZES: Final = (1000, 8000)
SECTION: Final = "Extreme shapes"
INCLUDES: Final = "includes"
LONGEST_S: Final = 100
PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024
_HEAD: Final = "archlint: 1\nsystem: shape\n"
_SLO: Final = "slo: {latency: {p99: 200ms}, freshness: 1h}"
_MAIN: Final = f"workloads:\n  main: {{from: page, rate: 5/s, waits: true, {_SLO}}}\n"
_MODEL: Final = "models:\n  m: {service_time: {p50: 20ms, p99: 90ms}, version: 1.0.0}\n"
_SERVER: Final = "{kind: model-server, serves: [m], replicas: 2, zones: [a, b]}"
Lines = Iterator[str]


def _system(parts: Iterator[str], workloads: str = _MAIN, models: str = _MODEL) -> str:
    return _HEAD + workloads + models + "components:\n" + "".join(f"  {part}\n" for part in parts)


def _numbers(size: int, form: str) -> str:
    """Return a list of numbered targets."""
    return "[" + ", ".join(form.format(number) for number in range(size)) + "]"


def caches(size: int) -> str:
    """One component that reads many caches, each of which may answer."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        reads = _numbers(size, "{{to: c{0}, hit_ratio: 0.001, ttl: 5min}}")
        yield f"api: {{kind: service, reads: {reads}, calls: [server]}}"
        yield f"server: {_SERVER}"
        yield from (f"c{number}: {{kind: cache, service_time: 1ms}}" for number in range(size))
    return _system(parts())


def workloads_and_models(size: int) -> str:
    """Many workloads on one path to a server of many models (half of the size each); each workload uses one model."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: page, rate: 5/s, waits: true, models: [m{n}], {_SLO}}}\n" for n in range(half))
    models = "models:\n" + "".join(f"  m{n}: {{service_time: 5ms, version: 1.0.0}}\n" for n in range(half))
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield "api: {kind: service, calls: [{to: server, optional: true, timeout: 1s}]}"
        yield f"server: {{kind: model-server, serves: {_numbers(half, 'm{0}')}, replicas: 2, zones: [a, b]}}"
    return _system(parts(), "workloads:\n" + loads, models)


def workloads_of_all_models(size: int) -> str:
    """Many workloads on one path to many servers (half of the size each); no workload names its models."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: page, rate: 5/s, waits: true, {_SLO}}}\n" for n in range(half))
    models = "models:\n" + "".join(f"  m{n}: {{service_time: 5ms, version: 1.0.0}}\n" for n in range(half))
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield f"api: {{kind: service, calls: {_numbers(half, '{{to: s{0}, optional: true, timeout: 1s}}')}}}"
        yield from (f"s{n}: {{kind: model-server, serves: [m{n}], replicas: 2, zones: [a, b]}}" for n in range(half))
    return _system(parts(), "workloads:\n" + loads, models)


def clients(size: int) -> str:
    """Many clients of one chain of calls, half of the size each."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: u{n}, rate: 5/s, waits: true, {_SLO}}}\n" for n in range(half))
    def parts() -> Lines:
        yield from (f"u{n}: {{kind: client, calls: [h0]}}" for n in range(half))
        yield from (f"h{n}: {{kind: service, service_time: 1ms, calls: [h{n + 1}]}}" for n in range(half))
        yield f"h{half}: {_SERVER}"
    return _system(parts(), "workloads:\n" + loads)


def entrances(size: int) -> str:
    """Many clients that enter one chain at different places, half of the size each."""
    half = size // 2
    loads = "".join(f"  w{n}: {{from: u{n}, rate: 5/s, waits: true, {_SLO}}}\n" for n in range(half))
    def parts() -> Lines:
        yield from (f"u{n}: {{kind: client, calls: [h{n}]}}" for n in range(half))
        yield from (f"h{n}: {{kind: service, service_time: 1ms, calls: [h{n + 1}]}}" for n in range(half))
        yield f"h{half}: {_SERVER}"
    return _system(parts(), "workloads:\n" + loads)


def jobs(size: int) -> str:
    """A chain of batch jobs, each reading the output of the previous one."""
    half = size // 2
    def parts() -> Lines:
        yield f"page: {{kind: client, reads: [t{half}]}}"
        yield "t0: {kind: database}"
        for n in range(half):
            yield f"j{n}: {{kind: batch-job, serves: [m], schedule: '@daily', reads: [t{n}], writes: [t{n + 1}]}}"
            yield f"t{n + 1}: {{kind: database}}"
    return _system(parts())


def ring(size: int) -> str:
    """Services that wait for one another in one cycle."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [h0]}"
        yield from (f"h{n}: {{kind: service, calls: [h{(n + 1) % size}]}}" for n in range(size))
    return _system(parts())


def knot(size: int) -> str:
    """Services that wait for one another in many long cycles."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [h0]}"
        for n in range(size):
            yield f"h{n}: {{kind: service, calls: [h{(n + 1) % size}, h{(n * 7 + 3) % size}]}}"
    return _system(parts())


def queues_of_one_worker(size: int) -> str:
    """One worker of many queues, each with its own publisher."""
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {_numbers(size // 2, 'a{0}')}}}"
        for n in range(size // 2):
            yield f"a{n}: {{kind: service, publishes: [q{n}]}}"
            yield f"q{n}: {{kind: queue, max_length: 1000}}"
        consumed = _numbers(size // 2, "q{0}")
        yield f"worker: {{kind: worker, serves: [m], replicas: 2, consumes: {consumed}, writes: [t]}}"
        yield "t: {kind: database}"
    return _system(parts())


def queues_of_one_publisher(size: int) -> str:
    """One service that publishes to many queues, each with its own worker."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield f"api: {{kind: service, publishes: {_numbers(size // 2, 'q{0}')}}}"
        for n in range(size // 2):
            yield f"q{n}: {{kind: queue, max_length: 1000}}"
            yield f"w{n}: {{kind: worker, serves: [m], replicas: 2, consumes: [q{n}], writes: [t]}}"
        yield "t: {kind: database}"
    return _system(parts())


def monitors(size: int) -> str:
    """One server with many monitoring systems."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [server]}"
        watched = _numbers(size, "o{0}")
        yield f"server: {{kind: model-server, serves: [m], monitored_by: {watched}, logs_to: {watched}}}"
        yield from (f"o{n}: {{kind: monitoring}}" for n in range(size))
    return _system(parts())


def shares(size: int) -> str:
    """One component that sends a share of its requests to each of many servers."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield f"api: {{kind: service, calls: {_numbers(size, f'{{{{to: s{{0}}, share: {1 / size:.9f}}}}}')}}}"
        yield from (f"s{n}: {{kind: model-server, serves: [m], replicas: 1}}" for n in range(size))
    return _system(parts())


def either(size: int) -> str:
    """One component that needs any one of many servers."""
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        yield f"api: {{kind: service, calls: {_numbers(size, '{{to: s{0}, either: e, timeout: 1s}}')}}}"
        yield from (f"s{n}: {{kind: model-server, serves: [m], replicas: 1}}" for n in range(size))
    return _system(parts())


def layers(size: int) -> str:
    """Layers of ten services; each needs one of two of the next layer."""
    depth = size // 10
    def parts() -> Lines:
        yield f"page: {{kind: client, calls: {_numbers(10, 'h0x{0}')}}}"
        for layer in range(depth):
            for n in range(10):
                to = f"{{to: h{layer + 1}x{n}, either: e}}, {{to: h{layer + 1}x{(n + 3) % 10}, either: e}}"
                calls = f", calls: [{to}]" if layer + 1 < depth else ", serves: [m]"
                yield f"h{layer}x{n}: {{kind: service, replicas: 1{calls}}}"
    return _system(parts())


def halves(size: int) -> str:
    """Layers of ten services; each sends half of its requests to each of two of the next layer."""
    return layers(size).replace("either: e", "share: 0.5")


def cached_servers(size: int) -> str:
    """Many servers, each with a cache in front of it that one component reads."""
    half = size // 2
    def parts() -> Lines:
        yield "page: {kind: client, calls: [api]}"
        reads = _numbers(half, "{{to: c{0}, hit_ratio: 0.001}}")
        yield f"api: {{kind: service, reads: {reads}, calls: {_numbers(half, 's{0}')}}}"
        for n in range(half):
            yield f"c{n}: {{kind: cache}}"
            yield f"s{n}: {{kind: model-server, serves: [m], reads: [c{n}], writes: [c{n}]}}"
    return _system(parts())


SHAPES: Final[tuple[Callable[[int], str], ...]] = (
    caches, workloads_and_models, workloads_of_all_models, clients, entrances, jobs, ring, knot, queues_of_one_worker,
    queues_of_one_publisher, monitors, shares, either, layers, halves, cached_servers,
)  # fmt: skip


BY_NAME: Final = {shape.__name__: shape for shape in SHAPES}


def write_includes(size: int, folder: Path) -> Path:
    """Write files that include each other in a cycle, and also the first one; return the first."""
    for n in range(size):
        others = f"[f{(n + 1) % size}.yaml, f0.yaml]"
        text = f"archlint: 1\ninclude: {others}\ncomponents:\n  c{n}: {{kind: service, calls: [c{(n + 1) % size}]}}\n"
        (folder / f"f{n}.yaml").write_text(text, encoding="utf-8")
    return folder / "f0.yaml"


class Probe(NamedTuple):
    """One check of one file: seconds of CPU time, bytes of the input and of memory beyond the start."""

    seconds: float
    input_bytes: int
    memory_bytes: int


class Growth(NamedTuple):
    """The growth of a shape between two sizes: the CPU seconds at each, and the memory of a further byte of input.

    None if it exceeded the time limit.
    """

    shape: str
    small_s: float | None
    large_s: float | None
    exponent: float | None
    bytes_a_byte: float | None


def probe(path: Path) -> Probe:
    """Check a file, with its patterns, and write the report, in this process."""
    linter = Linter(Config(path.parent), Options(today="2026-06-30", patterns=True))
    before, start = _peak(), time.process_time()
    report, _ = linter.lint(read_document(path), path)
    render_text(Report((report,)), TextOptions())
    seconds = time.process_time() - start
    read = sum(file.stat().st_size for file in path.parent.iterdir())
    return Probe(seconds, read, _peak() - before)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT


def probed(shape: str, size: int) -> Probe | None:
    """Probe a shape in its own process; None if it exceeds the time limit."""
    words = [sys.executable, str(Path(__file__).resolve()), "--probe", shape, "--sizes", str(size)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        return None
    seconds, read, memory = done.stdout.split()
    return Probe(float(seconds), int(read), int(memory))


def growth(shape: str, sizes: tuple[int, int], rounds: int) -> Growth:
    """Measure a shape at both sizes, in turn; use the least time of the rounds, because others use the machine."""
    small, large = sizes
    found = [(probed(shape, small), probed(shape, large)) for _ in range(rounds)]
    pairs = [(one, other) for one, other in found if one is not None and other is not None]
    if not pairs:
        return Growth(shape, None, None, None, None)
    least = min(one.seconds for one, _ in pairs), min(other.seconds for _, other in pairs)
    exponent = math.log(least[1] / least[0]) / math.log(large / small)
    memory = min(other.memory_bytes for _, other in pairs) - min(one.memory_bytes for one, _ in pairs)
    return Growth(shape, *least, exponent, memory / (pairs[0][1].input_bytes - pairs[0][0].input_bytes))


def rendered(rows: Sequence[Growth], sizes: tuple[int, int]) -> str:
    """Return the section of the page with the measured shapes."""
    head = ("shape", f"s at {sizes[0]:,}", f"s at {sizes[1]:,}", "exponent", "bytes per added byte")
    lines = [(row.shape.replace("_", " "), *_cells(row)) for row in rows]
    return f"### {SECTION}\n\n" + table(head, lines)


def _cells(row: Growth) -> tuple[str, ...]:
    if row.exponent is None:
        return "", f"over {LONGEST_S}", "", ""
    return f"{row.small_s:.2f}", f"{row.large_s:.2f}", f"{row.exponent:.2f}", f"{row.bytes_a_byte:.0f}"


def _write(shape: str, size: int, folder: Path) -> Path:
    if shape == INCLUDES:
        return write_includes(size, folder)
    path = folder / "arch.yaml"
    path.write_text(BY_NAME[shape](size), encoding="utf-8")
    return path


def main() -> None:
    """Measure, and print or update the table."""
    parser = argparse.ArgumentParser(description="Measure how time and memory grow with the size of extreme shapes.")
    add = parser.add_argument
    add("shapes", nargs="*", help="names of shapes (default: all)")
    add("--sizes", default=",".join(map(str, SIZES)), help="two sizes, with a comma")
    add("--rounds", type=int, default=3, help="measurements of each (default: 3)")
    add("--markdown", type=Path, metavar="FILE", help="renew the table in this page")
    add("--probe", metavar="SHAPE", help=argparse.SUPPRESS)
    found = parser.parse_args()
    sizes = tuple(int(word) for word in found.sizes.split(","))
    if found.probe:
        with tempfile.TemporaryDirectory(prefix="archlint-shape-") as folder:
            print(*probe(_write(found.probe, sizes[0], Path(folder))))
        return
    rows = []
    for shape in found.shapes or (*BY_NAME, INCLUDES):
        rows.append(growth(shape, (sizes[0], sizes[-1]), found.rounds))
        print(shape, *_cells(rows[-1]), file=sys.stderr, flush=True)
    text = rendered(rows, (sizes[0], sizes[-1]))
    print(text, end="")
    if found.markdown:
        page = found.markdown.read_text(encoding="utf-8")
        old = results_of(page)
        new = renewed(old, old.partition("### ")[0] + text)
        found.markdown.write_text(placed(new, page), encoding="utf-8")


if __name__ == "__main__":
    main()
