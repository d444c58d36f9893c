"""Which facts change findings, as text for people and JSON for programs."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from archlint.explore.sensitivity import Changes, Sensitivity
from archlint.model.quantities import format_count
from archlint.report.json import encoded
from archlint.report.layout import Ink, flat, hanging, plural
from archlint.schemas import schema_of

VERSION: Literal[1] = 1
MOST_ROWS: Final = 40
MOST_NAMED: Final = 3


def render_text(found: Sensitivity, color: bool = False, width: int = 100) -> str:
    """Return the changes, the most sensitive fact first."""
    ink = Ink(color)
    name = flat(found.system or found.file)
    tried = f"{plural(found.tried, 'fact')} changed up to {format_count(found.most)} times"
    if not found.changes:
        return "\n".join(hanging("", f"{name}: no finding changes; {tried}.", width)) + "\n"
    rows = [ink(line, "strong") for line in hanging("", f"{name}: {tried}, the most sensitive first", width)]
    for one in found.changes[:MOST_ROWS]:
        head = f"{flat(one.path)}: {flat(one.stated)} -> {flat(one.value)} ({times(one.factor)})"
        rows += ["", *hanging("  ", head, width, 4)]
        rows += _named(one.appear, "appears", "error", ink, width)
        rows += _named(one.gone, "goes away", "good", ink, width)
    if len(found.changes) > MOST_ROWS:
        rows += ["", f"  and {len(found.changes) - MOST_ROWS:,} more: `--output json` lists all"]
    if found.left_out:
        rows += ["", f"  {plural(found.left_out, 'fact')} of a large file left out: name a part with --only"]
    return "\n".join(rows) + "\n"


def times(factor: float) -> str:
    """Return a factor in words.

    >>> times(2.0), times(0.5)
    ('x 2', '/ 2')
    """
    if factor <= 0:
        return "nothing left"
    return f"x {max(factor, 1.001):.4g}" if factor >= 1 else f"/ {max(1 / factor, 1.001):.4g}"


def _named(findings: tuple[tuple[str, str], ...], what: str, style: str, ink: Ink, width: int) -> list[str]:
    rows = []
    for rule, at in findings[:MOST_NAMED]:
        rows += [ink(row, style) for row in hanging("    ", f"{rule} {what} at {flat(at)}", width, 6)]
    if len(findings) > MOST_NAMED:
        rows.append(f"    and {len(findings) - MOST_NAMED} more {what.split(maxsplit=1)[0]}")
    return rows


class JsonFlipped(msgspec.Struct, frozen=True):
    """A finding that appears or goes away."""

    rule: str
    at: Annotated[str, Meta(description="Structural path of the place.")]


class JsonChanges(msgspec.Struct, frozen=True):
    """What one fact changes."""

    path: Annotated[str, Meta(description="Structural path of the fact.")]
    stated: str
    value: Annotated[str, Meta(description="The value nearest to the stated one that changes findings, within 1 %.")]
    factor: Annotated[float, Meta(description="The value as a multiple of the stated one.")]
    appear: list[JsonFlipped]
    gone: list[JsonFlipped]


class JsonSensitivity(msgspec.Struct, frozen=True):
    """Which facts change findings, the most sensitive first."""

    version: Annotated[Literal[1], Meta(description="Version of this contract.")]
    file: str
    system: str
    tried: Annotated[int, Meta(description="How many facts were changed.", ge=0)]
    left_out: Annotated[int, Meta(description="How many were not, in a large file.", ge=0)]
    most: Annotated[float, Meta(description="The largest factor.")]
    changes: list[JsonChanges]


def render_json(found: Sensitivity) -> str:
    """Return the changes as indented JSON that ends with a line break."""
    changes = [_json(one) for one in found.changes]
    return encoded(
        JsonSensitivity(VERSION, found.file, found.system, found.tried, found.left_out, found.most, changes)
    )


def _json(one: Changes) -> JsonChanges:
    appear, gone = ([JsonFlipped(*pair) for pair in pairs] for pairs in (one.appear, one.gone))
    return JsonChanges(one.path, one.stated, one.value, one.factor, appear, gone)


def sensitivity_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of what `render_json` writes."""
    return schema_of(JsonSensitivity, "archlint sensitivity, version 1")
