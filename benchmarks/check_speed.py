"""How fast archlint is, beside other linters and the least that its work takes.

`python benchmarks/check_speed.py` measures three parts: `startup` (a small file), `size` (generated systems
against the time in which the C parser alone drains the same file) and `peers` (a large input of each
linter's own kind). Everything is installed into throw-away environments and byte-compiled first; runs are
interleaved; what cannot be installed or run is said, never guessed. It reports, and asserts nothing about
times. Needs a POSIX system (for the peak memory of a child) and an index of Python packages.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.environments import (  # noqa: E402
    CannotInstallError,
    Environment,
    compile_all,
    make_environment,
    this_environment,
)
from benchmarks.peers import PEERS, Input  # noqa: E402
from benchmarks.processes import Command, Measured, bytes_below, child_environment, measure  # noqa: E402
from benchmarks.results import (  # noqa: E402  # noqa: E402
    GROWTH_FROM,
    GROWTH_OF,
    IMPORTS,
    Machine,
    Reader,
    Results,
    Size,
    Startup,
    aims,
    reader_row,
    size_row,
    startup_row,
)
from benchmarks.tables import render  # noqa: E402

PARTS: Final = ("startup", "size", "peers")
SIZES: Final = (100, 1_000, 10_000, 50_000)
SMALL: Final = 30
LARGE: Final = 10_000
BENCHMARKS: Final = ROOT / "benchmarks"
_FOUND: Final = frozenset({0, 1})
"""What `archlint check` ends with where it has done its work."""


class Options(NamedTuple):
    """What the call asks for."""

    parts: tuple[str, ...]
    runs: int
    sizes: tuple[int, ...]
    here: bool
    cache: Path | None
    json: Path | None
    markdown: Path | None


class Bench:
    """One run: the folders, the environments, and what it says on the way."""

    def __init__(self, options: Options, folder: Path, cache: Path) -> None:
        self.options = options
        self.folder = folder
        self.cache = cache
        self.failures: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self.children = child_environment(keep_path=options.here)
        self.own = self._own()
        self._peers: dict[str, Environment] | None = None

    def say(self, text: str) -> None:
        """Tell on standard error what is going on."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def _own(self) -> Environment:
        """Archlint as a user installs it; with `--here`, the one of the running Python."""
        if self.options.here:
            environment = this_environment()
            compile_all(environment.python, ROOT / "archlint")
        else:
            self.say("installing archlint")
            environment = make_environment(self.cache / "archlint", str(ROOT), again=True)
        self.versions["archlint"] = (
            environment.version("archlint") if not self.options.here else "of this environment"
        )
        return environment

    @property
    def peers(self) -> dict[str, Environment]:
        """The environments of the peers that could be installed, by name."""
        if self._peers is None:
            self._peers = {}
            for peer in PEERS:
                self.say(f"installing {peer.name}")
                try:
                    environment = make_environment(self.cache / peer.name, peer.package)
                    self._peers[peer.name] = environment
                    self.versions[peer.name] = environment.version(peer.package)
                except (CannotInstallError, OSError) as error:
                    self.failures[peer.name] = f"cannot be installed: {error}"
        return self._peers

    def system(self, size: int) -> Path:
        """A generated system, written by a process of its own: this one stays small (see `run_once`)."""
        file = self.folder / f"company-{size}.yaml"
        if not file.is_file():
            with file.open("wb") as output:
                subprocess.run(
                    [sys.executable, str(BENCHMARKS / "generate.py"), str(size)], stdout=output, check=True
                )
        return file

    def check(self, size: int) -> Command:
        """The command that checks a generated system."""
        program = Path(self.own.program("archlint"))
        words = (str(program),) if program.is_file() else (str(self.own.python), "-m", "archlint")
        return Command(f"archlint {size}", (*words, "check", str(self.system(size))), self.folder, _FOUND)

    def drain(self, size: int) -> Command:
        """The command that drains the events of a generated system."""
        words = (str(self.own.python), str(BENCHMARKS / "drain.py"), str(self.system(size)))
        return Command(f"drain {size}", words, self.folder)

    def inputs(self, large: bool) -> dict[str, Input]:
        """A small or a large input of each peer, by the peer's name."""
        made: dict[str, Input] = {}
        for peer in PEERS:
            if peer.name in self.peers:
                folder = self.folder / f"{peer.name}-{'large' if large else 'small'}"
                folder.mkdir()
                made[peer.name] = peer.prepare(
                    self.peers[peer.name], folder, peer.large if large else peer.small
                )
        return made

    def measure(self, commands: Sequence[Command]) -> dict[str, Measured]:
        """Measure, and note what did not run."""
        measured = measure(commands, self.options.runs, self.children, self.say)
        for name, runs in measured.items():
            if runs.failure:
                self.failures[name] = f"did not run: {runs.failure}"
        return measured


