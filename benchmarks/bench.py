"""One run of the benchmark: its options, its environments, and the commands that it measures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from archlint.about import DISTRIBUTION
from benchmarks.environments import (
    CannotInstallError,
    Environment,
    compile_all,
    make_environment,
    this_environment,
)
from benchmarks.peers import PEERS, Input
from benchmarks.processes import Command, Measured, child_environment, measure

ROOT: Final = Path(__file__).resolve().parent.parent
_GENERATE: Final = str(ROOT / "benchmarks" / "generate.py")
_DRAIN: Final = str(ROOT / "benchmarks" / "drain.py")
_DONE: Final = frozenset({0, 1})
"""The exit statuses of a complete `archlint check`."""


class Options(NamedTuple):
    """The options of the call."""

    parts: tuple[str, ...]
    runs: int
    sizes: tuple[int, ...]
    here: bool
    cache: Path | None
    json: Path | None
    markdown: Path | None


class Bench:
    """The folders and environments of a run; `failures` are the measurements that failed."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.cache = options.cache or folder / "environments"
        self.failures: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self.children = child_environment(keep_path=options.here)
        self.own = self._own()
        self._peers: dict[str, Environment] | None = None

    def say(self, text: str) -> None:
        """Report the progress on standard error."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def _own(self) -> Environment:
        """Return archlint as a user installs it; with `--here`, the one of the running Python."""
        if self.options.here:
            compile_all(Path(sys.executable), ROOT / "archlint")
            self.versions["archlint"] = "of this environment"
            return this_environment()
        self.say("installing archlint")
        environment = make_environment(self.cache / "archlint", str(ROOT), again=True)
        self.versions["archlint"] = environment.version(DISTRIBUTION)
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
                    self.versions[peer.name] = environment.version(peer.package)
                    self._peers[peer.name] = environment
                except (CannotInstallError, OSError) as error:
                    self.failures[peer.name] = f"cannot be installed: {error}"
        return self._peers

    def system(self, size: int, seed: int = 1) -> Path:
        """A generated system, written by another process, so that this one stays small (see `run_once`)."""
        file = self.folder / f"company-{size}-{seed}.yaml"
        if not file.is_file():
            with file.open("wb") as output:
                words = [sys.executable, _GENERATE, str(size), "--seed", str(seed)]
                subprocess.run(words, stdout=output, check=True)
        return file

    def check(self, size: int, name: str = "", seed: int = 1) -> Command:
        """The command that checks a generated system."""
        program = Path(self.own.program("archlint"))
        words = (str(program),) if program.is_file() else (str(self.own.python), "-m", "archlint")
        file = str(self.system(size, seed))
        return Command(name or f"archlint {size}", (*words, "check", file), self.folder, _DONE)

    def drain(self, size: int) -> Command:
        """The command that drains the events of a generated system."""
        words = (str(self.own.python), _DRAIN, str(self.system(size)))
        return Command(f"drain {size}", words, self.folder)

    def inputs(self, large: bool) -> dict[str, Input]:
        """A small or a large input of each peer, by the peer's name."""
        made: dict[str, Input] = {}
        for peer in PEERS:
            environment = self.peers.get(peer.name)
            if environment is not None:
                folder = self.folder / f"{peer.name}-{'large' if large else 'small'}"
                folder.mkdir()
                made[peer.name] = peer.prepare(environment, folder, peer.large if large else peer.small)
        return made

    def measure(self, commands: Sequence[Command]) -> dict[str, Measured]:
        """Measure commands; record failures, and return the results by name."""
        measured = measure(commands, self.options.runs, self.children, self.say)
        for name, runs in measured.items():
            if runs.failure:
                self.failures[name] = f"did not run: {runs.failure}"
        return {name: runs for name, runs in measured.items() if runs.runs}
