"""The types of the format's values: each reads a node into a typed value, and makes its JSON Schema.

A type reports what it cannot read through `Reading` and returns None; it never raises because of a file's content.
`known` caches values by their text, if the text alone decides them; look there first when reading many values.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeVar

from archlint.model.names import Names
from archlint.model.quantities import shorten
from archlint.model.reading import Reading, Reference, names_with_synonyms
from archlint.source.nodes import Node, Scalar, Sequence

S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Schema = dict[str, object]
Definitions = dict[str, Schema]
_MAX_KNOWN: Final = 10_000
_NOTHING_KNOWN: Final[AbstractMapping[str, object]] = MappingProxyType({})


class Type(Protocol[T_co]):
    """How a value is read."""

    @property
    def known(self) -> AbstractMapping[str, T_co]:
        """Known values by their text; a text that YAML reads as null is never among them."""

    def read(self, r: Reading, node: Node) -> T_co | None:
        """Return the value, or report a problem and return None."""

    def schema(self, defs: Definitions) -> Schema:
        """Return the JSON Schema of the value; shared parts go into `defs`, with a reference to them."""


def shared(defs: Definitions, name: str, make: Callable[[], Schema]) -> Schema:
    """Refer to a definition, which is made the first time.

    >>> defs = {}
    >>> shared(defs, "flag", lambda: {"type": "boolean"}), defs
    ({'$ref': '#/$defs/flag'}, {'flag': {'type': 'boolean'}})
    """
    if name not in defs:
        defs[name] = {}
        defs[name] = make()
    return {"$ref": f"#/$defs/{name}"}


class Parsed(Generic[T]):
    """A scalar with its own grammar, such as a duration; equal texts are parsed once.

    `number` holds the limits of a number without a unit, if the type allows one. `zero` says why the quantity cannot be
    zero, if it cannot.
    """

    def __init__(
        self,
        parse: Callable[[str], T],
        wanted: str,
        example: str,
        pattern: str | None,
        *,
        name: str,
        number: Schema | None = None,
        zero: str = "",
    ) -> None:
        self.parse = parse
        self.wanted = wanted
        self.example = example
        self.pattern = pattern
        self.name = name
        self.number = number
        self.zero = zero
        self.known: dict[str, T] = {}

    def read(self, r: Reading, node: Node) -> T | None:
        """Parse a scalar's text."""
        if not isinstance(node, Scalar) or node.is_null:
            r.wrong_shape(node, self.wanted, self.example)
            return None
        text = node.text
        value = self.known.get(text)
        if value is not None:
            return value
        try:
            value = self.parse(text)
        except ValueError as error:
            message, _, suggestion = str(error).partition("; ")
            r.report("wrong-quantity", node.span, message, suggestion or f"write {self.example}")
            return None
        if self.zero and value == 0:
            message, _, suggestion = self.zero.partition("; ")
            r.report("contradiction", node.span, f"`{shorten(text)}`: {message}", suggestion)
            return None
        if len(self.known) >= _MAX_KNOWN:
            self.known.clear()
        self.known[text] = value
        return value

    def schema(self, defs: Definitions) -> Schema:
        """A string of the pattern, or a number if the type needs no unit."""
        return shared(defs, self.name, self._schema)

    def _schema(self) -> Schema:
        words = f"{self.wanted}, such as {self.example}"
        text: Schema = {"type": "string", "errorMessage": f"Write {words}."}
        if self.pattern:
            text["pattern"] = self.pattern
        description = f"{words[0].upper()}{words[1:]}."
        if self.number is None:
            return {"description": description, "examples": [self.example], **text}
        number: Schema = {"type": "number", "errorMessage": f"Write {words}.", **self.number}
        if self.example.isdigit():  # editors insert an example as it is here: a number has no quotes
            number["examples"] = [int(self.example)]
        else:
            text["examples"] = [self.example]
        return {"description": description, "anyOf": [number, text]}


ANY_SCALAR: Final[Schema] = {"not": {"type": ["array", "object", "null"]}}


class Text:
    """Any scalar, kept as written, so that a version 1.10 stays 1.10.

    `name` is its definition in the JSON Schema, which may list words that editors offer.
    """

    known: AbstractMapping[str, str] = MappingProxyType({})

    def __init__(self, name: str = "text") -> None:
        self.name = name

    def read(self, r: Reading, node: Node) -> str | None:
        """Take the text."""
        if not isinstance(node, Scalar) or node.is_null:
            r.wrong_shape(node, "a text", f"`{r.path[-1]}: some words`")
            return None
        return node.text

    def schema(self, defs: Definitions) -> Schema:
        """Any scalar. The schema names no type, because editors would offer `true` and `false` for a boolean."""
        return shared(defs, self.name, lambda: dict(ANY_SCALAR))


_FLAGS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_LIKELY_FLAGS: Final = {
    "yes": "true", "on": "true", "1": "true", "y": "true", "no": "false", "off": "false", "0": "false", "n": "false",
}  # fmt: skip


