"""`archlint check --watch`: check again when a file changes that the last check has read."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from archlint.cli.checking import CheckCall, check_once
from archlint.cli.outputs import say
from archlint.cli.streams import trouble, write_bytes
from archlint.cli.terminal import error_text
from archlint.config.reading import NAME, PROJECT
from archlint.errors import ArchlintError, UsageError
from archlint.report.layout import plural
from archlint.shipped import shipped_folder

_PAUSE: Final = 0.3
_SETTLED: Final = 0.05
_MOST_WAITS: Final = 20
_CLEAR: Final = b"\x1b[2J\x1b[3J\x1b[H"
_PLACES: Final = (sys.prefix, sys.base_prefix, Path(__file__).parent.parent, shipped_folder("rules"))
_HOMES: Final = tuple(str(place) for place in _PLACES if place is not None)
_OWN: Final = tuple({*_HOMES, *map(os.path.realpath, _HOMES)})
"""Folders of Python, of installed libraries and of archlint itself, whose files are not watched."""

State = tuple[int, int, int] | frozenset[str] | None
"""A file by its time, size and number, or a folder by the names in it; `None` if it is missing."""


def watch(call: CheckCall, pause: float = _PAUSE) -> int:
    """Check, wait for a change, and check again, until Ctrl-C; returns only if standard output cannot be written."""
    if "-" in call.paths or call.stdin_filename:
        raise UsageError("--watch cannot watch standard input", "name files or folders")
    if call.show_files:
        raise UsageError("--watch and --show-files contradict each other", "remove one of them")
    seen = _Seen(file for _, file in call.outputs)
    sys.addaudithook(seen.note)
    while True:
        if sys.stdout.isatty():
            write_bytes(_CLEAR)
        _check(call, seen)
        gc.collect()
        if trouble():
            return 2
        say(f"watching {seen.counts}; press Ctrl-C to stop")
        while not seen.changed():
            time.sleep(pause)
        seen.settle()


def _check(call: CheckCall, seen: _Seen) -> None:
    """Check once; an error is printed, and the next change may correct it."""
    with seen:
        for path in (*call.paths, call.config, call.baseline):
            if path is not None:
                seen.add(os.fspath(path))               # it may not exist
        try:
            report = check_once(call)[1]
        except ArchlintError as error:
            say(error_text(error))
            return
        for file in report.files:                       # a worker process may have read them
            for name in file.sources:
                seen.add(name)


def _is_folder(state: State) -> bool:
    return isinstance(state, frozenset)


class _Seen:
    """The files and folders that the process has read: an audit hook of Python reports each."""

    def __init__(self, outputs: Iterable[str]) -> None:
        self.files: dict[str, State] = {}
        self._outputs = {os.path.realpath(file) for file in outputs if file}
        self._noting = False

    def __enter__(self) -> None:
        self.files.clear()
        self._noting = True

    def __exit__(self, *_: object) -> None:
        self._noting = False

    def note(self, event: str, values: tuple[object, ...]) -> None:
        """Note an event of the interpreter; a file opened for writing is an output."""
        if not self._noting or event not in {"open", "os.scandir", "os.listdir"}:
            return
        flags = values[2] if event == "open" else 0
        if isinstance(values[0], str | bytes) and isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR):
            self._noting = False
            try:
                self.add(os.fsdecode(values[0]))
            finally:
                self._noting = True

    def add(self, name: str) -> None:
        """Note a file or folder, and the configurations that could appear beside a file or above it."""
        path = os.path.realpath(name)
        if path in self.files or path in self._outputs or path.startswith((*_OWN, "/dev/", "/proc/")):
            return
        if os.path.abspath(name).startswith(_OWN):          # a link in these folders may lead elsewhere
            return
        if f"{os.sep}.git{os.sep}" in path:
            return
        self.files[path] = self._state(path)
        if os.path.isdir(path):
            return
        self.files.setdefault(os.path.dirname(path), self._state(os.path.dirname(path)))     # the file may not exist
        for folder in Path(path).parents:
            for config in (NAME, PROJECT):
                self.files.setdefault(str(folder / config), self._state(str(folder / config)))

    @property
    def counts(self) -> str:
        """How many files and folders exist among those that it watches."""
        files = sum(isinstance(state, tuple) for state in self.files.values())
        return f"{plural(files, 'file')} and {plural(sum(map(_is_folder, self.files.values())), 'folder')}"

    def changed(self) -> bool:
        """Return whether a file or folder changed since the check read it."""
        return any(self._state(path) != state for path, state in self.files.items())

    def settle(self) -> None:
        """Wait until no file changes for 50 ms, at most a second: another program may still be writing."""
        last, now = None, self._states()
        for _ in range(_MOST_WAITS):
            if now == last:
                return
            time.sleep(_SETTLED)
            last, now = now, self._states()

    def _states(self) -> list[State]:
        return [self._state(path) for path in self.files]

    def _state(self, path: str) -> State:
        try:
            found = os.stat(path)
            if not os.path.isdir(path):
                return found.st_mtime_ns, found.st_size, found.st_ino
            names = [name for name in os.listdir(path) if name == ".gitignore" or not name.startswith(".")]
        except (OSError, ValueError):
            return None
        return frozenset(name for name in names if os.path.join(path, name) not in self._outputs)
