"""Changes that answer a finding: a suggested word, an acceptance, the key that would decide; as stretches of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from archlint.acceptance.comments import comment_grants
from archlint.errors import UnreadableInputError
from archlint.lsp.naming import Change, respelt
from archlint.lsp.tree import child, own_entries, steps_of
from archlint.model.fields import Field, Rec
from archlint.model.meaning import meaning_of, scalar_of
from archlint.model.places import Step
from archlint.model.types import Choice, Flag, Parsed
from archlint.source.document import Document
from archlint.source.nodes import Mapping, Node, Span
from archlint.source.parser import parse
from archlint.verdicts import OpenQuestion

_MEANT: Final = re.compile(r"did you mean `?([^`?]+?)`?(?: or `?([^`?]+?)`?)?\?")
_WRITTEN: Final = re.compile(r"`([^`\s]+)`|accepts ([\w-]+)")
MOST_NEEDS: Final = 5


class Fix(NamedTuple):
    """A change with its title; `preferred` if it is the one that an editor should apply first."""

    title: str
    changes: tuple[Change, ...]
    preferred: bool = False


def suggested(document: Document, span: Span, message: str, suggestion: str) -> Iterator[Fix]:
    """Yield a fix for each word that a suggestion names, in place of the wrong one."""
    match = _MEANT.search(suggestion)
    wrong = _WRITTEN.search(message)
    if match is None:
        return
    text = document.text[span.start : span.end]
    bare = text.strip("\"'")
    stretch = span if " " not in bare and "#" not in bare else None
    if stretch is None and wrong is not None:
        word = wrong[1] or wrong[2]
        at = text.find(word)
        stretch = Span(span.start + at, span.start + at + len(word)) if at >= 0 else None
    if stretch is None:
        return
    meant = [word for word in match.groups() if word]
    old = document.text[stretch.start : stretch.end]
    for word in meant:
        new = respelt(old, word) if old[:1] in {'"', "'"} else word
        yield Fix(f"Change to `{word}`", (Change(document.name, stretch, new),), preferred=len(meant) == 1)


def accepted(document: Document, offset: int, rule: str) -> Fix | None:
    """Return the comment that accepts a rule at an offset, up to the reason that the user has to write.

    Without a reason, the acceptance is reported, and the finding stays open. The comment is at the end of the line, or
    above it if the line has one. None if no comment can be there, as in a text of several lines.
    """
    line = document.position(offset).line
    start = document.offset(line, 1)
    text = document.line(line)
    comment = f"# archlint: accept {rule} -- "
    indent = text[: len(text) - len(text.lstrip(" "))]
    newline = "\r\n" if "\r\n" in document.text else "\n"
    end = Change(document.name, Span(start + len(text.rstrip()), start + len(text)), f"  {comment}")
    above = Change(document.name, Span(start, start), f"{indent}{comment}{newline}")
    for change in (above,) if re.search(r"(?:^|\s)#", text) else (end, above):
        if _is_comment(document, change):
            return Fix(f"Accept {rule} here: write the reason behind `--`", (change,))
    return None


def _is_comment(document: Document, change: Change) -> bool:
    """Whether a change adds a comment that archlint reads, and nothing else."""
    text = document.text[: change.span.start] + change.text + document.text[change.span.end :]
    try:
        changed = parse(document.name, text)
    except UnreadableInputError:
        return False
    start = change.span.start + change.text.index("#")
    return any(one.span.start == start for part in changed.systems for one in comment_grants(part))


def deciding(documents: dict[str, Document], question: OpenQuestion) -> Iterator[Fix]:
    """Yield, for each key that a question needs, the line that adds it as a comment, with an example of a value."""
    ways = {*question.instead, *(() if question.more else (question.needs,))}
    for need in dict.fromkeys((*question.needs[:MOST_NEEDS], *chain.from_iterable(question.instead))):
        *holder, key = steps_of(need)
        meaning = meaning_of((*holder, key))
        if meaning is None or meaning.field is None or not isinstance(key, str):
            continue
        found = _holder(documents, tuple(holder))
        if found is not None and not (isinstance(found[1], Mapping) and key in found[1].entries):
            value = f"[{question.family}]" if question.family else example_of(meaning.field)
            change = _commented(*found, f"{key}: {value}", question.rule)
            use = "it decides" if (need,) in ways else "one of the keys that decide"
            yield Fix(f"Add `{key}` as a comment: {use} {question.rule} {question.name}", (change,))


def _holder(documents: dict[str, Document], steps: tuple[Step, ...]) -> tuple[Document, Node, Span] | None:
    """Return the mapping at a path, and the key (or the start) of the part that holds it."""
    for document in documents.values():
        node: Node | None = document.root
        head: Span | None = Span(node.start, node.start) if node is not None else None
        for step in steps:
            if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
                head = node.entries[step].key_span
            node = child(node, step)
            if isinstance(step, int) and node is not None:
                head = Span(node.start, node.start)
        if node is not None and head is not None and node.start >= head.start:
            return document, node, head
    return None


def _commented(document: Document, node: Node, head: Span, fact: str, rule: str) -> Change:
    """Return the change that adds a fact as a comment: a line of the mapping, or above a mapping in brackets."""
    newline = "\r\n" if "\r\n" in document.text else "\n"
    entries = [entry for _, entry in own_entries(node)]
    in_block = bool(entries) and document.text[node.start : node.start + 1] != "{"
    place = document.position(entries[0].start if in_block else head.start)
    line = document.line(place.line)
    own_line = not line[: place.column - 1].strip()
    if in_block and own_line:
        start, indent = document.offset(place.line, 1), line[: place.column - 1]
        text = f"{indent}# {fact}   # decides {rule}{newline}"
    elif in_block:                         # the first key stands behind the dash of a list: the line goes below
        start, indent = document.offset(place.line + 1, 1), " " * (place.column - 1)
        lead = newline if start == len(document.text) and not document.text.endswith(newline) else ""
        text = f"{lead}{indent}# {fact}   # decides {rule}{newline}"
    else:
        start, indent = document.offset(place.line, 1), line[: len(line) - len(line.lstrip(" "))]
        text = f"{indent}# add to the next line: {fact}   # decides {rule}{newline}"
    return Change(document.name, Span(start, start), text)


def example_of(field: Field[object]) -> str:
    """Return an example of a value of a key."""
    kind = scalar_of(field.type)
    if isinstance(field.type, Rec) and field.type.scalar is None:
        inner = field.type.fields[next(iter(field.type.one_of or field.type.fields))]
        return f"{{{inner.key}: {example_of(inner)}}}"
    if isinstance(kind, Parsed):
        return kind.example
    if isinstance(kind, Choice):
        return next(iter(kind.words))
    if isinstance(kind, Flag):
        return "true"
    return "…"
