"""Text from a file as HTML: escaped, with text between backticks marked as code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from archlint.report.layout import flat, visible, with_kept_units

Lines = Iterator[str]

_CODE: Final = re.compile(r"`([^`]+)`")


def text(value: str) -> str:
    """Escape a text for HTML and for the values of attributes, on one line.

    >>> text('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return escape(flat(value), quote=True)


def prose(value: str) -> str:
    r"""Escape a text, and mark text between backticks as code. No line is broken between a number and its unit.

    >>> prose("`a` waits for 20 ms")
    '<code>a</code> waits for 20\xa0ms'
    """
    shown = text(value)
    if shown.count("`") % 2:
        return with_kept_units(shown)
    parts = _CODE.split(shown)                      # every second one is code
    return "".join(f"<code>{part}</code>" if index % 2 else with_kept_units(part) for index, part in enumerate(parts))


def source(value: str) -> str:
    """Escape a line of a file; control characters are shown as escapes, spaces stay."""
    return escape(visible(value.replace("\t", "    ")), quote=True)


def element(name: str, content: str, klass: str = "", id: str = "", value: str = "") -> str:
    """Return an element with text in it.

    >>> element("p", "a < b", klass="lead")
    '<p class="lead">a &lt; b</p>'
    """
    given = {"class": klass, "id": id, "value": value}
    attributes = "".join(f' {key}="{text(said)}"' for key, said in given.items() if said)
    return f"<{name}{attributes}>{prose(content) if name in _PROSE else text(content)}</{name}>"


_PROSE: Final = frozenset({"p", "span", "h3", "h4", "td", "dd", "li"})
