"""Whether a text has a key at its top level, in whatever style of YAML it is written: asked of the parser's events.

The scan ends at the key, so that what is wrong below it does not hide the file; nothing is built, nor are aliases
followed. What is no YAML at all, as a template of Helm, has no keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from yaml.error import YAMLError

from archlint.errors import UnreadableInputError
from archlint.source.events import (
    ALIAS,
    MAPPING_END,
    MAPPING_START,
    SCALAR,
    SEQUENCE_END,
    SEQUENCE_START,
    STREAM_END,
    Event,
    event_source,
)
from archlint.source.nodes import Mapping
from archlint.source.parser import has_too_many_values, parse

_OPENINGS: Final = frozenset({MAPPING_START, SEQUENCE_START})
_CLOSINGS: Final = frozenset({MAPPING_END, SEQUENCE_END})
_NODES: Final = _OPENINGS | {SCALAR, ALIAS}


def has_top_key(text: str, key: str) -> bool:
    """Whether one of the documents of a text is a mapping with this key.

    A text that stops being YAML before the key has none, and neither has one that is too large to read.

    >>> has_top_key("{accept: [],\\n archlint: 1}", "archlint"), has_top_key("a: {archlint: 1}", "archlint")
    (True, False)
    >>> has_top_key("kind: Service\\n---\\n{accept: [], archlint: 1}", "archlint")
    True
    """
    if has_too_many_values(text):
        return False
    try:
        for event in _top_keys(event_source(text)):
            if event.__class__ is SCALAR and event.value == key:
                return True
            if event.__class__ is ALIAS or (event.__class__ is SCALAR and event.value == "<<"):
                return _has_built_key(text, key)
    except (YAMLError, UnicodeError):
        return False
    return False


def _top_keys(following: Callable[[], Event]) -> Iterator[Event]:
    """The events at which the keys of each document's top mapping start."""
    depth, nodes, is_mapping = 0, 0, False
    while True:
        event = following()
        kind = event.__class__
        if kind in _CLOSINGS:
            depth -= 1
        elif kind is STREAM_END:
            return
        elif kind in _NODES:
            if depth == 0:
                nodes, is_mapping = 0, kind is MAPPING_START
            elif depth == 1 and is_mapping:
                if nodes % 2 == 0:
                    yield event
                nodes += 1                         # keys and values alternate
            if kind in _OPENINGS:
                depth += 1


def _has_built_key(text: str, key: str) -> bool:
    """The same for keys behind an alias or a merge, which only the parser of architectures resolves."""
    try:
        root = parse("", text).root
    except UnreadableInputError:
        return False
    return isinstance(root, Mapping) and key in root.entries
