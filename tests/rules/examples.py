"""The examples of all rules: each is a complete system, with marks on the lines where a rule must fire."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.packs import Pack
from archlint.source.document import Document
from archlint.source.files import read_document
from archlint.source.parser import parse
from archlint.verdicts import FileReport

ROOT = Path(__file__).resolve().parent.parent.parent
LINTER = Linter(Config(ROOT), Options(today="2026-06-30"))
PACKS = LINTER.packs
_MARK = re.compile(r"# expect: ((?:[A-Z]{2,10}[0-9]{3} ?)+)")


class Example(msgspec.Struct, frozen=True):
    """One example file of a rule; `kind` is bad or good."""

    pack: Pack
    kind: str
    path: Path

    @property
    def text(self) -> str:
        """The text of the file."""
        return self.path.read_text(encoding="utf-8")


def examples(*kinds: str) -> list[Example]:
    """All examples of the given kinds, rule by rule."""
    return [Example(pack, kind, path) for pack in PACKS for kind in kinds for path in pack.examples(kind)]


def name_of(example: Example) -> str:
    """A short name for test reports."""
    return f"{example.pack.id}/{example.path.name}"


def lint(example: Example, text: str | None = None, linter: Linter = LINTER) -> FileReport:
    """Check an example with every rule, or another text in the place of the example."""
    document = read_document(example.path) if text is None else parse(str(example.path), text)
    return linter.lint(document, example.path)[0]


def marks(report: FileReport) -> set[tuple[str, int, str]]:
    """The (file, line, rule) triples that the files of a system mark, included files among them."""
    return {triple for document in report.sources.values() for triple in _marks_of(document)}


def _marks_of(document: Document) -> Iterator[tuple[str, int, str]]:
    for number, line in enumerate(document.text.splitlines(), start=1):
        for match in _MARK.finditer(line):
            for rule in match[1].split():
                yield document.name, number, rule


def fired(report: FileReport) -> set[tuple[str, int, str]]:
    """The (file, line, rule) triples of a report's findings."""
    return {(f.location.file, f.location.line, f.rule) for f in report.findings}
