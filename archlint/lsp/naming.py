"""Renames: the stretches of each file that name a part, and the text that replaces them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from archlint.errors import UsageError
from archlint.lsp.known import Known, Use, unread_files
from archlint.model.quantities import shorten
from archlint.model.reading import MAX_NAME
from archlint.source.files import real_path
from archlint.source.nodes import Span

_PLAIN: Final = r"[^\W\d][\w./-]*"
_RESERVED: Final = frozenset({"null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "none"})


class Change(NamedTuple):
    """A stretch of a file, and the text that replaces it."""

    file: str
    span: Span
    text: str


def renamed(known: Iterable[Known], use: Use, name: str) -> list[Change]:
    """Return the changes that rename a part, given its definition, in every system that has it.

    Raises `UsageError` for an impossible name, for one that exists, and if a file of the systems cannot be read.
    """
    systems = [one for one in known if _has(one, use)]
    if not systems:
        raise UsageError(f"no file of this system defines `{shorten(use.name)}`", f"define it under `{use.section}:`")
    check_name(name)
    for one in systems:
        if name != use.name and one.definition(use.section, name) is not None:
            raise UsageError(f"`{shorten(name)}` exists already under `{use.section}:`", "choose another name")
    for message in unread_files(systems):
        raise UsageError(f"a file of this system cannot be read: {message}", "correct it first")
    changes = (
        Change(str(real_path(Path(one.document.name))), one.span, respelt(one.written, one.with_name(name)))
        for system in systems for one in system.uses(use.section, use.name)
    )  # fmt: skip
    return list({(change.file, change.span): change for change in changes}.values())


def _has(known: Known, use: Use) -> bool:
    """Whether a system has the part itself, and not another one with its name."""
    found = known.definition(use.section, use.name)
    return found is not None and found.span == use.span and _file(found) == _file(use)


def _file(use: Use) -> Path:
    return real_path(Path(use.document.name))


def check_name(name: str) -> None:
    """Raise `UsageError` if the format does not allow a name."""
    if name.split() != [name] or len(name) > MAX_NAME or not name.isprintable():
        what = f"`{shorten(name)}` is not a valid name: a name is one word of at most {MAX_NAME} characters"
        raise UsageError(what, "use letters, digits, - and _")


def respelt(old: str, name: str) -> str:
    """Write a name in place of another one, with quotes if either has them.

    >>> respelt("ranker", "scorer"), respelt("'ranker'", "it's"), respelt("ranker", "a:b"), respelt("ranker", "null")
    ('scorer', "'it''s'", '"a:b"', '"null"')
    """
    if old[:1] == "'":
        return "'" + name.replace("'", "''") + "'"
    if old[:1] == '"' or name in _RESERVED or not re.fullmatch(_PLAIN, name):
        return json.dumps(name, ensure_ascii=False)
    return name
