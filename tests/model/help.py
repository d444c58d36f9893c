"""What the tests of the reader share."""

from __future__ import annotations

from typing import NamedTuple

from archlint.errors import UnreadableInputError
from archlint.model.architecture import Architecture, Problem
from archlint.model.read import no_includes, read
from archlint.source.document import Document
from archlint.source.parser import parse


class Said(NamedTuple):
    """A problem as a reader of the report sees it; `underlined` is the text that it points at."""

    line: int
    column: int
    kind: str
    underlined: str
    message: str
    suggestion: str


def architecture(text: str) -> Architecture:
    """Read one file; the version of the format is put before it where it says none."""
    return read(parse("arch.yaml", text if "archlint" in text else f"archlint: 1\n{text}"), no_includes)


def said(problem: Problem) -> Said:
    line, column = problem.document.position(problem.span.start)
    underlined = problem.document.text[problem.span.start : problem.span.end]
    return Said(line, column, problem.kind, underlined, problem.message, problem.suggestion)


def problems(text: str) -> list[Said]:
    """What is wrong with one file, in the order of its lines."""
    return [said(problem) for problem in architecture(text).problems]


def only_problem(text: str) -> Said:
    """The one thing that is wrong with a file."""
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
