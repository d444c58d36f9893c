"""A parser in Python, used if PyYAML has no C parser: the same events, places and errors, but slower."""

from __future__ import annotations

import re
from typing import Final

from yaml.error import MarkedYAMLError
from yaml.events import ScalarEvent
from yaml.parser import Parser, ParserError
from yaml.scanner import Scanner
from yaml.tokens import FlowEntryToken, FlowMappingEndToken, FlowSequenceEndToken, Token, ValueToken

from archlint.source.scalars import LibyamlScanner

_MAX_NESTING: Final = 1_000
_SAME_PROBLEMS: Final = (
    (r"expected '<document start>', but found .*", "did not find expected <document start>"),
    (r"expected the node content, but found .*", "did not find expected node content"),
    (r"expected ',' or ('[]}]'), but got .*", r"did not find expected ',' or \1"),
    (r"found character .* that cannot start any token", "found character that cannot start any token"),
    (r"found undefined tag handle .*", "found undefined tag handle"),
    (r"found duplicate YAML directive", "found duplicate %YAML directive"),
    (r"duplicate tag handle .*", "found duplicate %TAG directive"),
    (r"found incompatible YAML document .*", "found incompatible YAML document"),
    (r"sequence entries are not allowed here", "block sequence entries are not allowed in this context"),
    (r"mapping (keys|values) are not allowed here", r"mapping \1 are not allowed in this context"),
)
"""What PyYAML says, and libyaml's words for it."""
_SAME_IN_BLOCKS: Final = {
    "while parsing a block collection": "did not find expected '-' indicator",
    "while parsing a block mapping": "did not find expected key",
}


class PythonParser(LibyamlScanner, Parser):
    """The parser; `get_event` is the same as the C parser's."""

    def __init__(self, text: str) -> None:
        LibyamlScanner.__init__(self, text)
        Parser.__init__(self)

    def get_event(self) -> object:
        """The next event; raises `MarkedYAMLError` in libyaml's words."""
        try:
            return self._event()
        except MarkedYAMLError as error:
            error.problem = _translated(error)
            raise

    def _event(self) -> object:
        try:
            return Parser.get_event(self)
        except ParserError as error:
            if str(error.problem).startswith("found undefined tag handle"):
                Scanner.peek_token(self)           # libyaml reads one token further: an error there comes first
            raise

    def parse_flow_mapping_value(self) -> object:
        """Read the value of a key in flow style; an empty one is placed where the next token starts."""
        if self.check_token(ValueToken):
            Scanner.get_token(self)
            if not self.check_token(FlowEntryToken, FlowMappingEndToken):
                self.states.append(self.parse_flow_mapping_key)
                return Parser.parse_flow_node(self)
        self.state = self.parse_flow_mapping_key
        return self.process_empty_scalar(Scanner.peek_token(self).start_mark)

    def parse_flow_sequence_entry_mapping_key(self) -> object:
        """Read a key in a list; like libyaml, skip the token after an empty key, and so reject the rest."""
        token = Scanner.get_token(self)
        if not self.check_token(ValueToken, FlowEntryToken, FlowSequenceEndToken):
            self.states.append(self.parse_flow_sequence_entry_mapping_value)
            return Parser.parse_flow_node(self)
        if not self.check_token(FlowSequenceEndToken):
            token = Scanner.get_token(self)
        self.state = self.parse_flow_sequence_entry_mapping_value
        return self.process_empty_scalar(token.end_mark)

    def parse_flow_sequence_entry_mapping_value(self) -> object:
        """Read the value of a key in a list; an empty one is placed where the next token starts."""
        if self.check_token(ValueToken):
            Scanner.get_token(self)
            if not self.check_token(FlowEntryToken, FlowSequenceEndToken):
                self.states.append(self.parse_flow_sequence_entry_mapping_end)
                return Parser.parse_flow_node(self)
        self.state = self.parse_flow_sequence_entry_mapping_end
        return self.process_empty_scalar(Scanner.peek_token(self).start_mark)

    def parse_flow_mapping_key(self, first: bool = False) -> object:
        """Read a key in flow style; an empty one is placed where the next token starts."""
        event = super().parse_flow_mapping_key(first)
        if isinstance(event, ScalarEvent) and event.start_mark is event.end_mark:
            event.start_mark = event.end_mark = Scanner.peek_token(self).start_mark
        return event

    def fetch_stream_end(self) -> None:
        """End the stream, on a line of its own."""
        if self.column:
            self.column = 0
            self.line += 1
        keys = [key for level, key in self.possible_simple_keys.items() if level != self.flow_level and key.required]
        super().fetch_stream_end()
        if keys:
            self.fail("while scanning a simple key", keys[0].mark, "could not find expected ':'")

    def fetch_flow_collection_start(self, kind: type[Token]) -> None:
        """Open a list or mapping in flow style, up to the depth that libyaml reads."""
        if self.flow_level >= _MAX_NESTING:
            self.save_possible_simple_key()
            self.fail("while increasing flow level", None, "exceeded maximum nesting depth")
        super().fetch_flow_collection_start(kind)

    def fetch_flow_collection_end(self, kind: type[Token]) -> None:
        """Close a list or mapping in flow style; an extra bracket closes nothing."""
        super().fetch_flow_collection_end(kind)
        self.flow_level = max(0, self.flow_level)

    def add_indent(self, column: int) -> bool:
        """Open a block, up to the depth that libyaml reads."""
        if self.indent < column and len(self.indents) >= _MAX_NESTING:
            self.fail("while increasing block level", None, "exceeded maximum nesting depth")
        return super().add_indent(column)


def _translated(error: MarkedYAMLError) -> str:
    problem = error.problem or ""
    if problem.startswith("expected <block end>"):
        return _SAME_IN_BLOCKS.get(error.context or "", problem)
    for pattern, words in _SAME_PROBLEMS:
        found, count = re.subn(pattern, words, problem, flags=re.DOTALL)
        if count:
            return found
    return problem
