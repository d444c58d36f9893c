"""The value of an expression: what is known of it, and the resources that it refers to. Nothing is executed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from archlint.importers.cloud.values import (
    joined,
    literal,
    null,
    references_of,
    unresolved,
)
from archlint.importers.digits import is_whole
from archlint.importers.objects import DEFAULT, LITERAL, UNRESOLVED, Item, Rows, Site, Table, Value
from archlint.importers.terraform.functions import MAX_ITEMS, MISSING, call, is_known, number_of, rows
from archlint.importers.terraform.syntax import (
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

MAX_DEPTH: Final = 90
MAX_STEPS: Final = 3_000_000
_TRUE, _FALSE = "true", "false"
_KEPT: Final = frozenset({"count", "for_each", "lifecycle", "provider", "depends_on", "dynamic", "provisioner"})


class Budget:
    """What an import may still evaluate: bounds on all steps, and on how deep they are nested."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.steps = steps
        self.depth = 0

    @property
    def is_spent(self) -> bool:
        """Whether nothing more is evaluated."""
        return self.steps <= 0


Scope = dict[str, Item]
"""Names that only hold inside: `each`, `count`, and those of loops."""
Look = Callable[[str, tuple[str | Item, ...], Site], Item]
"""A name with its steps to a value: variables, locals, modules and resources."""
ReadFile = Callable[[str, Item, Item | None, Scope], Item]
"""A function that reads a file, its path and its variables to a value."""


