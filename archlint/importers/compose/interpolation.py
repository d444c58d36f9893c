"""Substitution of variables, as the Compose specification describes it, with the status of each result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from archlint.importers.objects import DEFAULT, ENV_FILE, LITERAL, SECRET, UNRESOLVED, Item, Rows, Table, Value
from archlint.importers.secrets import is_secret_name as names_secret
from archlint.model.deployment import STATED

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORST: Final = (LITERAL, DEFAULT, ENV_FILE, SECRET, UNRESOLVED)
MAX_NESTING: Final = 20
MAX_TEXT: Final = 1_000_000


class Substituted(msgspec.Struct, frozen=True):
    """A text after substitution, how it is known, and the variables that were used."""

    text: str
    status: str = LITERAL
    used: tuple[str, ...] = ()


def substitute(text: str, variables: Mapping[str, Value]) -> Substituted:
    """Replace the variables of a text; one without a value becomes nothing, and the result is `unresolved`.

    >>> substitute("${HOST:-db}:${PORT-5432}/$$x", {}).text
    'db:5432/$x'
    >>> substitute("http://${HOST}", {}).status
    'unresolved'
    """
    if "$" not in text:
        return Substituted(text)
    return _Substitution(variables).text(text, 0)


class _Substitution:
    """One text: results of nested defaults are put together from the inside out."""

    def __init__(self, variables: Mapping[str, Value]) -> None:
        self.variables = variables
        self.status = LITERAL
        self.used: list[str] = []
        self.length = 0

    def text(self, text: str, depth: int) -> Substituted:
        parts: list[str] = []
        at = 0
        while True:
            dollar = text.find("$", at)
            if dollar < 0:
                parts.append(text[at:])
                break
            parts.append(text[at:dollar])
            replaced, at = self.variable(text, dollar, depth)
            parts.append(replaced)
            self.length += len(replaced)
            if self.length > MAX_TEXT:
                self.worsen(UNRESOLVED)
                break
        found = "".join(parts)
        if self.status == SECRET and found.strip():      # a password inside an address: the rest of it is known
            self.status = ENV_FILE
        return Substituted(found, self.status, tuple(self.used))

    def worsen(self, status: str) -> None:
        self.status = max(self.status, status, key=_WORST.index)

    def variable(self, text: str, dollar: int, depth: int) -> tuple[str, int]:
        """Return what stands for the variable at a dollar sign, and the offset after it."""
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            return "$", dollar + 2
        if following == "{":
            end = _closing(text, dollar + 2)
            if end < 0:
                self.worsen(UNRESOLVED)
                return "", len(text)
            return self.braced(text[dollar + 2 : end], depth), end + 1
        found = _NAME.match(text, dollar + 1)
        if found is None:
            return "$", dollar + 1
        return self.value(found[0]), found.end()

    def braced(self, inner: str, depth: int) -> str:
        """Return what stands for the inside of `${…}`."""
        found = _NAME.match(inner)
        if found is None or depth > MAX_NESTING:
            self.worsen(UNRESOLVED)
            return ""
        name, rest = found[0], inner[found.end() :]
        if not rest:
            return self.value(name)
        operator = rest[:2] if rest[:1] == ":" else rest[:1]
        other = rest[len(operator) :]
        known = self.variables.get(name)
        has = known is not None and known.status != UNRESOLVED and (bool(known.text) or not operator.startswith(":"))
        kind = operator[-1:]
        if kind == "+":
            return self.text(other, depth + 1).text if has else ""
        if kind == "?" or has:
            return self.value(name)
        if kind == "-":
            self.worsen(DEFAULT)
            return self.text(other, depth + 1).text
        self.worsen(UNRESOLVED)
        return ""

    def value(self, name: str) -> str:
        self.used.append(name)
        known = self.variables.get(name)
        if known is None or known.status == UNRESOLVED:
            self.worsen(UNRESOLVED)
            return ""
        if known.status == SECRET or names_secret(name):
            self.worsen(SECRET)
            return ""
        self.worsen(ENV_FILE)
        return known.text


def _closing(text: str, start: int) -> int:
    """Return the offset of the brace that closes the one before `start`; -1 without it."""
    depth, at = 1, start
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
            at += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1


def interpolated(item: Item, variables: Mapping[str, Value]) -> Item:
    """Return a tree with its variables replaced; keys stay as written."""
    if isinstance(item, Value):
        return _value(item, variables) if "$" in item.text else item
    if isinstance(item, Rows):
        return Rows([interpolated(one, variables) for one in item.items], item.site, item.tag)
    entries = {key: interpolated(value, variables) for key, value in item.entries.items()}
    return Table(entries, item.keys, item.site, item.tag)


def _value(value: Value, variables: Mapping[str, Value]) -> Value:
    found = substitute(value.text, variables)
    used = sorted(
        (variables[name] for name in found.used if name in variables), key=lambda variable: variable.tag != STATED
    )
    via = tuple(one.site for one in used)
    tag = STATED if any(one.tag == STATED for one in used) else value.tag
    return msgspec.structs.replace(value, text=found.text, status=found.status, via=via, tag=tag)
