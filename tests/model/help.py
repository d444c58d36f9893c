"""Shared helpers for the tests of the reader."""

from __future__ import annotations

from typing import NamedTuple

from archlint.errors import UnreadableInputError
from archlint.model.architecture import Architecture, Problem
from archlint.model.read import no_includes, read
from archlint.source.document import Document
from archlint.source.parser import parse


class Said(NamedTuple):
    """A problem as shown in a report; `underlined` is the text that it points to."""

    line: int
    column: int
    kind: str
    underlined: str
    message: str
    suggestion: str


def architecture(text: str) -> Architecture:
    """Read one file; if it has no format version, add it."""
    return read(parse("arch.yaml", text if "archlint" in text else f"archlint: 1\n{text}"), no_includes)


def said(problem: Problem) -> Said:
    line, column = problem.document.position(problem.span.start)
    underlined = problem.document.text[problem.span.start : problem.span.end]
    return Said(line, column, problem.kind, underlined, problem.message, problem.suggestion)


def problems(text: str) -> list[Said]:
    """The problems of one file, in the order of its lines."""
    return [said(problem) for problem in architecture(text).problems]


def only_problem(text: str) -> Said:
    """The only problem of a file."""
    (problem,) = problems(text)
    return problem


class Files:
    """Files by name, and the loader that reads them; nothing is on disk."""

    def __init__(self, files: dict[str, str]) -> None:
        self.documents = {name: parse(name, text) for name, text in files.items()}

    def __call__(self, document: Document, target: str) -> Document:
        if target not in self.documents:
            raise UnreadableInputError(f"{target}: no such file", "name a file of the project")
        return self.documents[target]

    def read(self, main: str = "arch.yaml") -> Architecture:
        return read(self.documents[main], self)
