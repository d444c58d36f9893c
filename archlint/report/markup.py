"""Text from a file in Markdown: shown as it is, whatever it looks like."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from archlint.report.layout import flat

_MARKUP: Final = re.compile(r"[\\`*_\[\]#|~$^]|^[-+=]|(?<=^\d)[.)]")
"""What would be markup within a line or at its start."""
_CODE: Final = re.compile(r"`([^`]+)`")
_REFERENCE: Final = re.compile(r"@(?=[\w-])|#(?=\d)|\b[gG][hH]-(?=\d)|:(?=//)|\b[wW]{3}(?=\.)")
_ADDRESS: Final = re.compile(r"(?<=[\w.+-])@(?=\w)|:(?=//)|\b[wW]{3}(?=\.)")
_NOTHING: Final = "\u200b"
"""A space of no width: behind it, a name is no mention, a number no reference to an issue, an address no link."""
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_URL: Final = re.compile(r"https?://[^\s<>\"\\]+")


def prose(text: str) -> str:
    r"""Write a text as a line of Markdown: `code` between its backticks, and no other markup.

    Nothing in it makes links, mentions, references to issues, HTML, or the cells of a table.

    >>> prose("`a|b` waits for *x* <b> and [c](d)")
    '<code>a\\|b</code> waits for \\*x\\* &lt;b&gt; and \\[c\\](d)'
    """
    text = flat(text)
    if text.count("`") % 2:
        return plain(text)
    parts, end = [], 0
    for match in _CODE.finditer(text):
        parts += [_escaped(text[end : match.start()], _REFERENCE), code(match[1])]
        end = match.end()
    return "".join([*parts, _escaped(text[end:], _REFERENCE)])


def plain(text: str) -> str:
    r"""Write a text as a line of Markdown that shows it letter by letter; backticks mean nothing either.

    >>> print(plain("`a_b` | <c>"))
    \`a\_b\` \| &lt;c&gt;
    """
    return _escaped(flat(text), _REFERENCE)


def code(text: str) -> str:
    r"""Write a text as code on one line; nothing of it means anything else.

    >>> code("shop/a_b.yaml:3")
    '<code>shop/a\\_b.yaml:3</code>'
    """
    shown = _escaped(flat(text), _ADDRESS)
    return f"<code>{shown}</code>" if shown else ""


def _escaped(text: str, broken: re.Pattern[str]) -> str:
    text = broken.sub(lambda match: match[0] + _NOTHING, text)
    return _MARKUP.sub(lambda match: f"\\{match[0]}", escape(text, quote=False))


def clipped(text: str, most: int) -> str:
    """Return the beginning of a text that is longer.

    >>> clipped("one two three", 9)
    'one tw...'
    """
    text = flat(text)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def pattern_url(pattern: str) -> str:
    """Return the first page that the catalogue names as a source of a pattern; empty where it names none."""
    from archlint.catalog.patterns import pattern_named

    found = pattern_named(pattern) if _NAME.fullmatch(pattern) else None
    return next((url for _, url in found.sources if _URL.fullmatch(url)), "") if found is not None else ""


def source_link(pattern: str, title: str) -> str:
    """Return the title of a pattern, linked to a page about it where there is one."""
    url = pattern_url(pattern)
    return f"[{prose(title)}](<{url}>)" if url else prose(title)
