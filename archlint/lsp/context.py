"""Where a cursor is in a text that is being typed: it need not be YAML yet, so lines and brackets decide."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from archlint.model.places import Step

_KEY: Final = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(?:[^\s#&*!|>%@`"'{}\[\],-]|-(?=[^\s#]))[^#]*?)[ \t]{0,9}:(?=[ \t\r\n]|$)"""
)
_PROPERTIES: Final = re.compile(r"(?:[&!]\S*[ \t]+)+")
_ACCEPT: Final = re.compile(r"#[ \t]*archlint:[ \t]*accept[ \t]+([^#]*)$")
_FLOW_KEY: Final = re.compile(r"""["']?([^\s"',:{}\[\]]+)["']?\s*:(?=[\s,}\]]|$)""")


class Context(NamedTuple):
    """What can be written at a cursor.

    `path` is the path of the mapping for a `key`, and that of the value otherwise. `what` is `key`, `value`, `item` (an
    item of a list: a value, or the first key of a mapping) or `rule` (in a comment that accepts). `word` is what is
    typed of it, and `start` its offset. `stated` are the keys that the mapping has. `flow`: it is inside brackets.
    """

    path: tuple[Step, ...]
    what: str
    word: str
    start: int
    stated: frozenset[str] = frozenset()
    flow: bool = False


class _Frame(NamedTuple):
    column: int
    step: Step


class _Open:
    """A bracket that is not closed yet."""

    def __init__(self, is_map: bool) -> None:
        self.is_map = is_map
        self.index = 0
        self.key: str | None = None
        self.stated: set[str] = set()


def context_at(text: str, offset: int) -> Context | None:
    """Return what can be written at an offset; None where nothing of the format can be.

    >>> text = "components:\\n  api: {calls: [{to: db, ti"
    >>> context_at(text, len(text))[:3]
    (('components', 'api', 'calls', 0), 'key', 'ti')
    """
    offset = min(offset, len(text))
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    return _Scan(text, start, offset).context()


