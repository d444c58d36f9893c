"""Finds out from the parser's events whether a text has a key at its top level, in any style of YAML.

The scan ends at the key, so that a mistake below it does not hide the file. It builds no values and follows no aliases.
A text that is not YAML, such as a Helm template, has no keys.
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

    The answer is no if the text is not valid YAML up to the key, or if it is too large to read.

    >>> has_top_key("{accept: [],\\n archlint: 1}", "archlint"), has_top_key("a: {archlint: 1}", "archlint")
    (True, False)
    >>> has_top_key("kind: Service\\n---\\n{accept: [], archlint: 1}", "archlint")
    True
    """
    text = text.lstrip("\ufeff")                   # as the parser does
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
    """Yield the events of the keys in the top mapping of each document."""
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
    """Whether the parsed document has the key; only the full parser resolves aliases and merges."""
    try:
        root = parse("", text).root
    except UnreadableInputError:
        return False
    return isinstance(root, Mapping) and key in root.entries
