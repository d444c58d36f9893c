"""Records of the format: mappings with fixed keys, and their short forms."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from functools import cached_property
from types import MappingProxyType
from typing import Final, Generic

from archlint.model.names import Names
from archlint.model.own import OWN_KEY, text_of
from archlint.model.reading import Reading, names_with_synonyms
from archlint.model.types import Definitions, S, Schema, T, T_co, Type, shared
from archlint.model.words import FAMILY_OF_KEY
from archlint.source.nodes import Entry, Mapping, Node, Scalar

STATED_NONE: Final = "none"
"""The word that states that there is none."""
_MAX_KNOWN: Final = 10_000
_MAX_LENGTH: Final = 1_000
_ALIAS: Final = "*"


def remembered(read: Callable[[Reading, Node], T | None]) -> Callable[[Reading, Node], T | None]:
    """Return a reader that reads equal texts of a mapping once, if its value is all that comes of it.

    A text with an alias is read each time, as its meaning is elsewhere, and so is one after which a problem, a
    reference or a statement was noted.
    """
    known: dict[str, T] = {}

    def read_once(r: Reading, node: Node) -> T | None:
        if node.__class__ is not Mapping or not r.document.as_written or node.end - node.start > _MAX_LENGTH:
            return read(r, node)
        text = r.document.text[node.start : node.end]
        value = known.get(text)
        if value is None:
            before = r.noted()
            value = read(r, node)
            if value is not None and r.noted() == before and _ALIAS not in text:
                if len(known) >= _MAX_KNOWN:
                    known.clear()
                known[text] = value
        return value

    return read_once


class Field(Generic[T_co]):
    """One key of a record: its attribute, type and description, and what it means to omit it (`absent`).

    `main` marks the key that the record itself stands for: the amount of a price. `alias` is another spelling of the
    key. `may_be_none` allows the word `none`: a statement that there is none. Without `absent`, an omitted key means
    that there is none, or that it is unknown in a file that does not describe the family of the key.
    """

    def __init__(
        self,
        key: str,
        type_: Type[T_co],
        doc: str,
        *,
        attribute: str = "",
        absent: str = "none",
        required: bool = False,
        alias: str = "",
        may_be_none: bool = False,
        main: bool = False,
    ) -> None:
        self.key = key
        self.main = main or required
        self.alias = alias
        self.may_be_none = may_be_none
        self.attribute = attribute or key
        self.type = type_
        self.known = type_.known
        self.read = remembered(type_.read) if getattr(type_, "by_text", False) else type_.read
        self.doc = doc
        family = FAMILY_OF_KEY.get(key, "") if absent == "none" else ""
        self.absent = f"none in a file that describes `{family}`; otherwise unknown" if family else absent
        self.required = required

    def schema(self, defs: Definitions) -> Schema:
        """The schema of the value, with a description that editors show."""
        meaning = "Required." if self.required else f"Default: {self.absent}."
        inner = self.type.schema(defs)
        if not self.may_be_none:
            return {"description": f"{self.doc} {meaning}", **inner}
        description = f"{self.doc} `none` states that there is none. {meaning}"
        # An editor shows the description of the alternative that fits.
        ways = ({"description": description, **way} for way in (inner, {"enum": [STATED_NONE]}))
        return {"description": description, "anyOf": list(ways)}


_Quick = tuple[dict[str, object] | None, str, Callable[[Reading, Node], object] | None, Field[object]]


def _quick(key: str, field: Field[object]) -> _Quick:
    """Return what is read most often by its text alone, the attribute, and how to read any other value.

    An alias is read with care, as its key may be there too, and so is what may be none.
    """
    alias = key != field.key
    known = field.known if isinstance(field.known, dict) and not alias else None
    return known, field.attribute, None if alias or field.may_be_none else field.read, field


class Rec(Generic[T_co]):
    """A mapping with fixed keys, read into a record.

    `scalar` reads the short form, if a single value may replace the mapping (`owner: team-a`). The record needs at
    least one of the keys `one_of`, if there are any.
    """

    by_text: Final = True

    def __init__(
        self,
        make: Callable[..., T_co],
        fields: tuple[Field[object], ...],
        what: str,
        scalar: Type[T_co] | None = None,
        *,
        name: str,
        one_of: tuple[str, ...] = (),
    ) -> None:
        self.make = make
        self.one_of = one_of
        self.fields = {field.key: field for field in fields}
        self.keys = self.fields | {field.alias: field for field in fields if field.alias}
        self._quick = {key: _quick(key, field) for key, field in self.keys.items()}
        self.required = tuple(field for field in fields if field.required)
        self.what = what
        self.scalar = scalar
        self.name = name
        self.known: AbstractMapping[str, T_co] = scalar.known if scalar is not None else MappingProxyType({})

    @cached_property
    def names(self) -> Names:
        """The keys, for suggestions."""
        return names_with_synonyms(self.keys)

    def read(self, r: Reading, node: Node) -> T_co | None:
        """Read the keys; report unknown and missing ones."""
        if not isinstance(node, Mapping):
            if self.scalar is not None and isinstance(node, Scalar):
                return self.scalar.read(r, node)
            r.wrong_shape(node, f"{self.what} (a mapping)", self.example())
            return None
        values = self.values(r, node)
        return self.make(**values) if values is not None else None

    def values(self, r: Reading, node: Mapping) -> dict[str, object] | None:
        """Return the attributes by name; None if a required one is missing or unreadable."""
        values: dict[str, object] = {}
        quick = self._quick
        extra: list[tuple[str, str]] = []
        path = r.path
        path.append("")
        for key, entry in node.entries.items():
            child = entry.value
            if key in quick:
                known, attribute, read, field = quick[key]
                if known is not None and child.__class__ is Scalar:
                    value = known.get(child.text)
                    if value is not None:
                        values[attribute] = value
                        continue
                path[-1] = key
                value = self._value(r, node, key, entry, field) if read is None else read(r, child)
                if value is not None:
                    values[attribute] = value
            elif key.startswith(OWN_KEY):
                extra.append((key, text_of(child)))
            else:
                path[-1] = key
                r.unknown_key(key, entry, self.what, self.names, self.fits, node.entries)
        path.pop()
        if extra:
            values["extra"] = tuple(sorted(extra))
        for field in self.required:
            if field.attribute not in values:
                self.report_missing(r, node)
                return None
        if self.one_of and not any(key in node.entries for key in self.one_of):
            names = ", ".join(f"`{key}`" for key in self.one_of)
            r.report("missing-key", node.span, f"{self.what} needs one of {names}", f"add `{self.one_of[0]}:`")
            return None
        return values

    def _value(self, r: Reading, node: Mapping, key: str, entry: Entry, field: Field[object]) -> object:
        """Read the value of a key that is an alias or may be none; None if it cannot be read, or there is none."""
        child = entry.value
        if key != field.key and field.key in node.entries:
            report_alias(r, key, field.key, entry)
            return None
        if field.may_be_none and isinstance(child, Scalar) and child.text == STATED_NONE:
            r.state_none(field.key)
            return None
        return field.read(r, child)

    def fits(self, r: Reading, key: str, node: Node) -> bool:
        """Whether one of the keys takes a value of this shape."""
        return r.could_read(self.keys[key].read, key, node)

    def report_missing(self, r: Reading, node: Mapping) -> None:
        """Report the required keys that are missing; unreadable ones have already been reported."""
        origin = r.origins.get(tuple(str(step) for step in r.path)) if len(r.path) == 2 else None
        span = origin.entry.key_span if origin else node.span
        for field in self.required:
            if field.key not in node.entries:
                message = f"{self.what} needs `{field.key}`: {_uncapitalised(field.doc)}"
                r.report("missing-key", span, message, f"add `{field.key}:`")

    def example(self) -> str:
        """Return an example of the shape, for a suggestion."""
        return "`{" + ", ".join(f"{key}: …" for key in list(self.fields)[:3]) + "}`"

    def schema(self, defs: Definitions) -> Schema:
        """Return an object schema that allows only its own keys."""
        return shared(defs, self.name, lambda: self._schema(defs))

    def _schema(self, defs: Definitions) -> Schema:
        schema: Schema = {
            "title": self.what,
            "type": "object",
            "additionalProperties": False,
            "properties": {key: field.schema(defs) for key, field in self.keys.items()},
            "patternProperties": {f"^{OWN_KEY}": {"description": "Your own data. archlint only keeps it."}},
        }
        if self.required:
            schema["required"] = [field.key for field in self.required]
        if self.one_of:
            schema["anyOf"] = [{"required": [key]} for key in self.one_of]
        return {"anyOf": [schema, self.scalar.schema(defs)]} if self.scalar is not None else schema


class Wrapped(Generic[S, T]):
    """The short form of a mapping: a scalar whose value is put into a record."""

    def __init__(self, inner: Type[S], make: Callable[[S], T]) -> None:
        self.inner = inner
        self.make = make
        self.known: AbstractMapping[str, T] = MappingProxyType({})

    def read(self, r: Reading, node: Node) -> T | None:
        """Read the scalar and wrap it."""
        value = self.inner.read(r, node)
        return None if value is None else self.make(value)

    def schema(self, defs: Definitions) -> Schema:
        """The schema of the scalar."""
        return self.inner.schema(defs)


def report_alias(r: Reading, alias: str, key: str, entry: Entry) -> None:
    """Report a key that says the same as another one; the other one is read."""
    message = f"`{alias}` and `{key}` are the same key"
    r.report("contradiction", entry.key_span, message, "remove one of them", loses_meaning=False)


def _uncapitalised(doc: str) -> str:
    """Return a description as the end of a sentence.

    >>> _uncapitalised("The target component.")
    'the target component'
    """
    return doc[:1].lower() + doc[1:].rstrip(".")