class _Scan:
    """One pass over the lines before a cursor."""

    def __init__(self, text: str, line: int, offset: int) -> None:
        self.text = text
        self.line = line
        self.offset = offset
        self.frames: list[_Frame] = []
        self.keys: dict[tuple[Step, ...], set[str]] = {}

    def context(self) -> Context | None:
        """Read the lines up to the cursor, then what its own line has before it."""
        at = 0
        while at < self.line:
            following = self._skip_line(at)
            if following > self.line:      # the cursor is inside brackets or a text that an earlier line opened
                return self._inside(at)
            at = following
        return self._own_line()

    def _skip_line(self, at: int) -> int:
        """Note the keys of a line, and return the offset of the next line that is not part of its value."""
        end = self._end(at)
        line = self.text[at:end]
        following = self._next(end)
        if line.startswith(("---", "...")):
            self.frames.clear()
            self.keys.clear()
            return following
        column, content = self._dashes(line, len(line) - len(line.lstrip(" ")))
        if not content or content.startswith("#"):
            return following
        match = _KEY.match(content)
        value_at, value = at + column, content
        if match is not None:
            self._push(column, _unquoted(match[1]))
            value = content[match.end() :]
            value_at += match.end()
        lead = len(value) - len(value.lstrip())
        value, value_at = value.lstrip(), value_at + lead
        properties = _PROPERTIES.match(value)
        if properties is not None:
            value, value_at = value[properties.end() :], value_at + properties.end()
        if value[:1] in {"{", "["}:
            closed = self._flow(value_at, len(self.text))[1]
            return self._next(self._end(closed)) if closed >= end else following
        if value[:1] in {"|", ">"}:
            return self._after_block(following, self.frames[-1].column if match else column - 1)
        return following

    def _after_block(self, at: int, column: int) -> int:
        """Return the offset of the first line that is not part of a block text."""
        while at < len(self.text):
            line = self.text[at : self.offset if at == self.line else self._end(at)]
            if (line.strip() or at == self.line) and len(line) - len(line.lstrip(" ")) <= column:
                break
            at = self._next(self._end(at))
        return at

    def _inside(self, at: int) -> Context | None:
        """Return the context inside brackets that the line at an offset opens; None inside a block text."""
        line = self.text[at : self._end(at)]
        match = re.search(r"[:-][ \t]+(?:[&!]\S*[ \t]+)*([{\[])", line)
        if match is None:
            return None
        return self._in_flow(at + match.start(1))

    def _own_line(self) -> Context | None:
        line = self.text[self.line : self.offset]
        comment = re.search(r"(?:^|[ \t])#", line)
        if comment is not None and line[: comment.start()].count('"') % 2 == 0:
            return self._rule(line)
        indent = len(line) - len(line.lstrip(" "))
        column, content = self._dashes(line, indent)
        dashed = column > indent
        match = _KEY.match(content)
        if match is None:
            if not dashed:
                self._pop(column)
            path = self._path()
            key = content.lstrip("\"'")
            start = self.offset - len(key)
            stated = self._stated(path, column)
            return Context(path, "item" if dashed else "key", key, start, stated)
        self._push(column, _unquoted(match[1]))
        value = content[match.end() :]
        if not value:
            return None                    # no space behind the colon yet
        at = self.line + column + match.end() + len(value) - len(value.lstrip())
        word = value.lstrip()
        properties = _PROPERTIES.match(word)
        if properties is not None:
            at, word = at + properties.end(), word[properties.end() :]
        if word[:1] in {"{", "["}:
            return self._in_flow(at)
        if word[:1] in {"|", ">", "*"}:
            return None
        quote = len(word) - len(word.lstrip("\"'"))
        return Context(self._path(), "value", word[quote:], at + quote)

    def _rule(self, line: str) -> Context | None:
        match = _ACCEPT.search(line)
        if match is None or "--" in match[1]:
            return None
        word = re.split(r"[\s,]+", match[1])[-1]
        return Context(self._path(), "rule", word, self.offset - len(word))

    def _dashes(self, line: str, column: int) -> tuple[int, str]:
        """Note the items of lists that a line starts; return the column and content of the last one."""
        content = line[column:].rstrip("\r\n")
        while content == "-" or content.startswith(("- ", "-\t")):
            self.frames = [frame for frame in self.frames if frame.column <= column]
            top = self.frames[-1] if self.frames else None
            if top is not None and isinstance(top.step, int) and top.column == column:
                self.frames[-1] = _Frame(column, top.step + 1)
            else:
                self.frames.append(_Frame(column, 0))
            rest = content[1:]
            column += 1 + len(rest) - len(rest.lstrip(" \t"))
            content = rest.lstrip(" \t")
        return column, content

    def _pop(self, column: int) -> None:
        while self.frames and self.frames[-1].column >= column:
            self.frames.pop()

    def _push(self, column: int, key: str) -> None:
        self._pop(column)
        self.keys.setdefault(self._path(), set()).add(key)
        self.frames.append(_Frame(column, key))

    def _path(self) -> tuple[Step, ...]:
        return tuple(frame.step for frame in self.frames)

    def _stated(self, path: tuple[Step, ...], column: int) -> frozenset[str]:
        """Return the keys of the mapping at the cursor: those above it, and those below it in the same column."""
        found = set(self.keys.get(path, ()))
        at = self._next(self._end(self.offset))
        while at < len(self.text):
            line = self.text[at : self._end(at)]
            indent = len(line) - len(line.lstrip(" "))
            if line.strip() and not line.lstrip().startswith("#"):
                if indent < column:
                    break
                match = _KEY.match(line[indent:])
                if indent == column and match is not None:
                    found.add(_unquoted(match[1]))
            at = self._next(self._end(at))
        return frozenset(found)

    def _in_flow(self, at: int) -> Context | None:
        opened, _, start, quoted = self._flow(at, self.offset)
        if not opened:
            return None
        path = [*self._path()]
        for one in opened[:-1]:
            path.append((one.key or "") if one.is_map else one.index)
        last = opened[-1]
        word = self.text[start : self.offset]
        if quoted:
            word, start = word.lstrip("\"'"), start + len(word) - len(word.lstrip("\"'"))
        if not last.is_map:
            return Context((*path, last.index), "item", word, start, flow=True)
        if last.key is not None:
            return Context((*path, last.key), "value", word, start, flow=True)
        rest = self.text[self.offset : self.offset + 2000].partition("}")[0]
        stated = last.stated | set(_FLOW_KEY.findall(re.sub(r"\{[^{}]*|\[[^\[\]]*\]", "", rest)))
        return Context(tuple(path), "key", word, start, frozenset(stated), flow=True)

    def _flow(self, at: int, end: int) -> tuple[list[_Open], int, int, bool]:
        """Read brackets from an offset; return those still open, where it stopped, and the start of the last word."""
        opened: list[_Open] = []
        start, quote = at, ""
        while at < end:
            char = self.text[at]
            if quote:
                if char == "\\" and quote == '"':
                    at += 1
                elif char == quote:
                    quote = ""
            elif char in "\"'" and not self.text[start:at].strip():
                quote, start = char, at
            elif char == "#" and self.text[at - 1] in " \t\r\n":
                at = self._end(at)
                continue
            elif char in "{[":
                opened.append(_Open(char == "{"))
                start = at + 1
            elif char in "}]":
                opened.pop()
                start = at + 1
                if not opened:
                    return opened, at, start, False
            elif char == ",":
                opened[-1].index += 1
                opened[-1].key, start = None, at + 1
            elif char == ":" and opened[-1].is_map and opened[-1].key is None and self.text[at + 1 : at + 2] in _AFTER:
                opened[-1].key = _unquoted(self.text[start:at].strip())
                opened[-1].stated.add(opened[-1].key)
                start = at + 1
            at += 1
        while start < end and self.text[start] in " \t\r\n":
            start += 1
        return opened, at, start, bool(quote)

    def _end(self, at: int) -> int:
        match = re.compile(r"[^\r\n]*").match(self.text, at)
        return match.end() if match else at

    def _next(self, end: int) -> int:
        return end + (2 if self.text.startswith("\r\n", end) else 1)


_AFTER: Final = ("", " ", "\t", "\r", "\n", ",", "}", "]")


def _unquoted(key: str) -> str:
    return key[1:-1] if len(key) > 1 and key[0] == key[-1] and key[0] in "\"'" else key
