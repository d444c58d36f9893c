"""What a configuration says, before anything is evaluated: blocks, attributes and expressions with their places."""

from __future__ import annotations

import msgspec

from archlint.importers.objects import Site


class Literal(msgspec.Struct, frozen=True):
    """A number, a boolean, null, or a text without parts to fill in."""

    text: str
    site: Site
    plain: bool = True


class Template(msgspec.Struct, frozen=True):
    """A text with parts to fill in."""

    parts: tuple[Expression, ...]
    site: Site


class ListOf(msgspec.Struct, frozen=True):
    """A list of expressions."""

    items: tuple[Expression, ...]
    site: Site


class ObjectOf(msgspec.Struct, frozen=True):
    """Pairs of keys and values."""

    pairs: tuple[tuple[Expression, Expression], ...]
    site: Site


class Traversal(msgspec.Struct, frozen=True):
    """A name or an expression, and the steps from it: attributes, indices, and `*` for each item."""

    root: str
    steps: tuple[str | Expression, ...]
    site: Site
    base: Expression | None = None


class Call(msgspec.Struct, frozen=True):
    """A call of a function."""

    name: str
    arguments: tuple[Expression, ...]
    site: Site
    spread: bool = False


class Choice(msgspec.Struct, frozen=True):
    """A condition with its two answers."""

    condition: Expression
    yes: Expression
    no: Expression
    site: Site


class Operation(msgspec.Struct, frozen=True):
    """An operator with one or two operands."""

    operator: str
    operands: tuple[Expression, ...]
    site: Site


class ForEach(msgspec.Struct, frozen=True):
    """A list or an object that is made from the items of another one."""

    names: tuple[str, ...]
    source: Expression
    value: Expression
    site: Site
    key: Expression | None = None
    condition: Expression | None = None
    grouped: bool = False


class Unreadable(msgspec.Struct, frozen=True):
    """Something that is not understood: broken, or nested too deeply."""

    site: Site


Expression = Literal | Template | ListOf | ObjectOf | Traversal | Call | Choice | Operation | ForEach | Unreadable


class Attribute(msgspec.Struct, frozen=True):
    """A name with its expression."""

    name: str
    value: Expression
    site: Site


class Block(msgspec.Struct, frozen=True):
    """A block: its type, its labels, and what it holds; the site is that of its first line."""

    type: str
    labels: tuple[str, ...]
    body: Body
    site: Site


class Body(msgspec.Struct, frozen=True):
    """What a file or a block holds."""

    attributes: dict[str, Attribute]
    blocks: tuple[Block, ...]
    site: Site
