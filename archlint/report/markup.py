"""Text from a file in Markdown: escaped, so that it is shown unchanged.

GitHub makes links of addresses (`www.`, `http://`, `https://`, `ftp://`, `mailto:`, `xmpp:`, e-mail addresses: GitHub
Flavored Markdown, section 6.9), of names (`@user`), and of references (`#1`, `GH-1`, hashes of commits); others also
of names that end like a host. None of them looks into code spans, so a word that could become a link is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from archlint.report.layout import flat, with_kept_units

_MARKUP: Final = re.compile(r"[\\`*_\[\]#|~$^]|^[-+=]|(?<=^\d)[.)]")
"""Characters that are markup in a line or at its start."""
_CODE: Final = re.compile(r"`([^`]+)`")
_LINKED: Final = re.compile(
    r"@|//|www\.|[\w-]\.(?=[^\W\d_])|#(?=\d)|\bgh-\d|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}\b", re.IGNORECASE
)
"""Parts of words that look like an address, a mention or a reference."""
_WORD: Final = re.compile(r"(?P<before>[(\[{'\"]*)(?P<core>.*?)(?P<after>[)\]}'\",;:.!?]*)", re.DOTALL)
_TICKS: Final = re.compile(r"`+")
_URL: Final = re.compile(r"https?://[^\s<>\"\\]+")


def prose(text: str, cell: bool = False) -> str:
    r"""Write a text as a line of Markdown: text between backticks is code, and there is no other markup.

    Nothing in it becomes a link, a mention, a reference to an issue, HTML, or (with `cell`) a cell of a table. No line
    is broken between a number and its unit.

    >>> prose("`a|b` waits for *x* <b>, and [c](d) for example.org")
    '`a|b` waits for \\*x\\* &lt;b&gt;, and \\[c\\](d) for `example.org`'
    >>> prose("`a|b`", cell=True)
    '`a`<code>&#124;</code>`b`'
    """
    text = flat(text)
    if text.count("`") % 2:
        return plain(text, cell)
    parts: list[tuple[str, bool]] = []
    end = 0
    for match in _CODE.finditer(text):
        parts += [*_words(text[end : match.start()]), (match[1], True)]
        end = match.end()
    return _joined([*parts, *_words(text[end:])], cell)


def plain(text: str, cell: bool = False) -> str:
    r"""Write a text as a line of Markdown that shows it unchanged, including backticks.

    >>> print(plain("`a_b` | <c>"))
    \`a\_b\` \| &lt;c&gt;
    """
    return _joined(list(_words(flat(text))), cell)


def code(text: str, cell: bool = False) -> str:
    r"""Write a text as code on one line.

    >>> code("shop/a_b.yaml:3"), code("a `b`")
    ('`shop/a_b.yaml:3`', '`` a `b` ``')
    """
    shown = flat(text)
    if cell and "|" in shown:
        # In a table, a code span cannot contain an escaped bar: GitHub and others read it differently.
        return "<code>&#124;</code>".join(map(_span, shown.split("|")))
    return _span(shown)


def _span(shown: str) -> str:
    """Write a code span; Markdown removes one space on each side if the text begins and ends with one."""
    if not shown:
        return ""
    fence = "`" * (max((len(run[0]) for run in _TICKS.finditer(shown)), default=0) + 1)
    padded = "`" in (shown[0], shown[-1]) or (shown[0] == shown[-1] == " " and shown.strip())
    space = " " if padded else ""
    return f"{fence}{space}{shown}{space}{fence}"


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text, and whether each has to be code so that it does not become a link."""
    if not _LINKED.search(text):
        yield text, False
        return
    for piece in re.split(r"(\s+)", text):
        match = _WORD.fullmatch(piece) if _LINKED.search(piece) else None
        if match is None:
            yield piece, False
        elif _LINKED.search(match["core"]):
            yield from ((match["before"], False), (match["core"], True), (match["after"], False))
        else:
            yield piece, True


def _joined(parts: list[tuple[str, bool]], cell: bool) -> str:
    """Write the pieces; adjacent code pieces are merged, because two adjacent code spans would be read wrong."""
    merged: list[tuple[str, bool]] = []
    for text, is_code in parts:
        if text and merged and merged[-1][1] == is_code:
            merged[-1] = merged[-1][0] + text, is_code
        elif text:
            merged.append((text, is_code))
    return "".join(_code_within(text, cell) if is_code else _escaped(with_kept_units(text)) for text, is_code in merged)


def _code_within(text: str, cell: bool) -> str:
    """Write code within a line: the spaces around it stay outside."""
    return f"{' ' * text.startswith(' ')}{code(text, cell)}{' ' * text.endswith(' ')}" if text.strip() else text


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda match: f"\\{match[0]}", escape(text, quote=False))


def clipped(text: str, most: int) -> str:
    """Return the beginning of a text that is longer.

    >>> clipped("one two three", 9)
    'one tw...'
    """
    text = flat(text)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def web_link(title: str, url: str) -> str:
    """Return a title, as a link if the address is a web address."""
    return f"[{prose(title)}](<{url}>)" if _URL.fullmatch(url) else prose(title)
