"""Sets keys of a record in the text of an architecture: comments, order and formatting stay.

Only the stretches of the set keys change, by the spans of the parser. The result is parsed again and compared: nothing
but the set keys may differ. So a record that others share, through an anchor, is refused rather than changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from archlint.errors import UnreadableInputError, UsageError
from archlint.source.document import Document
from archlint.source.nodes import Entry, Node, Scalar, Sequence
from archlint.source.nodes import Mapping as MappingNode
from archlint.source.parser import parse

_OWN_COMMENT: Final = r"# (?:measured|imported)(?: .*)? \d{4}-\d\d-\d\d"
_COLON: Final = r"[ \t]*:"
_FLOW: Final = r"(?:[&!]\S*\s+)*\{"
_ALIAS: Final = r"[ \t]*\*[^\s,\]}]+"
_WRITE_OUT: Final = "write the values of this record out, without anchors, aliases and merges"

Plain = str | tuple[str, bool] | list["Plain"] | dict[str, "Plain"]


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def with_facts(
    document: Document, steps: tuple[str, str], facts: Mapping[str, str], day: str, done: str = "measured"
) -> str:
    """Return the text of a document's file with keys of a record set: `facts` are YAML values on one line, by key.

    Lines in block style get the comment `# measured` (or what else is `done`) with the day, unless they have one.
    Raises `UsageError` if the record is not in this document, or cannot be changed on its own.
    """
    section, name = steps
    entry = _entry(document, steps)
    editor = _Editor(document, entry, f"# {done} {day}")
    text = editor.edited(facts)
    _compare(document, text, (section, name), facts, entry)
    return text


def _entry(document: Document, steps: tuple[str, str]) -> Entry:
    node: Node | None = document.root
    entry: Entry | None = None
    for step in steps:
        entry = node.entries.get(step) if isinstance(node, MappingNode) else None
        if entry is None:
            raise UsageError(f"{document.name}: there is no `{'.'.join(steps)}`", "")
        node = entry.value
    assert entry is not None
    return entry


class _Editor:
    """Edits one record of one document."""

    def __init__(self, document: Document, entry: Entry, mark: str) -> None:
        self.document = document
        self.text = document.text
        self.entry = entry
        self.mark = mark
        self.newline = "\r\n" if "\r\n" in document.text else "\n"

    def edited(self, facts: Mapping[str, str]) -> str:
        """Return the text with the facts."""
        node = self.entry.value
        if isinstance(node, Scalar) and node.is_null and node.start >= self.entry.end:
            written = ", ".join(f"{key}: {value}" for key, value in facts.items())
            colon = self._colon(self.entry)
            return self._applied([_Edit(colon, max(colon, node.end), f" {{{written}}}")])
        if not isinstance(node, MappingNode):
            raise self._refused(self.entry, "is not a mapping", "write it as a mapping")
        if node.start < self.entry.start:
            raise self._refused(self.entry, "is an alias of another record", _WRITE_OUT)
        flow = re.compile(_FLOW).match(self.text, node.start)
        own = [one for one in node.entries.values() if node.start <= one.start < node.end]
        edits: list[_Edit] = []
        missing: dict[str, str] = {}
        for key, value in facts.items():
            old = node.entries.get(key)
            if old is not None and node.start <= old.start < node.end:
                edits += self._replaced(key, old, value, flow is not None)
            else:
                missing[key] = value
        if missing and flow is not None:
            edits.append(self._added_in_flow(missing, own, flow.end()))
        elif missing:
            edits.append(self._added_in_block(missing, own))
        return self._applied(edits)

    def _applied(self, edits: list[_Edit]) -> str:
        """Apply edits from the last place to the first; of two at one place, the later one in the list comes behind."""
        text = self.text
        ordered = sorted(edits, key=lambda one: one.start)
        for edit in reversed(ordered):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text

    def _replaced(self, key: str, old: Entry, value: str, flow: bool) -> Iterator[_Edit]:
        """Replace a value; comments inside it move above it, and the comment behind it stays."""
        colon, end = self._colon(old), self._end(old)
        comments = [one for one in self._comments(old, colon, end) if not re.fullmatch(_OWN_COMMENT, one)]
        if flow:
            if comments:
                raise self._refused(old, f"has comments inside `{key}`, which would be lost", "move them out of it")
            yield _Edit(colon, end, f" {value}")
            return
        line_end = self._line_end(end)
        behind = re.fullmatch(r"[ \t]*(#.*)?", self.text[end:line_end])
        if behind is None:
            raise self._refused(old, f"has more behind `{key}` on its line", _WRITE_OUT)
        if behind[1] is None or re.fullmatch(_OWN_COMMENT, behind[1].rstrip()):
            yield _Edit(colon, line_end, f" {value}  {self.mark}")
        else:
            yield _Edit(colon, end, f" {value}")
        if comments:
            indent = " " * self._column(old.start)
            start = old.start - self._column(old.start)
            yield _Edit(start, start, "".join(f"{indent}{one}{self.newline}" for one in comments))

    def _added_in_flow(self, missing: Mapping[str, str], own: list[Entry], opening: int) -> _Edit:
        written = ", ".join(f"{key}: {value}" for key, value in missing.items())
        if not own:
            return _Edit(opening, opening, written)
        last = max(own, key=lambda one: one.start)
        end = self._end(last)
        return _Edit(end, end, f", {written}")

    def _added_in_block(self, missing: Mapping[str, str], own: list[Entry]) -> _Edit:
        if not own:
            raise self._refused(self.entry, "consists of merges only", _WRITE_OUT)
        first, last = min(own, key=lambda one: one.start), max(own, key=lambda one: one.start)
        end = self._line_end(self._end(last))
        indent = " " * self._column(first.start)
        lines = (f"{self.newline}{indent}{key}: {value}  {self.mark}" for key, value in missing.items())
        return _Edit(end, end, "".join(lines))

    def _colon(self, entry: Entry) -> int:
        """Return the offset behind the colon of a key; of a key in flow style without a colon, behind the key."""
        match = re.compile(_COLON).match(self.text, entry.end)
        return match.end() if match else entry.end

    def _end(self, entry: Entry) -> int:
        """Return the offset behind a value, or behind the alias that stands for it; line breaks are not part of it."""
        colon, value = self._colon(entry), entry.value
        if value.start < entry.end:                # the value of an alias is where its anchor is
            match = re.compile(_ALIAS).match(self.text, colon)
            return match.end() if match else colon
        end = max(colon, value.end)
        while end > colon and self.text[end - 1] in "\r\n \t":
            end -= 1
        return end

    def _line_end(self, offset: int) -> int:
        match = re.compile(r"[^\r\n]*").match(self.text, offset)
        return match.end() if match else offset

    def _column(self, offset: int) -> int:
        return self.document.position(offset).column - 1

    def _comments(self, entry: Entry, start: int, end: int) -> list[str]:
        """Return the comments between a key and the end of its value."""
        stretch = list(self.text[start:end])
        for scalar in _scalars(entry.value):
            if start <= scalar[0] and scalar[1] <= end:
                stretch[scalar[0] - start : scalar[1] - start] = "x" * (scalar[1] - scalar[0])
        return [match[0].rstrip() for match in re.finditer(r"(?<!\S)#[^\r\n]*", "".join(stretch))]

    def _refused(self, entry: Entry, what: str, hint: str) -> UsageError:
        line, column = self.document.position(entry.start)
        return UsageError.at(f"{self.document.name}:{line}:{column}", f"this record {what}", hint)


def _scalars(node: Node) -> Iterator[tuple[int, int]]:
    if isinstance(node, Scalar):
        yield node.start, node.end
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _scalars(item)
    else:
        for entry in node.entries.values():
            yield entry.start, entry.end
            yield from _scalars(entry.value)


def _compare(document: Document, text: str, steps: tuple[str, str], facts: Mapping[str, str], entry: Entry) -> None:
    """Raise `UsageError` if a text differs from a document in more than the facts of one record."""
    name = document.name
    systems = _all(parse(name, document.text))
    number = next(index for index, one in enumerate(systems) if one.extent.start == document.extent.start)
    expected = [_plain(one.root) for one in systems]
    section, record = steps
    top = expected[number]
    records = top[section] if isinstance(top, dict) else top
    if isinstance(records, dict):
        changed = dict(old) if isinstance(old := records[record], dict) else {}
        changed |= {key: _plain(parse(name, f"{{v: {value}}}").root) for key, value in facts.items()}
        changed |= {key: made["v"] for key in facts if isinstance(made := changed[key], dict)}
        records[record] = changed
    try:
        found = _all(parse(name, text))
        same = [_plain(one.root) for one in found] == expected and [len(one.flaws) for one in found] == [
            len(one.flaws) for one in systems
        ]
    except UnreadableInputError:
        same = False
    if not same:
        line, column = document.position(entry.start)
        what = f"`{'.'.join(steps)}` cannot be changed without changing something else in the file"
        raise UsageError.at(f"{name}:{line}:{column}", what, _WRITE_OUT)


def _all(document: Document) -> tuple[Document, ...]:
    return document.systems


def _plain(node: Node | None) -> Plain:
    """Return a value without its places; each scalar with whether it has quotes."""
    if node is None:
        return ""
    if isinstance(node, Scalar):
        return (node.text, node.plain)
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return {key: _plain(entry.value) for key, entry in node.entries.items()}
