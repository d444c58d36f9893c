"""Temporary environments: one for archlint and one for each peer, installed with pip and byte-compiled."""

from __future__ import annotations

import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import child_environment


class CannotInstallError(Exception):
    """A failed installation, with the last line of pip's output."""


class Environment(NamedTuple):
    """The location of programs: the scripts of an environment, and its Python."""

    python: Path
    scripts: Path

    def program(self, name: str) -> str:
        """The path of an installed command."""
        return str(self.scripts / name)

    def version(self, package: str) -> str:
        """The version of a package that is installed there."""
        code = f"from importlib.metadata import version; print(version({package!r}))"
        return _run(str(self.python), "-c", code).strip()


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=child_environment())
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CannotInstallError(lines[-1] if lines else f"{words[0]} failed")
    return done.stdout


def this_environment() -> Environment:
    """The environment of the running Python."""
    return Environment(Path(sys.executable), Path(sys.executable).parent)


def make_environment(folder: Path, *requirements: str, again: bool = False) -> Environment:
    """Make an environment with these requirements, or reuse an earlier one; raises `CannotInstallError`.

    With `again`, it is always made: for a requirement that is a folder with changing content. Everything is
    byte-compiled.
    """
    environment = Environment(folder / "bin" / "python", folder / "bin")
    stamp = folder / "installed"
    state = sha256(f"{sys.version} {requirements}".encode()).hexdigest()
    if not again and stamp.is_file() and stamp.read_text(encoding="utf-8") == state:
        return environment
    venv.create(folder, with_pip=True, clear=True)
    pip = (str(environment.python), "-m", "pip", "--disable-pip-version-check")
    _run(*pip, "install", "--quiet", "--compile", *requirements)
    compile_all(environment.python, folder / "lib")
    stamp.write_text(state, encoding="utf-8")
    return environment


def compile_all(python: Path, folder: Path) -> None:
    """Byte-compile all modules below a folder.

    A few packages ship files for other versions of Python, which do not compile: that is not a failure.
    """
    words = (str(python), "-m", "compileall", "-q", "-j", "0", str(folder))
    subprocess.run(words, capture_output=True, check=False, env=child_environment())
