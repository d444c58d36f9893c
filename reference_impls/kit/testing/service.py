"""A service as a real process: start it, send requests, stop or kill it, and read its output."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx

from kit.settings import PREFIX

_ROOT = Path(__file__).resolve().parents[2]
_ADDRESS = re.compile(r"listens on (http://\S+)")
PATIENCE_S = 180.0                                 # the machine may be slow and busy


class Service:
    """A running pattern; `url` is the address that it printed, `client` a connection to it."""

    def __init__(self, process: subprocess.Popen[str], output: Path, errors: Path) -> None:
        self.process = process
        self._output = output
        self._errors = errors
        self.url = ""
        self.client = httpx.Client(timeout=PATIENCE_S)
        self.closing = ExitStack()                 # further clients, closed at the end

    @property
    def output(self) -> str:
        """Its standard output so far."""
        return self._output.read_text()

    @property
    def errors(self) -> str:
        """Its standard error so far."""
        return self._errors.read_text()

    def wait_until_listening(self, patience_s: float = PATIENCE_S) -> None:
        """Wait for the address that it prints; fails with its log if it exits or takes too long."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            found = _ADDRESS.search(self.output)
            if found:
                self.url = found[1]
                self.client.base_url = httpx.URL(self.url)
                return
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.output}{self.errors}"
            time.sleep(0.02)
        raise AssertionError(f"it did not listen within {patience_s:g} s:\n{self.output}{self.errors}")

    def stop(self, patience_s: float = PATIENCE_S) -> int:
        """Stop it as an operator does, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patience_s)

    def kill(self) -> None:
        """Kill it and all of its parts, like a power cut."""
        for pid in (self.process.pid, *self.children()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def children(self, part: str = "") -> list[int]:
        """Return the process ids of its parts; with `part`, only those with it in the command line."""
        return [
            pid for pid, command in commands() if pid != self.process.pid and part in command
            and session_of(pid) == self.process.pid
        ]  # fmt: skip

    def modules_with(self, library: str) -> dict[str, bool]:
        """Return the modules that its processes run, the supervisor's too, and whether each has loaded a library.

        Linux only: it looks for compiled files of the library in the memory of the process.
        """
        words = dict(commands())
        return {
            words[pid].partition(" -m ")[2].strip(): f"/{library}/" in Path(f"/proc/{pid}/maps").read_text()
            for pid in (self.process.pid, *self.children())
        }  # fmt: skip

    def child(self, part: str, patience_s: float = PATIENCE_S) -> int:
        """Wait for the part with `part` in its command line, and return its process id."""
        end = time.monotonic() + patience_s
        while len(found := self.children(part)) != 1:
            assert time.monotonic() < end, f"{len(found)} processes of {part}:\n{self.output}{self.errors}"
            time.sleep(0.02)
        return found[0]


def launch(folder: Path, module: str, *words: str, **settings: str | float | Path) -> Service:
    """Start `python -m module` in a new session, without waiting for it.

    Its state stays in `folder`; `replicas=2` becomes `SERVE_REPLICAS=2`. It listens on any free port.
    """
    return _launch(folder, [sys.executable, "-m", module, *words], settings)


def _launch(folder: Path, command: Sequence[str], settings: Mapping[str, str | float | Path]) -> Service:
    folder.mkdir(parents=True, exist_ok=True)
    given = {"port": 0, "data_dir": folder / "data", "start_s": PATIENCE_S, "lame_duck_s": 0, **settings}
    environment = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    environment |= {PREFIX + key.upper(): str(value) for key, value in given.items()}
    environment["PYTHONPATH"] = str(_ROOT)
    number = len(list(folder.glob("*.out")))
    output, errors = folder / f"{number}.out", folder / f"{number}.err"
    with output.open("w") as out, errors.open("w") as err:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=err,
            stdin=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
    return Service(process, output, errors)


@contextmanager
def start(folder: Path, module: str, *words: str, **settings: str | float | Path) -> Iterator[Service]:
    """Start a pattern, wait until it listens, and stop all of its processes at the end."""
    with _listening(launch(folder, module, *words, **settings)) as service:
        yield service


@contextmanager
def start_under(
    command: Sequence[str], folder: Path, module: str, **settings: str | float | Path
) -> Iterator[Service]:
    """Start a pattern as `start` does, by a command that executes it."""
    with _listening(_launch(folder, [*command, sys.executable, "-m", module], settings)) as service:
        yield service


@contextmanager
def _listening(service: Service) -> Iterator[Service]:
    try:
        service.wait_until_listening()
        yield service
    finally:
        service.closing.close()
        service.client.close()
        service.kill()


def refusal(folder: Path, module: str, *words: str, **settings: str | float | Path) -> str:
    """Return the error of a service that does not start; fails if it starts, or if it prints a traceback."""
    service = launch(folder, module, *words, **settings)
    try:
        status = service.process.wait(PATIENCE_S)
    finally:
        service.kill()
        service.client.close()
    assert status == 2, f"exit status {status}:\n{service.output}{service.errors}"
    assert "Traceback" not in service.errors
    assert service.errors.startswith("cannot start: "), service.errors
    return service.errors


def wait_for(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait until a condition is true; fails if that takes too long.

    The pauses follow the cost of the question, so that asking does not take the processor from who is waited for.
    """
    end = time.monotonic() + patience_s
    while True:
        began = time.monotonic()
        if condition():
            return
        asked = time.monotonic()
        assert asked < end, "it did not happen in time"
        time.sleep(min(0.5, max(0.02, 3 * (asked - began))))


def commands() -> Iterator[tuple[int, str]]:
    """Yield the process id and command line of every process."""
    folder = Path("/proc")
    if not (folder / "self" / "cmdline").exists():                  # not Linux
        # Without -ww, ps cuts command lines at COLUMNS, which pytest-xdist sets to 80.
        listing = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 1) for line in listing.splitlines()]
        yield from ((int(pid), command) for pid, command in rows)
        return
    for found in folder.iterdir():
        if found.name.isdecimal():
            with suppress(OSError):                                 # it has ended
                words = (found / "cmdline").read_bytes().split(b"\0")
                yield int(found.name), b" ".join(words).decode(errors="replace")


def session_of(pid: int) -> int | None:
    """Return the session of a process; None if it has ended."""
    try:
        return os.getsid(pid)
    except OSError:
        return None
