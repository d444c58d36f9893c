"""Writes measured facts into an architecture file, or into the file that it includes with the record."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UsageError
from archlint.measure.edit import with_facts
from archlint.model.architecture import Architecture
from archlint.model.names import nearest
from archlint.model.read import read
from archlint.source.document import Document
from archlint.source.files import FileIncludes, project_root, read_bytes, read_document
from archlint.source.join import pick_system
from archlint.source.parser import decode, parse
from archlint.writing import encoded, write_file

_KINDS: Final = {"models": "model", "components": "component"}


class Change(msgspec.Struct, frozen=True):
    """A changed file: its path, its bytes before and after, and the folder that it must be in."""

    path: Path
    name: str
    before: bytes
    after: bytes
    root: Path

    @property
    def diff(self) -> str:
        """A unified diff; empty if nothing changed."""
        old, new = (decode(self.name, data).splitlines(keepends=True) for data in (self.before, self.after))
        lines = unified_diff(old, new, f"a/{self.name}", f"b/{self.name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    def write(self) -> None:
        """Write the file; raises `UsageError` if it was changed since it was read, and `OSError`."""
        if read_bytes(self.path, self.name) != self.before:
            raise UsageError(f"{self.name}: the file was changed during the measurement", "run the command again")
        if self.after != self.before:
            write_file(self.path, self.after, self.root)


class Record:
    """A model or component of an architecture file, whose keys can be set.

    Raises `UsageError` or `UnreadableInputError` if there is none, so that it can be made before a long measurement.
    """

    def __init__(self, file: Path, section: str, name: str, system: str = "") -> None:
        self.main = file
        self.section = section
        self.name = name
        self.includes = FileIncludes(file)
        document = read_document(file)
        self.document = pick_system(document, system) if system else document
        if not system and len(document.systems) > 1:
            raise UsageError(f"{file} describes several systems", "name one with --system")
        self.architecture = read(self.document, self.includes)
        origin = self.architecture.origins.get((section, name))
        if origin is None:
            known = [steps[1] for steps in self.architecture.origins if len(steps) == 2 and steps[0] == section]
            likely = nearest(name, known)
            hint = f"did you mean `{likely}`?" if likely else f"{section}: {', '.join(known[:20])}" if known else ""
            raise UsageError(f"{file} has no {_KINDS[section]} `{name[:80]}`", hint)
        self.home: Document = origin.document

    @property
    def path(self) -> Path:
        """The file in which the record is."""
        return self.main if self.home is self.document else self.includes.paths[self.home.name]

    def with_facts(self, facts: Mapping[str, str], day: str) -> Change:
        """Set keys of the record; raises `UsageError` if the result would not read as before, but for these keys."""
        before = read_bytes(self.path, self.home.name)
        if decode(self.home.name, before).lstrip("\ufeff") != self.home.text:
            raise UsageError(f"{self.home.name}: the file was changed during the measurement", "run the command again")
        text = with_facts(self.home, (self.section, self.name), facts, day)
        self._read_again(text)
        return Change(self.path, self.home.name, before, encoded(text, before), project_root(self.main))

    def _read_again(self, text: str) -> None:
        """Raise `UsageError` if a new text of the record's file adds a problem."""
        changed = parse(self.home.name, text)
        old = [one.extent.start for one in parse(self.home.name, self.home.text).systems]
        changed = changed.systems[old.index(self.home.extent.start)]
        main = changed if self.home is self.document else self.document

        def load(document: Document, target: str) -> Document:
            found = self.includes(document, target)
            return changed if found is self.home else found

        fresh = _problems(read(main, load)) - _problems(self.architecture)
        if fresh:
            what = f"the measured facts do not fit into {self.home.name}: {min(fresh)[1]}"
            raise UsageError(what, "nothing was written; correct the file first")


def _problems(architecture: Architecture) -> set[tuple[str, str]]:
    return {(problem.place.at, problem.message) for problem in architecture.problems}
