"""Builds a `Document` from the parser's events for a YAML text, within strict limits.

The events are read once; nothing else of PyYAML is used. A node keeps its text as written, so that `1.10` and `NO` do
not change. The reader of a value decides about its type, by the YAML 1.2 core schema.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from re import Match
from typing import Final

from yaml.error import YAMLError

from archlint.errors import UnreadableInputError
from archlint.source.document import Document, Flaw
from archlint.source.events import (
    ALIAS,
    DOCUMENT_START,
    MAPPING_END,
    MAPPING_START,
    SCALAR,
    SEPARATORS,
    SEQUENCE_END,
    STREAM_END,
    Event,
    event_source,
    place,
    separators,
    unreadable,
)
from archlint.source.join import join_documents
from archlint.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Span

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_DEPTH: Final = 64
_TOO_DEEP: Final = f"nests deeper than {MAX_DEPTH} levels"
MAX_SEPARATORS: Final = 6_000_000
"""Maximum number of commas, colons, brackets, dashes and line breaks: an upper bound for the number of values."""
MIN_ALIASED: Final = 10_000
"""How many values the aliases of one file may expand to. A longer file may have one per character, so that memory
stays proportional to the size of the file."""
MAX_FLAWS: Final = 10_000
MAX_DOCUMENTS: Final = 1_000

_CORE_TAGS: Final = frozenset(
    {"!", *(f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq", "int", "float", "bool", "null", "merge"))}
)
_RESOLVED_TAGS: Final = {
    "tag:yaml.org,2002:null": r"|~|null|Null|NULL",
    "tag:yaml.org,2002:bool": r"true|True|TRUE|false|False|FALSE",
    "tag:yaml.org,2002:int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "tag:yaml.org,2002:float":
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}
"""The values of these types in the core schema of YAML 1.2; a value with such a tag is read as if it had no quotes."""
_MERGE: Final = r"(?:(?:&\S+|!!merge|!<tag:yaml\.org,2002:merge>)\s+)*<<"
"""A key that merges, after its anchor and tag."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector, which would scan the growing tree repeatedly."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def decode(name: str, data: bytes) -> str:
    """Decode a file: UTF-8 with or without a byte order mark, or UTF-16 with one.

    Raises `UnreadableInputError` if it is too large, binary, or in another encoding.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableInputError(
            f"{name}: too large: the limit is {MAX_BYTES // 1024**2} MiB",
            "split the system and join the parts with `include:`",
        )
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableInputError(
            f"{name}: not text: byte {error.start} is not {encoding.removesuffix('-sig').upper()}",
            "archlint reads YAML in UTF-8, or in UTF-16 with a byte order mark",
        ) from None
    if "\0" in text:
        wide = b"\0" in data[:2] or data[1:4:2] == b"\0\0" or data[2:4] == b"\0\0"
        hint = "is this a binary file?"
        if wide:
            hint = "is it UTF-16 without a byte order mark, or UTF-32? save it as UTF-8"
        raise UnreadableInputError(f"{name}: not text: it contains a NUL character", hint)
    return text


def parse(name: str, text: str) -> Document:
    """Parse one YAML text; the root of an empty one is None.

    If there are several documents, those with the key `archlint` are the systems. The first of them is returned, with
    all of them in its `systems`. If no document has that key, the first document is returned.

    Raises `UnreadableInputError`, with line and column, if the text is not YAML, nests deeper than `MAX_DEPTH`, has
    more values than `MAX_SEPARATORS` allows, or expands to too many values by aliases. Duplicate keys, unread documents
    and unsupported tags are flaws of the returned document.

    >>> parse("a.yaml", "a: 1\\na: 2").flaws[0].kind
    'duplicate-key'
    """
    text = text.lstrip("\ufeff")
    if has_too_many_values(text):
        raise UnreadableInputError(
            f"{name}: too large: more than {MAX_SEPARATORS:,} values",
            "split the system and join the parts with `include:`",
        )
    try:
        with collector_paused():
            return join_documents(name, text, _Builder(name, text).build())
    except (YAMLError, UnicodeError) as error:
        raise unreadable(name, text, error, _TOO_DEEP) from None


def parse_all(name: str, text: str) -> list[Document]:
    """Parse every document of a YAML text; empty ones are left out. Raises what `parse` raises.

    >>> [document.root.entries["a"].value.text for document in parse_all("a.yaml", "a: 1\\n---\\n---\\na: 2")]
    ['1', '2']
    """
    text = text.lstrip("\ufeff")
    if has_too_many_values(text):
        raise UnreadableInputError(f"{name}: too large: more than {MAX_SEPARATORS:,} values", "split the file")
    try:
        with collector_paused():
            return _Builder(name, text).build()
    except (YAMLError, UnicodeError) as error:
        raise unreadable(name, text, error, _TOO_DEEP) from None


def has_too_many_values(text: str) -> bool:
    """Whether a text may have more values than the limit, found without building them."""
    return len(text) > MAX_SEPARATORS and count_separators(text) > MAX_SEPARATORS


def count_separators(text: str) -> int:
    """Count the separators of values: an upper bound for the number of values."""
    return sum(map(text.count, (",", ":", "\n", "\r", "- ", "[", "{")))


class _Builder:
    """Builds the documents of one text from the parser's events.

    The two loops make no call per scalar: most of the time of a check is spent here.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.flaws: list[Flaw] = []
        self.unlisted = 0
        self.anchors: dict[str, Node] = {}
        self.sizes: dict[str, int] = {}
        self.open_anchors: set[str] = set()
        self.aliased = 0
        self.inside = -1
        self.most_aliased = max(MIN_ALIASED, len(text))
        self.next = event_source(text)

    def build(self) -> list[Document]:
        """Build all documents; empty ones are left out."""
        found: list[Document] = []
        while True:
            event = self.next()
            if event.__class__ is STREAM_END:
                for document in found:
                    document.aliased = self.aliased
                    document.flaws += tuple(islice(map(_separator_flaw, separators(document)), MAX_FLAWS))
                return found
            if event.__class__ is not DOCUMENT_START:
                continue
            start = event.start_mark.index if found else 0
            document = self.document(start, found[0] if found else None)
            if document.root is None:
                continue
            if found:
                found[-1].extent = Span(found[-1].extent.start, start)
            found.append(document)
            if len(found) > MAX_DOCUMENTS:
                raise self.refuse(event, f"more than {MAX_DOCUMENTS:,} documents in one file", "split the file")

    def document(self, start: int, like: Document | None) -> Document:
        """Build the document at an offset of the text; anchors are valid only inside it."""
        self.flaws, self.unlisted = [], 0
        self.anchors, self.sizes = {}, {}
        root: Node | None = self.node(self.next(), 1)
        if isinstance(root, Scalar) and root.is_null:
            root = None
        extent = Span(start, len(self.text))
        made = Document(self.name, self.text, root, tuple(self.flaws), self.unlisted, extent=extent, like=like)
        made.as_written = True
        return made

    def flaw(self, flaw: Flaw) -> None:
        if len(self.flaws) < MAX_FLAWS:
            self.flaws.append(flaw)
        else:
            self.unlisted += 1

    def unsupported(self, message: str, span: Span) -> None:
        self.flaw(Flaw("unsupported-yaml", message, span, mapping=self.inside))

    def refuse(self, event: Event, what: str, hint: str) -> UnreadableInputError:
        return UnreadableInputError(f"{self.name}{place(self.text, event.start_mark.index)}: {what}", hint)

    def node(self, event: Event, depth: int) -> Node:
        """Build the node that starts with an event, with its tag and anchor; an alias has neither."""
        kind = event.__class__
        if kind is ALIAS:
            return self.alias(event)
        if event.tag is not None:
            self.check_tag(event)
        anchor = event.anchor
        if kind is SCALAR:
            plain = event.tag in _RESOLVED_TAGS or (event.implicit[0] and event.tag is None)
            start = event.start_mark.index
            result: Node = Scalar(event.value, start, event.end_mark.index - start, plain)
        else:
            if anchor is not None:
                self.open_anchors.add(anchor)
            result = self.mapping(event, depth) if kind is MAPPING_START else self.sequence(event, depth)
            if anchor is not None:
                self.open_anchors.discard(anchor)
        if anchor is not None:
            self.anchors[anchor] = result
            self.sizes.pop(anchor, None)
        return result

    def check_tag(self, event: Event) -> None:
        """Report a tag that is not supported, or whose value is of another type."""
        start = event.start_mark.index
        span = Span(start, max(event.end_mark.index, start + 1))
        pattern = _RESOLVED_TAGS.get(event.tag or "")
        if event.tag not in _CORE_TAGS:
            self.unsupported(f"the tag {(event.tag or '')[:60]} is not supported", span)
        elif pattern is not None and (event.__class__ is not SCALAR or not re.fullmatch(pattern, event.value)):
            name = (event.tag or "").rpartition(":")[2]
            self.unsupported(f"the value of the tag !!{name} is not of this type", span)

    def alias(self, event: Event) -> Node:
        """Return the node of an alias, and count the values that it expands to."""
        name = event.anchor or ""
        if name in self.open_anchors:
            raise self.refuse(event, f"the alias *{name[:60]} is inside its own anchor", "write the value out")
        node = self.anchors.get(name)
        if node is None:
            raise self.refuse(event, f"the alias *{name[:60]} has no anchor before it", f"define it with &{name[:60]}")
        if name not in self.sizes:
            self.sizes[name] = self.measure(node)
        self.aliased += self.sizes[name]
        if self.aliased > self.most_aliased:
            message = f"aliases expand to more than {self.most_aliased:,} values"
            raise self.refuse(event, message, "write the values out")
        return node

    def measure(self, node: Node) -> int:
        """Count a node and all nodes below it, with every alias expanded."""
        total, stack = 0, [node]
        while stack and total <= self.most_aliased:
            top = stack.pop()
            total += 1
            if isinstance(top, Mapping):
                stack.extend(entry.value for entry in top.entries.values())
            elif isinstance(top, Sequence):
                stack.extend(top.items)
        return total

    def mapping(self, opening: Event, depth: int) -> Mapping:
        """Build a mapping; the first of two equal keys is used."""
        if depth > MAX_DEPTH:
            raise self.refuse(opening, _TOO_DEEP, "flatten it")
        entries: dict[str, Entry] = {}
        value: Node | None = None
        start = opening.start_mark.index
        outside, self.inside = self.inside, start
        following = self.next
        while True:
            event = following()
            if type(event) is SCALAR:
                key, key_start = event.value, event.start_mark.index
                key_width = event.end_mark.index - key_start
                if event.anchor is not None:
                    self.node(event, depth)
            elif type(event) is MAPPING_END:
                break
            else:
                odd = self.node(event, depth + 1)
                if not isinstance(odd, Scalar):
                    self.unsupported("a key must be a single value", odd.span)
                    self.node(following(), depth + 1)
                    continue
                key, key_start, key_width = odd.text, odd.start, odd.width
            event = following()
            if event.anchor is not None or type(event) is not SCALAR or event.tag is not None:
                if event.anchor is not None or event.tag is not None:
                    value = self.node(event, depth + 1)
                elif type(event) is MAPPING_START:
                    value = self.mapping(event, depth + 1)
                else:
                    value = self.sequence(event, depth + 1)
            elif event.value or event.style:
                at = event.start_mark.index
                value = Scalar(event.value, at, event.end_mark.index - at, event.implicit[0])
            else:  # nothing: libyaml places it where the next token starts, which may be lines below
                value = Scalar("", key_start + key_width, 0, True)
            entry = Entry(key_start, key_width, value)
            if entries.setdefault(key, entry) is not entry:
                self.duplicate(start, key, entries[key], entry)
        if "<<" in entries and re.compile(_MERGE).match(self.text, entries["<<"].start):
            self.merge(entries, entries.pop("<<").value)
        self.inside = outside
        end = event.end_mark.index if opening.flow_style else _end(opening, value, event)
        return Mapping(entries, start, end)

    def duplicate(self, mapping: int, key: str, first: Entry, second: Entry) -> None:
        message = f"the key `{key if len(key) <= 60 else key[:59] + '…'}` is repeated in this mapping"
        self.flaw(Flaw("duplicate-key", message, second.key_span, first.key_span, key, mapping, second.value))

    def merge(self, entries: dict[str, Entry], merged: Node) -> None:
        """Add the missing entries from the mappings under `<<`; the first mapping wins."""
        for part in merged.items if isinstance(merged, Sequence) else [merged]:
            if isinstance(part, Mapping):
                for key, entry in part.entries.items():
                    entries.setdefault(key, entry)
            else:
                message = "`<<` merges a mapping, or a list of mappings"
                self.unsupported(message, part.span)

    def sequence(self, opening: Event, depth: int) -> Sequence:
        """Build a sequence, up to its end."""
        if depth > MAX_DEPTH:
            raise self.refuse(opening, _TOO_DEEP, "flatten it")
        items: list[Node] = []
        following = self.next
        while True:
            event = following()
            if type(event) is SCALAR and event.anchor is None and event.tag is None:
                at = event.start_mark.index
                items.append(Scalar(event.value, at, event.end_mark.index - at, event.implicit[0]))
            elif type(event) is SEQUENCE_END:
                break
            elif type(event) is MAPPING_START and event.anchor is None and event.tag is None:
                items.append(self.mapping(event, depth + 1))
            else:
                items.append(self.node(event, depth + 1))
        flow = opening.flow_style
        end = event.end_mark.index if flow else _end(opening, items[-1] if items else None, event)
        return Sequence(items, opening.start_mark.index, end)


def _separator_flaw(match: Match[str]) -> Flaw:
    message = f"{SEPARATORS[match[0]]}: some YAML parsers start a new line here; editors and archlint do not"
    return Flaw("line-separator", message, Span(*match.span()), loses_meaning=False)


def _end(opening: Event, last: Node | None, closing: Event) -> int:
    """Return the end of a block collection: libyaml ends it at the next token, which may be lines below."""
    if last is None or last.end < opening.start_mark.index:
        return closing.end_mark.index
    return last.end