def measure_startup(bench: Bench) -> tuple[Startup, ...]:
    """Start-up of `archlint check` on a small file, beside what it cannot do without, and the peers."""
    python = str(bench.own.python)
    inputs = bench.inputs(large=False)
    does = {name: made.description for name, made in inputs.items()}
    archlint = bench.check(SMALL)
    commands = [
        Command("python -c pass", (python, "-c", "pass"), bench.folder),
        Command(IMPORTS, (python, "-c", "import click, yaml"), bench.folder),
        archlint._replace(name="archlint"),
        *(made.command for made in inputs.values()),
    ]
    does["archlint"] = f"an arch.yaml with {SMALL} components"
    measured = bench.measure(commands)
    own = measured["archlint"]
    return tuple(
        startup_row(name, does.get(name, ""), runs, own)
        for name, runs in measured.items()
        if runs.runs and own.runs
    )


def measure_sizes(bench: Bench) -> tuple[tuple[Size, ...], float | None]:
    """Time and memory for generated systems, and how the time grows from 10,000 to 50,000 components."""
    commands = [command for size in bench.options.sizes for command in (bench.drain(size), bench.check(size))]
    measured = bench.measure(commands)
    rows = tuple(
        size_row(
            size, bytes_below([bench.system(size)]), measured[f"archlint {size}"], measured[f"drain {size}"]
        )
        for size in bench.options.sizes
        if measured[f"archlint {size}"].runs and measured[f"drain {size}"].runs
    )
    large, small = (measured.get(f"archlint {size}", Measured()) for size in (GROWTH_OF, GROWTH_FROM))
    return rows, large.times(small)


def measure_peers(bench: Bench) -> tuple[Reader, ...]:
    """Megabytes a second on large inputs."""
    inputs = bench.inputs(large=True)
    archlint = bench.check(LARGE)._replace(name="archlint")
    own_bytes = bytes_below([bench.system(LARGE)])
    measured = bench.measure([archlint, *(made.command for made in inputs.values())])
    own = measured["archlint"]
    if not own.runs:
        return ()
    rows = [
        reader_row("archlint", f"an arch.yaml with {LARGE:,} components", own_bytes, own, (own, own_bytes))
    ]
    rows += [
        reader_row(name, made.description, made.size_bytes, measured[name], (own, own_bytes))
        for name, made in inputs.items()
        if measured[name].runs
    ]
    return tuple(rows)


def run(options: Options, folder: Path) -> Results:
    """Measure what the options ask for."""
    bench = Bench(options, folder, options.cache or folder / "environments")
    startup = measure_startup(bench) if "startup" in options.parts else ()
    sizes, growth = measure_sizes(bench) if "size" in options.parts else ((), None)
    readers = measure_peers(bench) if "peers" in options.parts else ()
    return Results(_machine(bench), bench.failures, startup, sizes, growth, readers)


def _machine(bench: Bench) -> Machine:
    return Machine(
        date.today().isoformat(),
        _processor(),
        os.cpu_count() or 1,
        platform.python_version(),
        platform.system(),
        bench.versions,
    )


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _options(words: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(description="Measure how fast archlint is, beside other linters.")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part only; repeatable")
    parser.add_argument(
        "--runs", type=int, default=10, help="rounds; slow commands take part in three (default: 10)"
    )
    parser.add_argument(
        "--sizes", default=",".join(map(str, SIZES)), help="components of the generated systems, with commas"
    )
    parser.add_argument(
        "--here", action="store_true", help="measure the archlint of the running Python; install none"
    )
    parser.add_argument("--cache", type=Path, help="keep the environments of the peers in this folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON too")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables to a file too")
    found = parser.parse_args(words)
    if found.runs < 1:
        parser.error("--runs needs at least 1")
    sizes = tuple(int(size) for size in found.sizes.split(","))
    cache = found.cache.resolve() if found.cache else None
    return Options(
        tuple(found.only or PARTS), found.runs, sizes, found.here, cache, found.json, found.markdown
    )


def as_json(results: Results) -> str:
    """All values, with names."""
    values = results._asdict() | {
        "machine": results.machine._asdict(),
        "aims": [aim._asdict() for aim in aims(results)],
        "startup": [row._asdict() for row in results.startup],
        "sizes": [row._asdict() for row in results.sizes],
        "readers": [row._asdict() for row in results.readers],
    }
    return json.dumps(values, indent=2) + "\n"


def main() -> None:
    """Measure and print."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="archlint-speed-") as folder:
        try:
            results = run(options, Path(folder))
        except CannotInstallError as error:
            raise SystemExit(f"archlint cannot be installed: {error}") from None
    text = render(results)
    print(text, end="")
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        options.json.write_text(as_json(results), encoding="utf-8")


if __name__ == "__main__":
    main()
