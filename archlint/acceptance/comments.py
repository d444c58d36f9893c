"""Acceptances as comments: `# archlint: accept SRV002, OPS001 -- why`, on the line of a finding or above it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from archlint.acceptance.grants import Grant, location_of
from archlint.acceptance.present import may_hold_comments
from archlint.model.architecture import Problem
from archlint.model.places import Place, place
from archlint.model.quantities import shorten
from archlint.model.records import SECTIONS
from archlint.source.document import Document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence, Span

_DIRECTIVE: Final = r"(?i)#[ \t]*archlint(:?)[ \t]*([A-Za-z-]+)([^\r\n]*)"
_REASON: Final = r"--|—|–"
_MOST_NAMED: Final = 3
_MEANT: Final = frozenset(
    "accept accepts accepted accepting allow disable ignore ignored noqa nolint off skip suppress".split()
)


def comment_grants(document: Document) -> Iterator[Grant | Problem]:
    """Find the acceptances in a document's comments, and comments that are invalid acceptances.

    A comment after a value covers the findings of that line. A comment on its own line covers the next line that is
    neither blank nor a comment. On the line of the key of a component, model or workload, it covers all of that part.
    """
    if not may_hold_comments(document.text):
        return
    inside: _Scalars | None = None
    lines, keys = _NextLines(document), _Parts(document)
    for match in re.compile(_DIRECTIVE).finditer(document.text, *document.extent):
        if match.start() and document.text[match.start() - 1] not in " \t\r\n#":
            continue
        if not (match[2].lower() in _MEANT if match[1] else _means_rules(match)):
            continue
        inside = inside or _Scalars(document)
        if not inside.hold(match.start()):
            yield from _read(document, match, lines, keys)


def _hint(words: str) -> str:
    """Return how to write a comment, with the rules that it names already."""
    named = re.findall(r"\b[A-Za-z]{3,4}[0-9]{3}\b", words)[:_MOST_NAMED]
    return f"write `# archlint: accept {', '.join(named) or 'SRV002'} -- why`"


_RULE: Final = r"[A-Za-z]+[0-9]+|[a-z0-9]+(?:-[a-z0-9]+)+"


def _means_rules(match: re.Match[str]) -> bool:
    """Whether a comment without the colon accepts rules all the same, and is not prose: `# archlint accept SRV002`."""
    words = match[3].replace(",", " ").split()
    return match[2].lower() == "accept" and bool(words) and re.fullmatch(r"[A-Za-z]{3,4}[0-9]{3}", words[0]) is not None


def _read(
    document: Document, match: re.Match[str], lines: _NextLines, keys: _Parts
) -> Iterator[Grant | Problem]:
    span = Span(match.start(), match.start() + len(match[0].rstrip()))
    line = document.position(match.start()).line
    where = Place(("accept", f"line {line}"), ("accept", "comment", match[3].strip()[:80]))
    if match[2].lower() != "accept" or not match[1]:
        message = f"`archlint{match[1]} {shorten(match[2])}` is not a comment that archlint knows"
        yield Problem("unknown-word", where, message, document, span, _hint(match[3]), loses_meaning=False)
        return
    parts = re.split(_REASON, match[3], maxsplit=1)
    rules = parts[0].replace(",", " ").split()
    reason = parts[1].strip() if len(parts) > 1 else ""
    if not rules or not reason:
        missing = "a reason" if rules else "a rule"
        message = f"an accepted finding needs {missing}"
        yield Problem("missing-key", where, message, document, span, _hint(match[3]), loses_meaning=False)
        return
    strange = next((rule for rule in rules if not re.fullmatch(_RULE, rule)), None)
    if strange is not None:
        message = f"`{shorten(strange)}` is not a rule: write only rules before the reason"
        hint = f"{_hint(parts[0])}; an end or a bound goes under `accept:`"
        yield Problem("unknown-word", where, message, document, span, hint, loses_meaning=False)
        return
    location = location_of(document, span)
    covered = lines.after(line) if _stands_alone(document, match.start()) else line
    for rule in dict.fromkeys(rules):
        own = Place(where.steps, ("accept", "comment", rule))
        yield Grant(rule, reason, location, document, span, own, line=covered, part=keys.on(covered))


def _stands_alone(document: Document, offset: int) -> bool:
    """Return whether only comments precede an offset in its line."""
    position = document.position(offset)
    return document.line(position.line)[: position.column - 1].lstrip()[:1] in {"", "#"}


class _NextLines:
    """Finds the line that a comment on a line of its own covers."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.last = document.position(len(document.text)).line
        self.known = (0, 0)

    def after(self, line: int) -> int:
        """Return the next line that is neither blank nor a comment; a series of comments is scanned once."""
        start, found = self.known
        if not start <= line < found:
            found = line + 1
            while found <= self.last and self.document.line(found).lstrip()[:1] in {"", "#"}:
                found += 1
            self.known = line, found
        return found


class _Parts:
    """The components, models and workloads of a document by the lines of their keys, computed on first use."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.by_line: dict[int, list[str]] | None = None

    def on(self, line: int) -> str | None:
        """Return the structural path of the part whose key is on a line; None if there are none or several."""
        if self.by_line is None:
            self.by_line = {}
            for section, name, start in _keys_of_parts(self.document):
                self.by_line.setdefault(self.document.position(start).line, []).append(place(section, name).at)
        found = self.by_line.get(line, ())
        return found[0] if len(found) == 1 else None


def _keys_of_parts(document: Document) -> Iterator[tuple[str, str, int]]:
    """Yield section, name and offset of each part, except those from an alias or a merge."""
    sections = document.root.entries if isinstance(document.root, Mapping) else {}
    for section in SECTIONS:
        node = sections[section].value if section in sections else None
        if isinstance(node, Mapping):
            for name, entry in node.entries.items():
                if node.start <= entry.start < node.end:
                    yield section, name, entry.start


class _Scalars:
    """The spans of all scalars with a `#`: a comment inside them is text."""

    def __init__(self, document: Document) -> None:
        spans: list[Span] = []
        stack: list[Node | None] = [document.root, *(flaw.value for flaw in document.flaws)]
        while stack:
            node = stack.pop()
            if isinstance(node, Scalar):
                if "#" in node.text:
                    spans.append(node.span)
            elif isinstance(node, Mapping):
                for key, entry in node.entries.items():
                    if "#" in key:
                        spans.append(entry.key_span)
                    stack.append(entry.value)
            elif isinstance(node, Sequence):
                stack.extend(node.items)
        self.spans = sorted(set(spans))

    def hold(self, offset: int) -> bool:
        """Return whether an offset is inside one of them."""
        index = bisect_right(self.spans, offset, key=lambda span: span.start) - 1
        return index >= 0 and offset < self.spans[index].end