class Evaluator:
    """Evaluates the expressions of one module."""

    def __init__(self, look: Look, read_file: ReadFile, budget: Budget) -> None:
        self.look = look
        self.read_file = read_file
        self.budget = budget

    def value(self, expression: Expression, scope: Scope) -> Item:
        """Return the value of an expression."""
        self.budget.steps -= 1
        if self.budget.is_spent or self.budget.depth > MAX_DEPTH:
            return unresolved(expression.site)
        self.budget.depth += 1
        try:
            return self._value(expression, scope)
        finally:
            self.budget.depth -= 1

    def _value(self, expression: Expression, scope: Scope) -> Item:
        match expression:
            case Literal():
                if expression.plain and expression.text == "null":
                    return null(expression.site)
                return literal(expression.text, expression.site, expression.plain)
            case Template():
                return self._template(expression, scope)
            case ListOf():
                return rows([self.value(item, scope) for item in expression.items], expression.site)
            case ObjectOf():
                return self._object(expression, scope)
            case Traversal():
                return self._traversal(expression, scope)
            case Call():
                return self._call(expression, scope)
            case Choice():
                return self._choice(expression, scope)
            case Operation():
                return self._operation(expression, scope)
            case ForEach():
                return self._loop(expression, scope)
            case Unreadable():
                return unresolved(expression.site)

    def _template(self, expression: Template, scope: Scope) -> Item:
        parts = [self.value(part, scope) for part in expression.parts]
        if len(parts) == 1 and not isinstance(expression.parts[0], Literal):
            return parts[0]
        scalars = [
            part if isinstance(part, Value) else unresolved(expression.site, references_of(part)) for part in parts
        ]
        return joined(scalars, expression.site)

    def _object(self, expression: ObjectOf, scope: Scope) -> Item:
        entries: dict[str, Item] = {}
        keys: dict[str, Site] = {}
        for number, (left, right) in enumerate(expression.pairs[:MAX_ITEMS]):
            if isinstance(left, Traversal) and not left.steps and left.base is None:
                name = left.root
            else:
                key = self.value(left, scope)
                name = key.text if isinstance(key, Value) and is_known(key) else f"?{number}"
            entries[name] = self.value(right, scope)
            keys[name] = left.site
        return Table(entries, keys, expression.site)

    def _traversal(self, one: Traversal, scope: Scope) -> Item:
        steps = tuple(step if isinstance(step, str) else self.value(step, scope) for step in one.steps)
        if one.base is not None:
            return walk(self.value(one.base, scope), steps, one.site)
        if one.root in scope:
            return walk(scope[one.root], steps, one.site)
        return self.look(one.root, steps, one.site)

    def _call(self, one: Call, scope: Scope) -> Item:
        arguments = [self.value(argument, scope) for argument in one.arguments]
        if one.spread and arguments and isinstance(arguments[-1], Rows):
            arguments[-1:] = arguments[-1].items
        if one.name in {"file", "templatefile", "filebase64"} and arguments:
            return self.read_file(one.name, arguments[0], arguments[1] if len(arguments) > 1 else None, scope)
        return call(one.name, arguments, one.site)

    def _choice(self, one: Choice, scope: Scope) -> Item:
        condition = self.value(one.condition, scope)
        if isinstance(condition, Value) and condition.text in {_TRUE, _FALSE} and is_known(condition):
            found = self.value(one.yes if condition.text == _TRUE else one.no, scope)
            return _by_default(found, condition)
        both = [self.value(one.yes, scope), self.value(one.no, scope)]
        for found, other in (both, both[::-1]):       # `x != null ? x : y` with an x that is not known
            if isinstance(other, Value) and other.is_null and isinstance(found, Table | Rows):
                return found
        return unresolved(one.site, (reference for item in both for reference in references_of(item)))

    def _operation(self, one: Operation, scope: Scope) -> Item:
        operands = [self.value(operand, scope) for operand in one.operands]
        found = _operate(one.operator, operands)
        if found is None:
            return unresolved(one.site, (reference for item in operands for reference in references_of(item)))
        status = DEFAULT if any(isinstance(item, Value) and item.status == DEFAULT for item in operands) else LITERAL
        via = tuple(place for item in operands if isinstance(item, Value) for place in item.via)[:3]
        return msgspec.structs.replace(literal(found, one.site, status=status), via=via)

    def _loop(self, one: ForEach, scope: Scope) -> Item:
        source = self.value(one.source, scope)
        if isinstance(source, Value):
            inner = {**scope, **{name: unresolved(one.site, references_of(source)) for name in one.names}}
            found = self.value(one.value, inner)
            if source.is_null:
                return Rows([], one.site)
            return unresolved(one.site, [*references_of(source), *references_of(found)])
        items: list[Item] = []
        entries: dict[str, Item] = {}
        for key, value in pairs_of(source):
            names = dict(zip(one.names, (key, value) if len(one.names) > 1 else (value,), strict=False))
            inner = {**scope, **names}
            if one.condition is not None and _is_false(self.value(one.condition, inner)):
                continue
            found = self.value(one.value, inner)
            if one.key is None:
                items.append(found)
                continue
            name = self.value(one.key, inner)
            text = name.text if isinstance(name, Value) and is_known(name) else f"?{len(entries)}"
            before = entries.get(text)
            grouped = [*(before.items if isinstance(before, Rows) else ()), found]
            entries[text] = rows(grouped, one.site) if one.grouped else found
        return rows(items, one.site) if one.key is None else Table(entries, dict.fromkeys(entries, one.site), one.site)

    def table(self, body: Body, scope: Scope, site: Site, depth: int = 0) -> Table:
        """Return the values of a block; a block inside of it is an item of a list."""
        entries: dict[str, Item] = {}
        keys: dict[str, Site] = {}
        for name, attribute in body.attributes.items():
            if name not in _KEPT or depth:
                entries[name] = self.value(attribute.value, scope)
                keys[name] = attribute.site
        for block in body.blocks if depth < 20 else ():
            self._inner_block(block, scope, entries, keys, depth)
        return Table(entries, keys, site)

    def _inner_block(
        self, block: Block, scope: Scope, entries: dict[str, Item], keys: dict[str, Site], depth: int
    ) -> None:
        name = block.type
        made: list[Item] = []
        if name == "dynamic" and block.labels:
            name = block.labels[0]
            made += self._dynamic(block, scope, depth)
        elif name not in _KEPT:
            made.append(self.table(block.body, scope, block.site, depth + 1))
        known = entries.get(name)
        if made:
            old = known.items if isinstance(known, Rows) else []
            entries[name] = rows([*old, *made], block.site)
            keys.setdefault(name, block.site)

    def _dynamic(self, block: Block, scope: Scope, depth: int) -> Iterator[Item]:
        """Yield what a dynamic block makes, for each item of its collection."""
        content = next((inner for inner in block.body.blocks if inner.type == "content"), None)
        source = block.body.attributes.get("for_each")
        if content is None or source is None:
            return
        named = block.body.attributes.get("iterator")
        name = named.value.root if named is not None and isinstance(named.value, Traversal) else block.labels[0]
        for key, value in instances(self.value(source.value, scope), source.site):
            inner = {**scope, name: each(key, value, block.site)}
            yield self.table(content.body, inner, block.site, depth + 1)


def each(key: Item, value: Item, site: Site) -> Table:
    """Return what `each` or an iterator is."""
    return Table({"key": key, "value": value}, {}, site)


