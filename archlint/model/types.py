"""The types of the format's values: each reads a node into a typed value, and says its JSON Schema.

A type reports what it cannot read through `Reading` and returns None; it never raises on a file's content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping as AbstractMapping
from typing import Generic, Protocol, TypeVar

from archlint.model.reading import Reading, Reference, Steps
from archlint.model.quantities import shorten
from archlint.source.nodes import Mapping, Node, Scalar, Sequence

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Schema = dict[str, object]
MAX_NAME = 200


class Type(Protocol[T_co]):
    """How a value is read."""

    def read(self, r: Reading, node: Node, steps: Steps) -> T_co | None:
        """Return the value, or report why not and return None."""

    def schema(self) -> Schema:
        """The JSON Schema of the value."""


class Parsed(Generic[T]):
    """A scalar with its own grammar, such as a duration; equal texts are parsed once."""

    def __init__(
        self, parse: Callable[[str], T], wanted: str, example: str, pattern: str | None, bare: bool = False
    ) -> None:
        self.parse = parse
        self.wanted = wanted
        self.example = example
        self.pattern = pattern
        self.bare = bare
        self.known: dict[str, T] = {}

    def read(self, r: Reading, node: Node, steps: Steps) -> T | None:
        """Parse a scalar's text."""
        if node.__class__ is not Scalar or node.is_null:
            r.wrong_shape(steps, node, self.wanted, self.example)
            return None
        text = node.text
        value = self.known.get(text)
        if value is None:
            try:
                value = self.parse(text)
            except ValueError as error:
                message, _, suggestion = str(error).partition("; ")
                r.report("wrong-quantity", steps, node.span, message, suggestion or f"write {self.example}")
                return None
            if len(self.known) > 10_000:
                self.known.clear()
            self.known[text] = value
        return value

    def schema(self) -> Schema:
        """A string of the pattern; a number too where no unit is needed."""
        text: Schema = {"type": "string", "examples": [self.example]}
        if self.pattern:
            text["pattern"] = self.pattern
        return {"anyOf": [{"type": "number", "minimum": 0}, text]} if self.bare else text


class Text:
    """Any scalar, kept as written, so that a version 1.10 stays 1.10."""

    def read(self, r: Reading, node: Node, steps: Steps) -> str | None:
        """Take the text."""
        if node.__class__ is not Scalar or node.is_null:
            r.wrong_shape(steps, node, "a text", f"`{steps[-1]}: some words`")
            return None
        return node.text

    def schema(self) -> Schema:
        """A string, or what YAML reads as a number or yes/no."""
        return {"type": ["string", "number", "boolean"]}


class Flag:
    """True or false, by YAML 1.2: `yes` and `no` are words."""

    WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

    def read(self, r: Reading, node: Node, steps: Steps) -> bool | None:
        """Take true or false."""
        if node.__class__ is Scalar and not node.is_null:
            value = self.WORDS.get(node.text)
            if value is not None:
                return value
            likely = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
            meant = likely.get(node.text.lower())
            suggestion = f"did you mean `{meant}`?" if meant else "write true or false"
            message = f"`{shorten(node.text)}` is neither true nor false"
            r.report("wrong-quantity", steps, node.span, message, suggestion)
            return None
        r.wrong_shape(steps, node, "true or false", f"`{steps[-1]}: true`")
        return None

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


class Choice:
    """One word of a list. `problem` is the DOC rule that a word outside it breaks."""

    def __init__(self, what: str, words: AbstractMapping[str, str] | tuple[str, ...], problem: str = "unknown-word") -> None:
        self.what = what
        self.words = words
        self.problem = problem

    def read(self, r: Reading, node: Node, steps: Steps) -> str | None:
        """Take the word."""
        if node.__class__ is not Scalar or node.is_null:
            r.wrong_shape(steps, node, f"a {self.what}", f"one of {', '.join(self.words)}")
            return None
        if node.text in self.words:
            return node.text
        r.unknown_word(steps, node, self.what, self.words, self.problem)
        return None

    def schema(self) -> Schema:
        """An enumeration; with descriptions where the words have them."""
        if isinstance(self.words, tuple):
            return {"enum": list(self.words)}
        return {"enum": list(self.words), "markdownEnumDescriptions": list(self.words.values())}


class Name:
    """The name of something in a section of the file (`components`, `models`); it has to stand there."""

    def __init__(self, section: str) -> None:
        self.section = section

    def read(self, r: Reading, node: Node, steps: Steps) -> str | None:
        """Take the name and note the reference, to be resolved when all files are read."""
        if node.__class__ is not Scalar or node.is_null:
            one = self.section.removesuffix("s")
            r.wrong_shape(steps, node, f"the name of a {one}", f"a name from `{self.section}`")
            return None
        r.references.append(Reference(r.document, node.text, node, self.section, steps))
        return node.text

    def schema(self) -> Schema:
        """A string; that it names something is checked by archlint itself."""
        return {"type": "string", "minLength": 1}


