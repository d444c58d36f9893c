"""The functions of Terraform that decide what a configuration means; any other one gives a value that is not known."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Final

from archlint.importers.cloud.values import Linked, joined, literal, null, parsed_json, references_of, unresolved
from archlint.importers.digits import is_whole
from archlint.importers.objects import DEFAULT, UNRESOLVED, Item, Rows, Site, Table, Value

MAX_ITEMS: Final = 2_000
MISSING: Final = "(missing)"
"""What `raw` is of a value that a collection does not have: that is known, unlike a value that is not."""
_FORMAT: Final = re.compile(r"%(%|[-+0 #]*\d*(?:\.\d+)?[vsdqtfg])")

Function = Callable[[list[Item], Site], Item | None]
"""Arguments and the place of the call to a value; None if it is not known."""


def call(name: str, arguments: list[Item], site: Site) -> Item:
    """Call a function; a value that is not known still refers to what its arguments refer to."""
    function = FUNCTIONS.get(name.removeprefix("core::"))
    found = function(arguments, site) if function is not None and arguments else None
    if found is not None:
        return found
    return unresolved(site, (one for argument in arguments for one in references_of(argument)))


def is_known(item: Item) -> bool:
    """Whether an item has a value: a collection always has one."""
    return not isinstance(item, Value) or item.status != UNRESOLVED


def rows(items: list[Item], site: Site) -> Rows:
    """Make a list, with a bound on its length."""
    return Rows(items[:MAX_ITEMS], site)


def _same(arguments: list[Item], site: Site) -> Item | None:
    return arguments[0]


def _text(change: Callable[[str], str]) -> Function:
    def function(arguments: list[Item], site: Site) -> Item | None:
        one = arguments[0]
        if not isinstance(one, Linked) or not is_known(one):
            return None
        return _like(one, change(one.text))

    return function


def _like(value: Linked, text: str) -> Linked:
    return Linked(
        text, value.site, value.status, raw=text[:80] or "?", plain=False, via=value.via, references=value.references,
        marked=text if value.marked else "",
    )  # fmt: skip


def _replace(arguments: list[Item], site: Site) -> Item | None:
    if len(arguments) != 3 or not all(isinstance(one, Value) and is_known(one) for one in arguments):
        return None
    one, old, new = arguments
    if not isinstance(one, Linked) or not isinstance(old, Value) or not isinstance(new, Value):
        return None
    if old.text.startswith("/") and old.text.endswith("/") and len(old.text) > 2:        # a regular expression
        return None
    return _like(one, one.text.replace(old.text, new.text)) if len(one.text) * (len(new.text) + 1) < 200_000 else None


def _format(arguments: list[Item], site: Site) -> Item | None:
    template = arguments[0]
    if not isinstance(template, Value) or not is_known(template):
        return None
    parts: list[Value] = []
    rest = iter(arguments[1:])
    at = 0
    for match in _FORMAT.finditer(template.text):
        parts.append(literal(template.text[at : match.start()], site, plain=False))
        at = match.end()
        if match[1] == "%":
            parts.append(literal("%", site, plain=False))
            continue
        value = next(rest, None)
        if not isinstance(value, Value):
            return None
        if match[1] == "q":
            parts += [literal('"', site), value, literal('"', site)]
        elif match[1] in {"s", "v", "d", "t"}:
            parts.append(value)
        else:
            parts.append(_padded(value, match[1]) if is_whole(value.text) else unresolved(site, references_of(value)))
    parts.append(literal(template.text[at:], site, plain=False))
    return joined(parts, site)


def _padded(value: Value, form: str) -> Value:
    width = re.fullmatch(r"0(\d{1,3})d", form)
    return literal(value.text.zfill(int(width[1])), value.site) if width else unresolved(value.site)


def _join(arguments: list[Item], site: Site) -> Item | None:
    if len(arguments) != 2 or not isinstance(arguments[0], Value) or not isinstance(arguments[1], Rows):
        return None
    parts: list[Value] = []
    for item in arguments[1].items:
        if not isinstance(item, Value):
            return None
        parts += [arguments[0], item] if parts else [item]
    return joined(parts, site)


def _split(arguments: list[Item], site: Site) -> Item | None:
    if len(arguments) != 2 or not isinstance(arguments[0], Value) or not isinstance(arguments[1], Linked):
        return None
    one = arguments[1]
    if not is_known(one) or not arguments[0].text:
        return None
    return rows([_like(one, part) for part in one.text.split(arguments[0].text)], site)


def _concat(arguments: list[Item], site: Site) -> Item | None:
    items: list[Item] = []
    for one in arguments:
        items += one.items[:MAX_ITEMS] if isinstance(one, Rows) else [one]
    return rows(items, site)


def _flatten(arguments: list[Item], site: Site) -> Item | None:
    items: list[Item] = []
    waiting: list[Item] = list(reversed(arguments))
    while waiting and len(items) < MAX_ITEMS:
        one = waiting.pop()
        if isinstance(one, Rows):
            waiting += reversed(one.items)
        else:
            items.append(one)
    return rows(items, site)


def _merge(arguments: list[Item], site: Site) -> Item | None:
    entries: dict[str, Item] = {}
    keys: dict[str, Site] = {}
    for number, one in enumerate(arguments):
        if isinstance(one, Table):
            entries.update(one.entries)
            keys.update(one.keys)
        elif isinstance(one, Value) and not one.is_null:        # what is merged is not known: keep what it refers to
            entries[f"?{number}"] = one
    return Table(entries, keys, site)


def _coalesce(arguments: list[Item], site: Site) -> Item | None:
    for one in arguments:
        if isinstance(one, Value) and (one.is_null or (is_known(one) and not one.text)):
            continue
        if isinstance(one, Rows) and not one.items:
            continue
        return one
    return None


def _try(arguments: list[Item], site: Site) -> Item | None:
    return next((one for one in arguments if not (isinstance(one, Value) and one.raw == MISSING)), None)


def _lookup(arguments: list[Item], site: Site) -> Item | None:
    if len(arguments) < 2 or not isinstance(arguments[0], Table) or not isinstance(arguments[1], Value):
        return None
    found = arguments[0].entries.get(arguments[1].text) if is_known(arguments[1]) else None
    return found if found is not None else (arguments[2] if len(arguments) > 2 else None)


def _element(arguments: list[Item], site: Site) -> Item | None:
    if len(arguments) != 2 or not isinstance(arguments[0], Rows) or not isinstance(arguments[1], Value):
        return None
    items, number = arguments[0].items, arguments[1].text
    return items[int(number[:9]) % len(items)] if items and is_whole(number) else None


def _one(arguments: list[Item], site: Site) -> Item | None:
    one = arguments[0]
    if not isinstance(one, Rows):
        return one
    return one.items[0] if one.items else null(site)


def _length(arguments: list[Item], site: Site) -> Item | None:
    one = arguments[0]
    if isinstance(one, Value):
        return literal(str(len(one.text)), site) if is_known(one) else None
    items = list(one.entries.values()) if isinstance(one, Table) else one.items
    return literal(str(len(items)), site, status=_status(items))


def _status(items: list[Item]) -> str:
    return DEFAULT if any(isinstance(one, Value) and one.status == DEFAULT for one in items[:20]) else "literal"


def _keys(arguments: list[Item], site: Site) -> Item | None:
    one = arguments[0]
    if not isinstance(one, Table):
        return None
    return rows([literal(key, one.keys.get(key, site), plain=False) for key in sorted(one.entries)], site)


def _values(arguments: list[Item], site: Site) -> Item | None:
    one = arguments[0]
    return rows([one.entries[key] for key in sorted(one.entries)], site) if isinstance(one, Table) else None


def _list(arguments: list[Item], site: Site) -> Item | None:
    one = arguments[0]
    return one if isinstance(one, Rows) else _values(arguments, site)


def _distinct(arguments: list[Item], site: Site) -> Item | None:
    one = arguments[0]
    if not isinstance(one, Rows):
        return one if isinstance(one, Table) else None
    seen: set[str] = set()
    items: list[Item] = []
    for item in one.items:
        if isinstance(item, Value) and is_known(item):
            if item.text in seen:
                continue
            seen.add(item.text)
        items.append(item)
    return rows(items, site)


def _compact(arguments: list[Item], site: Site) -> Item | None:
    one = arguments[0]
    if not isinstance(one, Rows):
        return None
    kept = [item for item in one.items if not isinstance(item, Value) or not is_known(item) or item.text]
    return rows(kept, site)


def _sort(arguments: list[Item], site: Site) -> Item | None:
    items = arguments[0].items if isinstance(arguments[0], Rows) else []
    scalars = [one for one in items if isinstance(one, Value) and is_known(one)]
    if len(scalars) < len(items):       # in which order they come is not known: which they are is
        return arguments[0]
    scalars.sort(key=lambda one: one.text)
    return rows([*scalars], site)


def _reverse(arguments: list[Item], site: Site) -> Item | None:
    return rows(arguments[0].items[::-1], site) if isinstance(arguments[0], Rows) else None


def _contains(arguments: list[Item], site: Site) -> Item | None:
    if len(arguments) != 2 or not isinstance(arguments[0], Rows) or not isinstance(arguments[1], Value):
        return None
    texts = [one.text for one in arguments[0].items if isinstance(one, Value) and is_known(one)]
    if not is_known(arguments[1]) or len(texts) < len(arguments[0].items):
        return None
    status = arguments[1].status
    return literal("true" if arguments[1].text in texts else "false", site, status=status)


def _zipmap(arguments: list[Item], site: Site) -> Item | None:
    if len(arguments) != 2 or not isinstance(arguments[0], Rows) or not isinstance(arguments[1], Rows):
        return None
    pairs = zip(arguments[0].items, arguments[1].items, strict=False)
    entries = {key.text: value for key, value in pairs if isinstance(key, Value) and is_known(key)}
    return Table(entries, dict.fromkeys(entries, site), site)


def _extreme(choose: Callable[[list[float]], float]) -> Function:
    def function(arguments: list[Item], site: Site) -> Item | None:
        items = arguments[0].items if len(arguments) == 1 and isinstance(arguments[0], Rows) else arguments
        numbers = [number_of(one) for one in items]
        known = [number for number in numbers if number is not None]
        if not known or len(known) < len(numbers):
            return None
        return literal(f"{choose(known):.15g}", site, status=_status(items))

    return function


def number_of(item: Item) -> float | None:
    """Return the number that a scalar is; None for anything else."""
    if not isinstance(item, Value) or not is_known(item) or len(item.text) > 30:
        return None
    try:
        number = float(item.text)
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None


def _decode(arguments: list[Item], site: Site) -> Item | None:
    return parsed_json(arguments[0]) if isinstance(arguments[0], Value) else arguments[0]


def _decode_base64(arguments: list[Item], site: Site) -> Item | None:
    one = arguments[0]
    if not isinstance(one, Value) or not is_known(one):
        return None
    try:
        text = base64.b64decode(one.text, validate=True).decode()
    except ValueError:
        return None
    return literal(text, one.site, plain=False)


FUNCTIONS: Final[dict[str, Function]] = {
    **dict.fromkeys(
        ("jsonencode", "yamlencode", "base64encode", "tostring", "tonumber", "tobool", "tomap", "sensitive",
         "nonsensitive", "can", "base64gzip", "textencodebase64", "ephemeralasnull", "abspath", "urlencode"), _same,
    ),
    "jsondecode": _decode, "base64decode": _decode_base64,
    "lower": _text(str.lower), "upper": _text(str.upper), "trimspace": _text(str.strip), "chomp": _text(str.rstrip),
    "title": _text(str.title), "basename": _text(lambda text: text.rpartition("/")[2]),
    "replace": _replace, "format": _format, "join": _join, "split": _split, "concat": _concat, "flatten": _flatten,
    "merge": _merge, "coalesce": _coalesce, "coalescelist": _coalesce, "try": _try, "lookup": _lookup,
    "element": _element, "one": _one, "length": _length, "keys": _keys, "values": _values, "tolist": _list,
    "toset": _distinct, "distinct": _distinct, "compact": _compact, "contains": _contains, "zipmap": _zipmap,
    "max": _extreme(max), "min": _extreme(min), "sort": _sort, "reverse": _reverse,
}  # fmt: skip
"""The functions that are evaluated. Encodings give their argument back: what is encoded stays readable."""
