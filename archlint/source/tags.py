"""PyYAML's Python scanner with libyaml's rules for blanks, directives, anchors and tags (see `scalars` for scalars).

The two differ in what they accept and in their error messages. A file must give the same report without the C parser,
so the methods that differ are replaced.
"""

from __future__ import annotations

from typing import Final, NoReturn

from yaml.error import Mark
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError
from yaml.tokens import AliasToken, AnchorToken, DirectiveToken, TagToken

BREAK: Final = "\r\n"
BLANK: Final = " \t"
END: Final = "\0\r\n"
BLANK_OR_END: Final = "\0 \t\r\n"
_WORD: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_")
_URI: Final = _WORD | frozenset(";/?:@&=+$.%!~*'()")
_WIDE_URI: Final = _URI | frozenset(",[]")
HEX: Final = frozenset("0123456789ABCDEFabcdef")
_MAX_NUMBER: Final = 9


class TagScanner(Reader, Scanner):
    """The scanner; line breaks are those of YAML 1.2 only, as `archlint.source.events` hides the others."""

    def __init__(self, text: str) -> None:
        self.name = "<unicode string>"
        self.stream = None
        self.eof = True
        self.raw_buffer = None
        self.encoding = None
        self.buffer = text + "\0"
        self.pointer = self.index = self.line = self.column = 0
        Scanner.__init__(self)

    def peek(self, index: int = 0) -> str:
        """The character at a distance; NUL at and after the end of the text."""
        place = self.pointer + index
        return str(self.buffer[place]) if place < len(self.buffer) else "\0"

    def forward(self, length: int = 1) -> None:
        """Move on by some characters; each counts as a column, byte order marks too."""
        for _ in range(length):
            character = self.peek()
            self.pointer += 1
            self.index += 1
            self.column += 1
            if character == "\n" or (character == "\r" and self.peek() != "\n"):
                self.line += 1
                self.column = 0

    def fail(self, context: str, start: Mark | None, problem: str) -> NoReturn:
        """Raise an error at the current place, with libyaml's message."""
        raise ScannerError(context or None, start, problem, self.get_mark())

    def take(self) -> str:
        """Consume one character."""
        character = self.peek()
        self.forward()
        return character

    def take_break(self) -> str:
        """Consume a line break; whatever it is written as, it reads as a line feed."""
        self.forward(2 if self.peek() == "\r" and self.peek(1) == "\n" else 1)
        return "\n"

    def skip_blanks(self) -> None:
        """Consume spaces and tabs."""
        while self.peek() in BLANK:
            self.forward()

    def skip_comment(self) -> None:
        """Consume a comment, up to its line break."""
        if self.peek() == "#":
            while self.peek() not in END:
                self.forward()

    def at_document_mark(self) -> bool:
        """Whether a `---` or `...` is here."""
        return self.column == 0 and self.prefix(3) in {"---", "..."} and self.peek(3) in BLANK_OR_END

    def scan_to_next_token(self) -> None:
        """Skip blanks, comments and line breaks; tabs where no key can start."""
        while True:
            if self.column == 0 and self.peek() == "\ufeff":
                self.forward()
            while self.peek() == " " or (self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)):
                self.forward()
            self.skip_comment()
            if self.peek() not in BREAK:
                return
            self.take_break()
            if not self.flow_level:
                self.allow_simple_key = True

    # --- directives

    def scan_directive(self) -> DirectiveToken:
        """Scan `%YAML` or `%TAG`."""
        start = self.get_mark()
        self.forward()
        name = self._word()
        context = "while scanning a directive"
        if not name:
            self.fail(context, start, "could not find expected directive name")
        if self.peek() not in BLANK_OR_END:
            self.fail(context, start, "found unexpected non-alphabetical character")
        value: tuple[int, int] | tuple[str, str]
        if name == "YAML":
            value = self._version(start)
        elif name == "TAG":
            value = self._tag_directive(start)
        else:
            self.fail(context, start, "found unknown directive name")
        end = self.get_mark()
        self.end_of_line(context, start)
        return DirectiveToken(name, value, start, end)

    def _word(self) -> str:
        found = ""
        while self.peek() in _WORD:
            found += self.take()
        return found

    def end_of_line(self, context: str, start: Mark) -> None:
        """Consume blanks, a comment and the line break; fail on anything else."""
        self.skip_blanks()
        self.skip_comment()
        if self.peek() not in END:
            self.fail(context, start, "did not find expected comment or line break")
        if self.peek() in BREAK:
            self.take_break()

    def _version(self, start: Mark) -> tuple[int, int]:
        self.skip_blanks()
        major = self._version_number(start)
        if self.peek() != ".":
            self.fail("while scanning a %YAML directive", start, "did not find expected digit or '.' character")
        self.forward()
        minor = self._version_number(start)
        return (major if minor in {1, 2} else 0), minor       # the parser rejects all but version 1

    def _version_number(self, start: Mark) -> int:
        digits = ""
        while self.peek() in "0123456789":
            digits += self.peek()
            if len(digits) > _MAX_NUMBER:
                self.fail("while scanning a %YAML directive", start, "found extremely long version number")
            self.forward()
        if not digits:
            self.fail("while scanning a %YAML directive", start, "did not find expected version number")
        return int(digits)

    def _tag_directive(self, start: Mark) -> tuple[str, str]:
        self.skip_blanks()
        handle = self._handle(True, start)
        if self.peek() not in BLANK:
            self.fail("while scanning a %TAG directive", start, "did not find expected whitespace")
        self.skip_blanks()
        prefix = self._uri(_WIDE_URI, "", "while parsing a %TAG directive", start)
        if self.peek() not in BLANK_OR_END:
            self.fail("while scanning a %TAG directive", start, "did not find expected whitespace or line break")
        return handle, prefix

    # --- anchors and tags

    def scan_anchor(self, token: type[AliasToken] | type[AnchorToken]) -> AliasToken | AnchorToken:
        """Scan `&name` or `*name`."""
        start = self.get_mark()
        self.forward()
        name = self._word()
        end = self.get_mark()
        if not name or self.peek() not in "\0 \t\r\n?:,]}%@`":
            what = "alias" if token is AliasToken else "anchor"
            self.fail(f"while scanning an {what}", start, "did not find expected alphabetic or numeric character")
        return token(name, start, end)

    def scan_tag(self) -> TagToken:
        """Scan a tag in any of its forms."""
        start = self.get_mark()
        handle: str | None
        if self.peek(1) == "<":
            self.forward(2)
            handle, suffix = None, self._uri(_WIDE_URI, "", "while parsing a tag", start)
            if self.peek() != ">":
                self.fail("while scanning a tag", start, "did not find the expected '>'")
            self.forward()
        else:
            handle = self._handle(False, start)
            if len(handle) > 1 and handle.endswith("!"):
                suffix = self._uri(_URI, "", "while parsing a tag", start)
            else:
                handle, suffix = "!", self._uri(_URI, handle, "while parsing a tag", start)
                if not suffix:
                    handle, suffix = None, "!"
        if self.peek() not in BLANK_OR_END and not (self.flow_level and self.peek() == ","):
            self.fail("while scanning a tag", start, "did not find expected whitespace or line break")
        return TagToken((handle, suffix), start, self.get_mark())

    def _handle(self, directive: bool, start: Mark) -> str:
        context = "while scanning a tag directive" if directive else "while scanning a tag"
        if self.peek() != "!":
            self.fail(context, start, "did not find expected '!'")
        handle = self.take() + self._word()
        if self.peek() == "!":
            return handle + self.take()
        if directive and handle != "!":
            self.fail("while parsing a tag directive", start, "did not find expected '!'")
        return handle

    def _uri(self, allowed: frozenset[str], head: str, context: str, start: Mark) -> str:
        found = bytearray(head[1:].encode())
        length = len(head)
        while self.peek() in allowed:
            found += self._escaped_octets(context, start) if self.peek() == "%" else self.take().encode()
            length += 1
        if not length:
            self.fail(context, start, "did not find expected tag URI")
        return found.decode()

    def _escaped_octets(self, context: str, start: Mark) -> bytes:
        found = bytearray()
        width = 0
        while not width or len(found) < width:
            digits = self.peek(1) + self.peek(2)
            if self.peek() != "%" or not HEX.issuperset(digits):
                self.fail(context, start, "did not find URI escaped octet")
            octet = int(digits, 16)
            if not width:
                width = 1 if octet < 0x80 else {0b110: 2, 0b1110: 3}.get(octet >> 5 if octet < 0xE0 else octet >> 4, 0)
                width = width or (4 if octet >> 3 == 0b11110 else 0)
                if not width:
                    self.fail(context, start, "found an incorrect leading UTF-8 octet")
            elif octet >> 6 != 0b10:
                self.fail(context, start, "found an incorrect trailing UTF-8 octet")
            found.append(octet)
            self.forward(3)
        return bytes(found)
