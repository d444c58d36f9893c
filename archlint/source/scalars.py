"""PyYAML's Python scanner with libyaml's rules for scalars.

They differ in tabs, in `?` and `:` in flow style, in escapes, and in error messages.
"""

from __future__ import annotations

from typing import Final

from yaml.error import Mark
from yaml.tokens import ScalarToken

from archlint.source.tags import BLANK, BLANK_OR_END, BREAK, END, HEX, TagScanner

_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_ESCAPE_LENGTHS: Final = {"x": 2, "u": 4, "U": 8}


class LibyamlScanner(TagScanner):
    """The scanner with its scalars."""

    def scan_block_scalar(self, style: str) -> ScalarToken:
        """Scan a literal or folded scalar."""
        start = self.get_mark()
        self.forward()
        chomping, increment = self._block_header(start)
        self.end_of_line("while scanning a block scalar", start)
        indent = max(self.indent, 0) + increment if increment else 0
        text, leading_break, leading_blank = "", "", False
        indent, breaks, end = self._block_breaks(indent, start)
        while self.column == indent and self.peek() != "\0":
            blank = self.peek() in BLANK
            if style == ">" and leading_break and not leading_blank and not blank:
                text += breaks or " "
            else:
                text += leading_break + breaks
            leading_blank = blank
            text += self._rest_of_line()
            leading_break = self.take_break() if self.peek() in BREAK else ""
            indent, breaks, end = self._block_breaks(indent, start)
        if chomping != "-":
            text += leading_break
        if chomping == "+":
            text += breaks
        return ScalarToken(text, False, start, end, style)

    def _rest_of_line(self) -> str:
        first = self.pointer
        last = first
        while self.buffer[last] not in END:
            last += 1
        self.forward(last - first)
        return str(self.buffer[first:last])

    def _block_header(self, start: Mark) -> tuple[str, int]:
        chomping, increment = "", 0
        for _ in range(2):
            if not chomping and self.peek() in "+-":
                chomping = self.take()
            elif not increment and self.peek() in "0123456789":
                if self.peek() == "0":
                    problem = "found an indentation indicator equal to 0"
                    self.fail("while scanning a block scalar", start, problem)
                increment = int(self.take())
        return chomping, increment

    def _block_breaks(self, indent: int, start: Mark) -> tuple[int, str, Mark]:
        """Consume indentation and line breaks; detect the indentation if it is 0."""
        breaks, end, most = "", self.get_mark(), 0
        while True:
            while self.peek() == " " and (not indent or self.column < indent):
                self.forward()
            most = max(most, self.column)
            if self.peek() == "\t" and (not indent or self.column < indent):
                problem = "found a tab character where an indentation space is expected"
                self.fail("while scanning a block scalar", start, problem)
            if self.peek() not in BREAK:
                return indent or max(most, self.indent + 1, 1), breaks, end
            breaks += self.take_break()
            end = self.get_mark()

    def scan_flow_scalar(self, style: str) -> ScalarToken:
        """Scan a scalar in quotes."""
        start = self.get_mark()
        self.forward()
        text = ""
        while True:
            if self.at_document_mark():
                self.fail("while scanning a quoted scalar", start, "found unexpected document indicator")
            if self.peek() == "\0":
                self.fail("while scanning a quoted scalar", start, "found unexpected end of stream")
            more, escaped_break = self._quoted_word(style, start)
            text += more
            if self.peek() == style:
                self.forward()
                return ScalarToken(text, False, start, self.get_mark(), style)
            text += self._quoted_spaces(escaped_break)

    def _quoted_word(self, style: str, start: Mark) -> tuple[str, bool]:
        """Consume the text between blanks; return it, and whether an escaped line break ended it."""
        text = ""
        while self.peek() not in BLANK_OR_END:
            character = self.peek()
            if style == "'" and character == "'" and self.peek(1) == "'":
                text += "'"
                self.forward(2)
            elif character == style:
                break
            elif style == '"' and character == "\\" and self.peek(1) in BREAK:
                self.forward()
                self.take_break()
                return text, True
            elif style == '"' and character == "\\":
                text += self._escape(start)
            else:
                text += self.take()
        return text, False

    def _escape(self, start: Mark) -> str:
        code = self.peek(1)
        context = "while parsing a quoted scalar"
        if code in _ESCAPES:
            self.forward(2)
            return _ESCAPES[code]
        length = _ESCAPE_LENGTHS.get(code, 0)
        if not length:
            self.fail(context, start, "found unknown escape character")
        self.forward(2)
        digits = "".join(self.peek(place) for place in range(length))
        if not HEX.issuperset(digits):
            self.fail(context, start, "did not find expected hexdecimal number")
        value = int(digits, 16)
        if 0xD800 <= value <= 0xDFFF or value > 0x10FFFF:
            self.fail(context, start, "found invalid Unicode character escape code")
        self.forward(length)
        return chr(value)

    def _quoted_spaces(self, escaped_break: bool) -> str:
        """Consume blanks and line breaks, and return the text that they stand for."""
        blanks = breaks = ""
        while self.peek() in BLANK or self.peek() in BREAK:
            if self.peek() in BREAK:
                breaks += self.take_break()
            elif breaks or escaped_break:
                self.forward()
            else:
                blanks += self.take()
        if escaped_break:
            return breaks
        return _folded(breaks) if breaks else blanks

    def scan_plain(self) -> ScalarToken:
        """Scan a scalar without quotes."""
        start = end = self.get_mark()
        text = blanks = breaks = ""
        while not self.at_document_mark() and self.peek() != "#":
            length = self._plain_length(start)
            if length:
                text += (_folded(breaks) if breaks else blanks) + self.prefix(length)
                blanks = breaks = ""
                self.forward(length)
                end = self.get_mark()
            if self.peek() not in " \t\r\n":
                break
            while self.peek() in " \t\r\n":
                if self.peek() in BREAK:
                    breaks += self.take_break()
                    continue
                if breaks and self.column <= self.indent and self.peek() == "\t":
                    problem = "found a tab character that violates indentation"
                    self.fail("while scanning a plain scalar", start, problem)
                blanks += self.take()
            if not self.flow_level and self.column <= self.indent:
                break
        if breaks:
            self.allow_simple_key = True
        return ScalarToken(text, True, start, end)

    def _plain_length(self, start: Mark) -> int:
        """How many characters of a plain scalar come before the next blank or indicator."""
        length = 0
        while self.peek(length) not in BLANK_OR_END:
            character, following = self.peek(length), self.peek(length + 1)
            if self.flow_level and character == ":" and following in ",?[]{}":
                self.forward(length)
                self.fail("while scanning a plain scalar", start, "found unexpected ':'")
            if (character == ":" and following in BLANK_OR_END) or (self.flow_level and character in ",[]{}"):
                break
            length += 1
        return length


def _folded(breaks: str) -> str:
    """Fold the line breaks inside a scalar: a single one becomes a space; of several, the first is dropped."""
    return " " if breaks == "\n" else breaks[1:]
