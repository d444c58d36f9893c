"""Runs the parts of a pattern as processes: starts them, waits until they are ready, restarts and stops them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import httpx

from kit.settings import DATA_DIR, PREFIX

GRACE_S = 15.0
_PAUSE_S = 0.05
_RESTART_AFTER_S = 0.5


class StartError(Exception):
    """A part that did not become ready."""


@dataclass(slots=True)
class Part:
    """One process: its command, its environment, whether to restart it when it exits, and the signal that stops it."""

    name: str
    command: Sequence[str]
    settings: Mapping[str, str] = field(default_factory=dict)
    restart: bool = True
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it inherits the output of its parent. Its process id is in `pids/NAME` of the data folder."""
        # In its own process group: only the parent gets Ctrl-C, and stops the parts in order.
        environment = {**os.environ, **self.settings}
        self.process = subprocess.Popen(self.command, env=environment, process_group=0)
        file = Path(environment.get(f"{PREFIX}DATA_DIR", DATA_DIR)) / "pids" / self.name
        with suppress(OSError):                    # it only helps those who try what happens without the part
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{self.process.pid}\n")


def python_part(name: str, module: str, *words: str, restart: bool = True, **settings: str | int | Path) -> Part:
    """Return a part that runs a module; `port=9000` becomes `SERVE_PORT=9000` in its environment."""
    environment = {PREFIX + key.upper(): str(value) for key, value in {"part": name, **settings}.items()}
    return Part(name, [sys.executable, "-m", module, *words], environment, restart)


class Processes:
    """The parts of a pattern; the part that receives requests comes first, and is stopped first."""

    def __init__(self, *parts: Part) -> None:
        self.parts = parts
        self._stopping = False
        self._signal = signal.SIGTERM

    def run(
        self, ready_urls: Sequence[str] = (), announcement: str = "", patience_s: float = 60, grace_s: float = GRACE_S
    ) -> int:
        """Start all parts from the last to the first, report when they are ready, and run until SIGTERM or SIGINT.

        A part that does not exit within `grace_s` after SIGTERM is killed: `Settings.stop_s` is the time that it needs.
        Returns the exit status: 0 after a requested stop, 3 if a part did not start.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            for part in reversed(self.parts):
                part.start()
            with httpx.Client(timeout=1, verify=False) as client:  # plain HTTP: faster without loading certificates
                for url in ready_urls:
                    self._wait(client, url, patience_s)
            if announcement and not self._stopping:
                print(announcement, flush=True)
            self._keep()
        except StartError as error:
            if not self._stopping:
                print(f"cannot start: {error}", file=sys.stderr, flush=True)
                return 3
        finally:
            self.stop(grace_s)
        return 0

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Stop the first part, then all others at the same time; kill those that do not exit in time."""
        self._stopping = True
        for group in (self.parts[:1], self.parts[1:]):
            started = [(part, part.process) for part in group if part.process is not None]
            running = [(part, process) for part, process in started if process.poll() is None]
            for part, process in running:
                # Ctrl-C is passed on: services skip the wait for their balancers then.
                process.send_signal(self._signal if part.stop_signal is signal.SIGTERM else part.stop_signal)
            end = time.monotonic() + grace_s
            for part, process in running:
                try:
                    process.wait(max(0.0, end - time.monotonic()))
                except subprocess.TimeoutExpired:
                    print(f"{part.name} did not exit within {grace_s:g} s; killing it", file=sys.stderr, flush=True)
                    process.kill()
                    process.wait()

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._signal = signal.Signals(number)
        self._stopping = True

    def _wait(self, client: httpx.Client, url: str, patience_s: float) -> None:
        end = time.monotonic() + patience_s
        while not self._stopping:
            dead = next((p for p in self.parts if p.process is not None and p.process.poll() is not None), None)
            if dead is not None and dead.process is not None:
                raise StartError(f"{dead.name} exited with status {dead.process.returncode}")
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > end:
                raise StartError(f"{url} was not ready within {patience_s:g} s")
            time.sleep(_PAUSE_S)
        raise StartError("it was stopped before it was ready")

    def _keep(self) -> None:
        dead_since: dict[str, float] = {}
        while not self._stopping:
            for part in self.parts:
                if part.process is None or part.process.poll() is None:
                    continue
                if part.name not in dead_since:
                    dead_since[part.name] = time.monotonic()
                    again = "; restarting it" if part.restart else ""
                    status = part.process.returncode
                    print(f"{part.name} exited with status {status}{again}", file=sys.stderr, flush=True)
                elif part.restart and time.monotonic() - dead_since[part.name] > _RESTART_AFTER_S:
                    del dead_since[part.name]
                    part.start()
            time.sleep(_PAUSE_S)
