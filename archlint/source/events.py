"""The events of a YAML text: from PyYAML's C parser, or from a slower one in Python with the same events and errors.

YAML 1.2 breaks lines at line feeds and carriage returns only, and so do editors. libyaml also breaks them at U+0085,
U+2028 and U+2029, so these characters are hidden from it: what follows one in a comment stays a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from operator import attrgetter
from types import ModuleType
from typing import Final, Protocol

from yaml import events
from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from archlint.errors import UnreadableInputError
from archlint.source.document import Document, Position


def _class(name: str) -> type[object]:
    """Return a class of events, as the parser makes them: in archlint's own processes, some are light (`later`)."""
    try:
        made_by: ModuleType = import_module("yaml._yaml")
    except ImportError:
        made_by = events
    found: type[object] = getattr(made_by, name)
    return found


ALIAS: Final = _class("AliasEvent")
DOCUMENT_START: Final = _class("DocumentStartEvent")
MAPPING_START: Final = _class("MappingStartEvent")
MAPPING_END: Final = _class("MappingEndEvent")
SCALAR: Final = _class("ScalarEvent")
SEQUENCE_START: Final = _class("SequenceStartEvent")
SEQUENCE_END: Final = _class("SequenceEndEvent")
STREAM_END: Final = _class("StreamEndEvent")
"""The classes of events, without their attributes: `Event` lists those."""

SEPARATORS: Final = {"\x85": "U+0085 (next line)", "\u2028": "U+2028 (line separator)",
                     "\u2029": "U+2029 (paragraph separator)"}  # fmt: skip
"""Characters that some YAML parsers take for line breaks, and editors do not."""
_ANY_SEPARATOR: Final = "[\x85\u2028\u2029]"
_FORBIDDEN: Final = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""Takes long to compile; the C parser does without it."""
_HINTS: Final = {
    "mapping values are not allowed": "quote a text that contains `: `, or check the indentation of this line",
    "could not find expected ':'": "a key needs a colon with a space after it",
    "did not find expected ',' or": "a bracket before this place is not closed, or a comma is missing",
    "unexpected end of stream": "a quote before this place is not closed",
    "did not find expected key": "start all keys of one mapping in one column; check the line above too",
    "did not find expected '-' indicator": "start all items of one list in one column; check the line above too",
}
_SLOW: Final = (
    "note: PyYAML has no C parser here, so YAML is read about 20 times slower; "
    "reinstall PyYAML from a wheel, or build it with libyaml"
)


class _Mark(Protocol):
    index: int


class Event(Protocol):
    """The used attributes of PyYAML's events; the class of an event determines which of them it has."""

    start_mark: _Mark
    end_mark: _Mark
    anchor: str | None
    tag: str | None
    implicit: tuple[bool, bool]
    style: str
    value: str
    flow_style: bool


def _c_parser() -> Callable[[str], object] | None:
    try:
        from yaml._yaml import CParser
    except ImportError:
        return None
    make: Callable[[str], object] = CParser
    return make


C_PARSER: Final = _c_parser()
_get_event: Final[Callable[[object], Callable[[], Event]]] = attrgetter("get_event")
_reported: Final[list[bool]] = []


def event_source(text: str) -> Callable[[], Event]:
    """Return a function that returns the next event of a text each time it is called.

    The function raises what `unreadable` explains. Offsets are those of the text.
    """
    if not _has_separators(text):
        return _get_event(_parser(text))
    hidden, shown = _stand_ins(text)
    following = _get_event(_parser(text.translate(hidden)))

    def next_event() -> Event:
        event = following()
        if event.__class__ is SCALAR:
            event.value = event.value.translate(shown)
        return event

    return next_event


def separators(document: Document) -> Iterator[re.Match[str]]:
    """Find the characters of a document that some parsers take for line breaks."""
    if not _has_separators(document.text):
        return iter(())
    return re.compile(_ANY_SEPARATOR).finditer(document.text, *document.extent)


def _has_separators(text: str) -> bool:
    return not text.isascii() and any(separator in text for separator in SEPARATORS)


def _stand_ins(text: str) -> tuple[dict[int, int], dict[int, int]]:
    """Characters for private use that a text does not contain, for those that are hidden; and the way back."""
    used = set(text)
    private = (code for code in chain(range(0xE000, 0xF900), range(0xF0000, 0xFFFFE)) if chr(code) not in used)
    hidden = dict(zip(map(ord, SEPARATORS), private, strict=False))
    return hidden, {code: original for original, code in hidden.items()}


def _parser(text: str) -> object:
    if C_PARSER is not None:
        return C_PARSER(text)
    from archlint.source.fallback import PythonParser

    if not _reported:
        _reported.append(True)
        _report_slow()
    text.encode()                                  # raises what the C parser raises for what is not Unicode
    found = re.search(_FORBIDDEN, text)
    if found is not None:
        raise ReaderError("", found.start(), ord(found[0]), "unicode", "control characters are not allowed")
    return PythonParser(text)


def _report_slow() -> None:
    """Say once, in the first process, that reading is slow."""
    from logging import getLogger
    from multiprocessing import parent_process

    if parent_process() is None:
        getLogger("archlint").warning(_SLOW)


def place(text: str, index: int) -> str:
    """An offset as `:line:column`."""
    position: Position = Document("", text, None).position(index)
    return f":{position.line}:{position.column}"


def unreadable(name: str, text: str, error: Exception, too_deep: str) -> UnreadableInputError:
    """Explain why a text is not YAML; `too_deep` is the message for too many levels."""
    forbidden = None if isinstance(error, UnicodeEncodeError) else re.search(_FORBIDDEN, text)
    if forbidden is not None:
        message = f"{name}{place(text, forbidden.start())}: not YAML: control characters are not allowed"
        return UnreadableInputError(message, "is this a text file?")
    if isinstance(error, UnicodeDecodeError):      # the escapes of a tag are all that is decoded
        return UnreadableInputError(f"{name}: not YAML: a tag is not UTF-8", "remove the tag")
    if not isinstance(error, MarkedYAMLError):
        return UnreadableInputError(f"{name}: not YAML: {' '.join(str(error).split())}", "is this a text file?")
    problem = " ".join(str(error.problem or error.context or "not well formed").split())
    mark = error.problem_mark or error.context_mark
    index = mark.index if mark else 0
    if "nesting depth" in problem:                 # the parser reads ahead, and has a limit of its own
        return UnreadableInputError(f"{name}{place(text, index)}: {too_deep}", "flatten it")
    return UnreadableInputError(f"{name}{place(text, index)}: not YAML: {problem}", _hint(text, index, problem))


def _hint(text: str, index: int, problem: str) -> str:
    if text[index : index + 1] == "\t":
        return "replace this tab: YAML is indented with spaces"
    found = [hint for words, hint in _HINTS.items() if words in problem]
    return found[0] if found else "check the indentation, brackets and quotes before this place"
