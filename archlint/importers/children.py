"""Other programs, run under limits: time, memory and the size of the output. They get no variables of the caller."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import msgspec

MAX_OUTPUT: Final = 64 * 1024 * 1024
_LIMIT: Final = """
import os, sys
seconds, memory, size, command = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
try:
    import resource
except ImportError:
    import subprocess
    sys.exit(subprocess.run(command).returncode)
for name, most in (("RLIMIT_CPU", seconds), ("RLIMIT_DATA", memory), ("RLIMIT_FSIZE", size), ("RLIMIT_CORE", 0)):
    try:
        resource.setrlimit(getattr(resource, name), (most, most))
    except (AttributeError, OSError, ValueError):
        pass
os.execv(command[0], command)
"""
"""Sets the limits, then becomes the program: no code of the caller runs between fork and exec."""


class Done(msgspec.Struct, frozen=True):
    """A program that has ended: `said` is the last line of its errors, `failure` says why it was stopped."""

    output: str
    status: int
    said: str
    failure: str = ""


def run_limited(
    command: Sequence[str], folder: Path, seconds: float, memory: int, given: bytes = b"",
    variables: Mapping[str, str] | None = None,
) -> Done:  # fmt: skip
    """Run a program in a folder; it is stopped when it exceeds a limit. `memory` is in bytes."""
    limited = [sys.executable, "-I", "-S", "-c", _LIMIT, str(int(seconds) + 1), str(memory), str(MAX_OUTPUT), *command]
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        environment = {"HOME": home, "PATH": "", "GOMEMLIMIT": str(memory * 3 // 4), "GOMAXPROCS": "2"}
        for name in ("SYSTEMROOT", "TEMP", "TMP", "LANG"):
            if name in os.environ:
                environment[name] = os.environ[name]
        environment.update(variables or {})
        try:
            child = subprocess.Popen(
                limited, cwd=folder, stdin=subprocess.PIPE, stdout=output, stderr=errors, env=environment,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return Done("", 1, "", f"cannot be started: {error.strerror}")
        failure = ""
        try:
            child.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired:
            failure = f"stopped after {seconds:g} s"
        finally:
            _end(child)
        status = child.returncode
        text, said = _text(output, MAX_OUTPUT), _text(errors, 64 * 1024)
    if not failure and status:
        failure = _stopped(status, said, text, seconds, memory)
    return Done(text, status, _last(said), failure)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Stop the child, and what it has started."""
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    child.wait()


def _stopped(status: int, said: str, text: str, seconds: float, memory: int) -> str:
    """Say which limit a program exceeded; empty if it failed by itself."""
    words = ("out of memory", "cannot allocate memory", "MemoryError", "failed to reserve", "Cannot allocate")
    if any(word in said for word in words) or status in {-signal.SIGSEGV, -signal.SIGABRT}:
        return f"stopped: it needs more than {memory // 1024**2} MiB of memory"
    if len(text) >= MAX_OUTPUT or "file too large" in said.lower() or status == -getattr(signal, "SIGXFSZ", 0):
        return f"stopped: its output is larger than {MAX_OUTPUT // 1024**2} MiB"
    if status in {-getattr(signal, "SIGXCPU", 0), -signal.SIGTERM, -9}:
        return f"stopped after {seconds:g} s"
    return ""


def _text(file: IO[bytes], most: int) -> str:
    file.seek(0)
    return file.read(most).decode("utf-8", errors="replace")


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:1000] if lines else "it failed and said nothing"