def instances(source: Item, site: Site, most: int = 50) -> list[tuple[Item, Item]]:
    """Return the keys and values that `for_each` goes over; one that is not known if they are not."""
    if isinstance(source, Value):
        if source.is_null and source.status != UNRESOLVED:
            return []
        one = unresolved(site, references_of(source))
        return [(one, one)]
    found = list(pairs_of(source))
    if any(key.text == "" or key.text.startswith("?") for key, _ in found) or len(found) > most:
        one = unresolved(site, references_of(source))
        return [(one, one)]
    if isinstance(source, Rows):
        return [(value if isinstance(value, Value) else key, value) for key, value in found]
    return list(found)


def pairs_of(source: Item) -> Iterator[tuple[Value, Item]]:
    """Yield keys and values of a collection."""
    if isinstance(source, Table):
        for key, value in list(source.entries.items())[:MAX_ITEMS]:
            yield literal(key, source.keys.get(key, source.site), plain=False), value
    elif isinstance(source, Rows):
        for number, value in enumerate(source.items[:MAX_ITEMS]):
            yield literal(str(number), source.site), value


def walk(found: Item, steps: tuple[str | Item, ...], site: Site) -> Item:
    """Follow steps into a value; what is not there is not known."""
    for number, step in enumerate(steps):
        name = step if isinstance(step, str) else step.text if isinstance(step, Value) and is_known(step) else None
        if name == "*":
            rest = steps[number + 1 :]
            items = found.items if isinstance(found, Rows) else [found]
            return rows([walk(item, rest, site) for item in items[:MAX_ITEMS]], site) if rest else found
        following: Item | None = None
        if isinstance(found, Table) and name is not None:
            following = found.entries.get(name)
        elif isinstance(found, Rows) and name is not None:
            if is_whole(name) and int(name[:9]) < len(found.items):
                following = found.items[int(name[:9])]
            elif not is_whole(name) and len(found.items) == 1:
                following = walk(found.items[0], (name,), site)
        if following is None:
            is_missing = isinstance(found, Table) and name is not None
            return unresolved(site, references_of(found), MISSING if is_missing else "?")
        found = following
    return found


def _by_default(item: Item, condition: Value) -> Item:
    """A value that was chosen by a default is one itself."""
    if condition.status == DEFAULT and isinstance(item, Value) and item.status == LITERAL:
        return msgspec.structs.replace(item, status=DEFAULT, via=(*item.via, *condition.via)[:3])
    return item


def _is_false(item: Item) -> bool:
    return isinstance(item, Value) and item.text == _FALSE


def _operate(operator: str, operands: list[Item]) -> str | None:
    """Return the result of an operator as a text; None if it is not known."""
    texts = [item.text if isinstance(item, Value) and is_known(item) else None for item in operands]
    if operator == "!":
        return {_TRUE: _FALSE, _FALSE: _TRUE}.get(texts[0] or "")
    if operator == "-" and len(operands) == 1:
        number = number_of(operands[0])
        return None if number is None else f"{-number:.15g}"
    if len(texts) != 2:
        return None
    left, right = texts
    if operator in {"&&", "||"}:
        decides = _FALSE if operator == "&&" else _TRUE
        if decides in {left, right}:
            return decides
        return left if left is not None and left == right else None
    if operator in {"==", "!="}:
        return _equal(operands, operator == "==")
    numbers = [number_of(item) for item in operands]
    if numbers[0] is None or numbers[1] is None:
        return None
    return _arithmetic(operator, numbers[0], numbers[1])


def _equal(operands: list[Item], wanted: bool) -> str | None:
    nulls = [isinstance(item, Value) and item.raw == "null" and item.plain for item in operands]
    if any(not is_known(item) for item in operands):
        return None
    if any(nulls):
        return _TRUE if all(nulls) == wanted else _FALSE
    left, right = operands
    if isinstance(left, Value) and isinstance(right, Value):
        if left.plain != right.plain and left.status == right.status == LITERAL and left.text == right.text:
            return _FALSE if wanted else _TRUE      # a number and a text are never equal
        return _TRUE if (left.text == right.text) == wanted else _FALSE
    return None


def _arithmetic(operator: str, left: float, right: float) -> str | None:
    if operator in {"<", ">", "<=", ">="}:
        result = {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator]
        return _TRUE if result else _FALSE
    if operator in {"/", "%"} and right == 0:
        return None
    match operator:
        case "+":
            number = left + right
        case "-":
            number = left - right
        case "*":
            number = left * right
        case "/":
            number = left / right
        case "%":
            number = left % right
        case _:
            return None
    return f"{number:.15g}"

