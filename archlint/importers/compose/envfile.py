"""Files of variables, such as `.env`: names with values, which may use the variables before them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from archlint.importers.compose.interpolation import substitute
from archlint.importers.objects import ENV_FILE, SECRET, UNRESOLVED, Site, Value
from archlint.importers.secrets import is_secret_name, is_stated
from archlint.model.deployment import STATED
from archlint.source.document import Document
from archlint.source.nodes import Span

_LINE: Final = re.compile(
    r"""(?mx)^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*[=:][ \t]*
    ( '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | [^\r\n]* )"""
)
_COMMENT: Final = re.compile(r"(^|[ \t])#.*$")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$$"}


def read_env(
    document: Document, earlier: Mapping[str, Value], above: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """Read the variables of a file. Secrets are not kept.

    Its values may use variables: those of `above` win over its own, which win over those of `earlier` files.

    >>> text = "A=db # host" + chr(10) + "B='x # y'" + chr(10) + "C=${A}:5432"
    >>> [value.text for value in read_env(Document(".env", text, None), {}).values()]
    ['db', 'x # y', 'db:5432']
    """
    found: dict[str, Value] = {}
    for match in _LINE.finditer(document.text):
        name, written = match[1], match[2]
        site = Site(document, Span(match.start(1), match.end(1)))
        if is_secret_name(name):
            tag = STATED if is_stated(_text(written)[0]) and "$" not in written else ""
            found[name] = Value("", site, SECRET, plain=False, tag=tag)
            continue
        text, uses_variables = _text(written)
        status, tag = ENV_FILE, ""
        if uses_variables:
            known = {**earlier, **found, **(above or {})}
            result = substitute(text, known)
            tag = STATED if any(known[one].tag == STATED for one in result.used if one in known) else ""
            text, status = result.text, result.status if result.status in {UNRESOLVED, SECRET} else ENV_FILE
        found[name] = Value(text, site, status, plain=False, tag=tag)
    return found


def _text(written: str) -> tuple[str, bool]:
    """Return a value without its quotes, and whether variables in it are replaced."""
    if written[:1] == "'":
        return written[1:-1], False
    if written[:1] == '"':
        return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), written[1:-1]), True
    return _COMMENT.sub("", written).strip(), True