class Flag:
    """True or false, as in YAML 1.2: `yes`, `no` and quoted values are words."""

    known: AbstractMapping[str, bool] = MappingProxyType({})

    def read(self, r: Reading, node: Node) -> bool | None:
        """Take true or false."""
        if not isinstance(node, Scalar) or node.is_null:
            r.wrong_shape(node, "true or false", f"`{r.path[-1]}: true`")
            return None
        value = _FLAGS.get(node.text)
        if value is not None and node.plain:
            return value
        likely = _LIKELY_FLAGS.get(node.text.lower(), node.text if value is not None else "")
        suggestion = f"did you mean `{likely}`?" if likely else "write true or false"
        quoted = " in quotes" if value is not None else ""
        message = f"`{shorten(node.text)}`{quoted} is neither true nor false"
        r.report("wrong-quantity", node.span, message, suggestion)
        return None

    def schema(self, defs: Definitions) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


class Choice:
    """One word of a list: a `what`, or if that is empty, a value of the key. `problem` is the rule for other words."""

    def __init__(
        self, what: str, words: AbstractMapping[str, str] | tuple[str, ...], problem: str = "unknown-word"
    ) -> None:
        self.what = what
        self.words = words
        self.problem = problem
        self.known: AbstractMapping[str, str] = {word: word for word in words}

    @cached_property
    def names(self) -> Names:
        """The words, for suggestions."""
        return names_with_synonyms(self.words)

    def read(self, r: Reading, node: Node) -> str | None:
        """Take the word."""
        if not isinstance(node, Scalar) or node.is_null:
            r.wrong_shape(node, f"a {self.what or 'word'}", f"one of {', '.join(self.words)}")
            return None
        word = self.known.get(node.text)
        if word is None:
            r.unknown_word(node, self.what, self.names, self.problem)
        return word

    def schema(self, defs: Definitions) -> Schema:
        """An enumeration, with descriptions if the words have them."""
        if isinstance(self.words, tuple):
            return {"enum": list(self.words)}
        return {"enum": list(self.words), "markdownEnumDescriptions": list(self.words.values())}


class Name:
    """The name of a part that a section of the file (`components`, `models`) must define."""

    known: AbstractMapping[str, str] = MappingProxyType({})

    def __init__(self, section: str) -> None:
        self.section = section

    def read(self, r: Reading, node: Node) -> str | None:
        """Take the name, and note the reference; it is resolved after all files are read."""
        if not isinstance(node, Scalar) or node.is_null:
            one = self.section.removesuffix("s")
            r.wrong_shape(node, f"the name of a {one}", f"a name from `{self.section}`")
            return None
        r.references.append(Reference(self.section, node, r.document, tuple(r.path)))
        return node.text

    def schema(self, defs: Definitions) -> Schema:
        """A word. Only archlint itself checks that it names an existing part."""
        one = self.section.removesuffix("s")
        description = f"The name of a {one}, from the section `{self.section}`."
        return shared(defs, f"{one}-name", lambda: {"description": description, **ANY_SCALAR})


class Many(Generic[T]):
    """A list, or a single value as a list of one; unreadable items are reported and left out."""

    def __init__(self, item: Type[T]) -> None:
        self.item = item
        self.known: AbstractMapping[str, tuple[T, ...]] = MappingProxyType({})

    def read(self, r: Reading, node: Node) -> tuple[T, ...] | None:
        """Read each item."""
        if isinstance(node, Sequence):
            return self._items(r, node)
        if isinstance(node, Scalar) and not node.is_null:
            single = self.item.read(r, node)
            return None if single is None else (single,)
        r.wrong_shape(node, "a list", f"`{r.path[-1]}: [first, second]`")
        return None

    def _items(self, r: Reading, node: Sequence) -> tuple[T, ...]:
        found = []
        known = self.item.known
        path = r.path
        path.append(0)
        for index, item in enumerate(node.items):
            value = known.get(item.text) if isinstance(item, Scalar) else None
            if value is None:
                path[-1] = index
                value = self.item.read(r, item)
            if value is not None:
                found.append(value)
        path.pop()
        return tuple(found)

    def schema(self, defs: Definitions) -> Schema:
        """An array of items, or one item."""
        item = self.item.schema(defs)
        return {"anyOf": [{"type": "array", "items": item}, item]}


@lru_cache(maxsize=1024)
def percentile_of(key: str) -> float | None:
    """The fraction for a key such as `p99` or `p99.9`, or None.

    >>> percentile_of("p99.9"), percentile_of("mean")
    (0.999, None)
    """
    whole, dot, part = key[1:].partition(".")
    if not key.startswith("p") or not key.isascii() or not whole.isdigit() or len(whole) > 2:
        return None
    if dot and not (part.isdigit() and len(part) <= 4):
        return None
    fraction = round(float(key[1:]) / 100, 8)
    return fraction if 0 < fraction < 1 else None
