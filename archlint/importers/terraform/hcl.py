"""The syntax of HCL: a text to blocks, by tree-sitter."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from archlint.about import install_command
from archlint.errors import UnreadableInputError
from archlint.importers.objects import Site
from archlint.importers.terraform.syntax import (
    Attribute,
    Block,
    Body,
    Call,
    Choice,
    Expression,
    ForEach,
    ListOf,
    Literal,
    ObjectOf,
    Operation,
    Template,
    Traversal,
    Unreadable,
)
from archlint.source.document import Document
from archlint.source.nodes import Span

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MAX_DEPTH: Final = 80
MAX_PIECES: Final = 5_000
_TOP: Final = re.compile(
    r"(?m)^(?=(?:resource|data|module|provider|variable|locals|output|terraform|check|import|moved|removed)\b[^\n]*\{)"
)
"""Where a block at the top of a file begins: a file with a mistake is read in these pieces."""
_ESCAPE: Final = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|(\$\$|%%)(?=\{)')
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_OPERATORS: Final = frozenset("|| && == != < > <= >= + - * / % !".split())


PLAN: Final = "`terraform show -json FILE > plan.json`"


class MissingParserError(UnreadableInputError):
    """The parser of HCL is not installed: no file can be read."""


@cache
def _parser() -> Parser:
    try:
        import tree_sitter_hcl
        from tree_sitter import Language, Parser
    except ImportError:
        what = "Terraform files need the parser of HCL, which is not installed"
        raise MissingParserError(what, f"run `{install_command('terraform')}`, or give a plan: {PLAN}") from None
    return Parser(Language(tree_sitter_hcl.language()))


def read_body(document: Document) -> tuple[Body, Site | None]:
    """Return the blocks of a file, and the place of the first mistake in it."""
    found, flaw = _piece(document, 0, len(document.text))
    if flaw is None:
        return found, None
    starts = [match.start() for match in _TOP.finditer(document.text)][:MAX_PIECES]
    pieces = [_piece(document, start, end)[0] for start, end in pairwise([*starts, len(document.text)])]
    blocks = tuple(block for piece in pieces for block in piece.blocks)     # a mistake spoils no other block
    return (Body(found.attributes, blocks, found.site) if len(blocks) > len(found.blocks) else found), flaw


def _piece(document: Document, start: int, end: int) -> tuple[Body, Site | None]:
    """Read a part of a file."""
    data = document.text[start:end].encode("utf-8", "replace")
    root = _parser().parse(data).root_node
    reader = _Reader(document, data, start)
    body = next((child for child in root.children if child.type == "body"), None)
    return reader.body(body if body is not None else root, 0), reader.flaw(root) if root.has_error else None


def read_expression(document: Document, span: Span) -> Expression:
    """Return the expression in a part of a text, such as a quoted template in a JSON file."""
    before = "x = "
    data = f"{before}{document.text[span.start : span.end]}\n".encode("utf-8", "replace")
    root = _parser().parse(data).root_node
    reader = _Reader(document, data, span.start - len(before))
    body = next((child for child in root.children if child.type == "body"), root)
    attribute = reader.body(body, 0).attributes.get("x")
    return attribute.value if attribute is not None else Unreadable(Site(document, span))


class _Reader:
    """Turns the nodes of tree-sitter, whose offsets are bytes, into blocks and expressions."""

    def __init__(self, document: Document, data: bytes, shift: int = 0) -> None:
        self.document = document
        self.data = data
        self.shift = shift
        self.wide: list[int] = []       # the offsets of bytes that start no character
        if not data.isascii():
            self.wide = [index for index, byte in enumerate(data) if byte & 0xC0 == 0x80]

    def char(self, offset: int) -> int:
        return offset - bisect_right(self.wide, offset - 1) + self.shift

    def site(self, node: Node, last: Node | None = None) -> Site:
        end = (last or node).end_byte
        return Site(self.document, Span(max(0, self.char(node.start_byte)), max(0, self.char(end))))

    def text(self, node: Node) -> str:
        return self.between(node.start_byte, node.end_byte)

    def between(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "replace")

    def flaw(self, root: Node) -> Site:
        """Return the place of the first mistake."""
        node = root
        while True:
            broken = next((child for child in node.children if child.has_error or child.is_missing), None)
            if broken is None or node.is_error:
                return self.site(node)
            node = broken

    def body(self, node: Node, depth: int) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for child in node.children:
            if child.type == "attribute":
                parts = _named(child)
                if len(parts) == 2 and parts[0].type == "identifier":
                    name = self.text(parts[0])
                    value = self.expression(parts[1], depth + 1)
                    attributes.setdefault(name, Attribute(name, value, self.site(child)))
            elif child.type == "block" and depth < MAX_DEPTH:
                blocks.append(self.block(child, depth + 1))
            elif child.type == "ERROR" and depth < MAX_DEPTH:       # what is whole inside of a broken part is kept
                inner = self.body(child, depth + 1)
                blocks += inner.blocks
        return Body(attributes, tuple(blocks), self.site(node))

    def block(self, node: Node, depth: int) -> Block:
        heads: list[str] = []
        inner = None
        end = node
        for child in node.children:
            if child.type in {"identifier", "string_lit"} and inner is None:
                heads.append(self.text(child).strip('"'))
                end = child
            elif child.type == "body":
                inner = child
        place = self.site(node)
        empty = Body({}, (), place)
        body = self.body(inner, depth) if inner is not None else empty
        head = Site(self.document, Span(place.span.start, self.char(end.end_byte)))
        return Block(heads[0] if heads else "", tuple(heads[1:]), body, head)

    def expression(self, node: Node, depth: int) -> Expression:
        """Read an expression; parentheses and steps after it belong to it."""
        if depth > MAX_DEPTH:
            return Unreadable(self.site(node))
        return self.sequence(_parts(node), depth + 1) if node.type == "expression" else self.sequence([node], depth)

    def sequence(self, nodes: list[Node], depth: int) -> Expression:
        """Read an operand: one node, or parentheses, and the steps that follow."""
        if not nodes or depth > MAX_DEPTH:
            return Unreadable(Site(self.document, Span(0, 0)) if not nodes else self.site(nodes[0]))
        start, rest = nodes[0], nodes[1:]
        if start.type == "(" and len(nodes) > 2:
            first = self.expression(nodes[1], depth + 1)
            rest = nodes[3:]
        else:
            first = self.primary(start, depth + 1)
        if not rest:
            return first
        steps = list(self.steps(rest, depth + 1))
        site = self.site(start, nodes[-1])
        if isinstance(first, Traversal):
            return Traversal(first.root, (*first.steps, *steps), site, first.base)
        return Traversal("", tuple(steps), site, first)

    def steps(self, nodes: list[Node], depth: int) -> Iterator[str | Expression]:
        for node in nodes:
            if node.type == "get_attr":
                yield self.text(_named(node)[-1]) if _named(node) else ""
            elif node.type == "index":
                inner = _named(node)[0] if _named(node) else node
                expression = next((child for child in inner.children if child.type == "expression"), None)
                if expression is not None:
                    yield self.expression(expression, depth + 1)
                else:       # the old form `name.0`
                    yield self.text(inner).strip(".[] ")
            elif node.type == "splat":
                yield "*"
                for inner in _named(node):
                    yield from self.steps(_named(inner), depth + 1)

    def primary(self, node: Node, depth: int) -> Expression:
        read = _READERS.get(node.type)
        if read is None or depth > MAX_DEPTH:
            return Unreadable(self.site(node))
        return read(self, node, depth)

    def inner(self, node: Node, depth: int) -> Expression:
        parts = _named(node)
        return self.primary(parts[0], depth + 1) if parts else Unreadable(self.site(node))

    def literal(self, node: Node, depth: int) -> Expression:
        part = (_named(node) or [node])[0]
        if part.type == "string_lit":
            return self.string(part, depth)
        return Literal(self.text(part), self.site(node))

    def string(self, node: Node, depth: int) -> Expression:
        site = self.site(node)
        return Literal(_unescaped(self.text(node)[1:-1]), site, plain=False)

    def quoted(self, node: Node, depth: int) -> Expression:
        children = node.children
        start = children[0].end_byte if children else node.start_byte
        end = children[-1].start_byte if len(children) > 1 else node.end_byte
        return Template(tuple(self.parts(children[1:-1], start, end, depth, _unescaped)), self.site(node))

    def heredoc(self, node: Node, depth: int) -> Expression:
        children = node.children
        marks = [index for index, child in enumerate(children) if child.type == "heredoc_identifier"]
        if not marks:
            return Unreadable(self.site(node))
        first, last = marks[0], marks[-1] if len(marks) > 1 else len(children)
        start = children[first].end_byte
        end = children[last].start_byte if last < len(children) else node.end_byte
        indent = _indent(self.between(start, end)) if self.text(children[0]).startswith("<<-") else 0
        kept = partial(_unescaped_heredoc, indent)
        parts = list(self.parts(children[first + 1 : last], start, end, depth, kept))
        if parts and isinstance(parts[0], Literal):
            head = parts[0]
            parts[0] = Literal(head.text.removeprefix("\r").removeprefix("\n"), head.site, plain=False)
        return Template(tuple(parts), self.site(node))

    def parts(
        self, children: list[Node], start: int, end: int, depth: int, kept: Callable[[str], str]
    ) -> Iterator[Expression]:
        """Yield the parts of a template: what lies between its interpolations is text."""
        at = start
        for child in children:
            if child.type in {"template_interpolation", "template_directive"}:
                if child.start_byte > at:
                    yield self.piece(at, child.start_byte, kept)
                at = child.end_byte
                inner = next((one for one in child.children if one.type == "expression"), None)
                if inner is not None:
                    yield self.expression(inner, depth + 1)
                elif child.type == "template_directive":
                    yield Unreadable(self.site(child))
        if end > at:
            yield self.piece(at, end, kept)

    def piece(self, start: int, end: int, kept: Callable[[str], str]) -> Literal:
        site = Site(self.document, Span(self.char(start), self.char(end)))
        return Literal(kept(self.between(start, end)), site, plain=False)

    def many(self, node: Node, depth: int) -> Expression:
        items = tuple(self.expression(child, depth + 1) for child in node.children if child.type == "expression")
        return ListOf(items, self.site(node))

    def pairs(self, node: Node, depth: int) -> Expression:
        found: list[tuple[Expression, Expression]] = []
        for child in node.children:
            ends = [one for one in child.children if one.type == "expression"]
            if child.type == "object_elem" and len(ends) == 2:
                found.append((self.expression(ends[0], depth + 1), self.expression(ends[1], depth + 1)))
        return ObjectOf(tuple(found), self.site(node))

    def name(self, node: Node, depth: int) -> Expression:
        return Traversal(self.text(node), (), self.site(node))

    def call(self, node: Node, depth: int) -> Expression:
        parts = _named(node)
        given = next((part for part in parts if part.type == "function_arguments"), None)
        inside = given.children if given is not None else []
        arguments = tuple(self.expression(child, depth + 1) for child in inside if child.type == "expression")
        spread = any(child.type == "ellipsis" for child in inside)
        names = [self.text(part) for part in parts if part.type == "identifier"]
        return Call("::".join(names), arguments, self.site(node), spread)

    def choice(self, node: Node, depth: int) -> Expression:
        parts = [child for child in node.children if child.type == "expression"]
        if len(parts) != 3:
            return Unreadable(self.site(node))
        condition, yes, no = (self.expression(part, depth + 1) for part in parts)
        return Choice(condition, yes, no, self.site(node))

    def operation(self, node: Node, depth: int) -> Expression:
        inner = (_named(node) or [node])[0]
        children = _parts(inner)
        at = next(
            (index for index, child in enumerate(children) if not child.is_named and child.type in _OPERATORS), None
        )
        if at is None:
            return Unreadable(self.site(node))
        left, right = children[:at], children[at + 1 :]
        operands = tuple(self.sequence(side, depth + 1) for side in (left, right) if side)
        return Operation(children[at].type, operands, self.site(node))

    def loop(self, node: Node, depth: int) -> Expression:
        inner = (_named(node) or [node])[0]
        intro = next((child for child in inner.children if child.type == "for_intro"), None)
        values = [child for child in inner.children if child.type == "expression"]
        if intro is None or not values:
            return Unreadable(self.site(node))
        names = tuple(self.text(child) for child in intro.children if child.type == "identifier")
        source = next((child for child in intro.children if child.type == "expression"), intro)
        guard = next((child for child in inner.children if child.type == "for_cond"), None)
        test = next((child for child in guard.children if child.type == "expression"), None) if guard else None
        read = [self.expression(value, depth + 1) for value in values[:2]]
        return ForEach(
            names, self.expression(source, depth + 1), read[-1], self.site(node),
            read[0] if inner.type == "for_object_expr" and len(read) == 2 else None,
            self.expression(test, depth + 1) if test is not None else None,
            any(child.type == "ellipsis" for child in inner.children),
        )  # fmt: skip


_READERS: Final[dict[str, Callable[[_Reader, Node, int], Expression]]] = {
    "literal_value": _Reader.literal, "string_lit": _Reader.string, "template_expr": _Reader.inner,
    "quoted_template": _Reader.quoted, "heredoc_template": _Reader.heredoc, "collection_value": _Reader.inner,
    "tuple": _Reader.many, "object": _Reader.pairs, "variable_expr": _Reader.inner, "identifier": _Reader.name,
    "function_call": _Reader.call, "conditional": _Reader.choice, "operation": _Reader.operation,
    "for_expr": _Reader.loop, "expression": _Reader.expression,
}  # fmt: skip


def _named(node: Node) -> list[Node]:
    return [child for child in node.children if child.is_named and child.type != "comment"]


def _parts(node: Node) -> list[Node]:
    return [child for child in node.children if child.type != "comment"]


def _unescaped(text: str) -> str:
    """Replace the escapes of a quoted text.

    >>> _unescaped('a$${b} ' + chr(92) + 'n')
    'a${b} \\n'
    """
    return _ESCAPE.sub(_replacement, text) if "\\" in text or "{" in text else text


def _replacement(match: re.Match[str]) -> str:
    if match[1]:
        return _ESCAPES[match[1]]
    if match[4]:
        return match[4][0]
    number = int(match[2] or match[3], 16)
    return chr(number) if number < 0x110000 else "?"


def _indent(text: str) -> int:
    """Return the indent that all lines of a text have."""
    lines = [line for line in text.splitlines() if line.strip()]
    return min((len(line) - len(line.lstrip(" \t")) for line in lines), default=0)


def _unescaped_heredoc(indent: int, text: str) -> str:
    """Return the text of a heredoc without the indent of its lines."""
    if indent:
        text = re.sub(rf"(?<=\n)[ \t]{{0,{min(indent, 200)}}}", "", text)
    return text.replace("$${", "${").replace("%%{", "%{")