class Many(Generic[T]):
    """A list, or a single value for a list of one; what cannot be read is left out and reported."""

    def __init__(self, item: Type[T]) -> None:
        self.item = item

    def read(self, r: Reading, node: Node, steps: Steps) -> tuple[T, ...] | None:
        """Read each item."""
        if node.__class__ is Sequence:
            found = []
            for index, item in enumerate(node.items):
                value = self.item.read(r, item, (*steps, index))
                if value is not None:
                    found.append(value)
            return tuple(found)
        if node.__class__ is Scalar and not node.is_null:
            single = self.item.read(r, node, steps)
            return None if single is None else (single,)
        r.wrong_shape(steps, node, "a list", f"`{steps[-1]}: [first, second]`")
        return None

    def schema(self) -> Schema:
        """An array of items, or one item."""
        item = self.item.schema()
        return {"anyOf": [{"type": "array", "items": item}, item]}


class Field(Generic[T]):
    """One key of a record: the attribute it fills, its type, what it means, and what its absence means."""

    def __init__(
        self, key: str, type_: Type[T], doc: str, *, attribute: str = "", absent: str = "none", required: bool = False
    ) -> None:
        self.key = key
        self.attribute = attribute or key
        self.type = type_
        self.doc = doc
        self.absent = absent
        self.required = required

    def schema(self) -> Schema:
        """The schema of the value with a description that an editor shows."""
        meaning = "Required." if self.required else f"Absent: {self.absent}."
        return {"description": f"{self.doc} {meaning}", **self.type.schema()}


class Rec(Generic[T]):
    """A mapping with fixed keys, read into a record.

    `scalar` reads the short form, where a single value may stand for the mapping (`owner: team-a`).
    """

    def __init__(
        self,
        make: Callable[..., T],
        fields: tuple[Field[object], ...],
        what: str,
        scalar: Type[T] | None = None,
    ) -> None:
        self.make = make
        self.fields = {field.key: field for field in fields}
        self.required = tuple(field.key for field in fields if field.required)
        self.what = what
        self.scalar = scalar

    def read(self, r: Reading, node: Node, steps: Steps) -> T | None:
        """Read the keys; report unknown and missing ones."""
        if node.__class__ is not Mapping:
            if self.scalar is not None and node.__class__ is Scalar:
                return self.scalar.read(r, node, steps)
            r.wrong_shape(steps, node, f"{self.what} (a mapping)", self.example())
            return None
        values = self.values(r, node, steps)
        return self.make(**values) if values is not None else None

    def values(self, r: Reading, node: Mapping, steps: Steps) -> dict[str, object] | None:
        """Attributes by name; None where a required one is missing or unreadable."""
        values: dict[str, object] = {}
        fields = self.fields
        for key, entry in node.entries.items():
            field = fields.get(key)
            if field is None:
                self.unknown_key(r, node, key, steps)
                continue
            value = field.type.read(r, entry.value, (*steps, key))
            if value is not None:
                values[field.attribute] = value
        complete = True
        for key in self.required:
            if fields[key].attribute not in values:
                complete = False
                if key not in node.entries:
                    self.missing_key(r, node, key, steps)
        return values if complete else None

    def unknown_key(self, r: Reading, node: Mapping, key: str, steps: Steps) -> None:
        """Report a key that the record does not have."""
        from archlint.model.names import nearest
        from archlint.model.words import SYNONYMS

        likely = nearest(key, self.fields, {k: v for k, v in SYNONYMS.items() if v in self.fields})
        suggestion = f"did you mean `{likely}`?" if likely else f"known keys: {', '.join(self.fields)}"
        r.report("unknown-key", (*steps, key), node.entries[key].key_span, f"{self.what} has no key `{shorten(key)}`", suggestion)
        if likely:
            r.unread.add(".".join((*r.names_of(steps), likely)))

    def missing_key(self, r: Reading, node: Mapping, key: str, steps: Steps) -> None:
        """Report a required key that is not there."""
        field = self.fields[key]
        origin = r.origins.get(tuple(str(step) for step in steps[:2])) if len(steps) == 2 else None
        span = origin.entry.key_span if origin else node.span
        r.report("missing-key", steps, span, f"{self.what} needs `{key}`: {field.doc.rstrip('.').lower()}", f"add `{key}:`")

    def example(self) -> str:
        """A hint at the shape."""
        return "`{" + ", ".join(f"{key}: …" for key in list(self.fields)[:3]) + "}`"

    def schema(self) -> Schema:
        """An object that allows its own keys only."""
        schema: Schema = {
            "type": "object",
            "additionalProperties": False,
            "properties": {field.key: field.schema() for field in self.fields.values()},
        }
        if self.required:
            schema["required"] = list(self.required)
        return {"anyOf": [schema, self.scalar.schema()]} if self.scalar is not None else schema


class Wrapped(Generic[T]):
    """A scalar type whose value is put into a record: the short form of a mapping."""

    def __init__(self, inner: Type[object], make: Callable[[object], T]) -> None:
        self.inner = inner
        self.make = make

    def read(self, r: Reading, node: Node, steps: Steps) -> T | None:
        """Read the scalar and wrap it."""
        value = self.inner.read(r, node, steps)
        return None if value is None else self.make(value)

    def schema(self) -> Schema:
        """The schema of the scalar."""
        return self.inner.schema()


_PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,4})?)")


def percentile_of(key: str) -> float | None:
    """The fraction that a key such as `p99` or `p99.9` names, or None.

    >>> percentile_of("p99.9"), percentile_of("mean")
    (0.999, None)
    """
    match = _PERCENTILE.fullmatch(key)
    if match is None:
        return None
    fraction = round(float(match[1]) / 100, 8)
    return fraction if 0 < fraction < 1 else None
