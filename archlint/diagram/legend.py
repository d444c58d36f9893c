"""What stands above and below the picture: title, notes, findings of the whole file, and what the signs mean."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from archlint.diagram.cards import letters
from archlint.diagram.icons import BADGES, MARKS
from archlint.diagram.picture import CHANGES, FAMILIES, SEVERITIES, Picture
from archlint.diagram.shapes import badge_element, number, text
from archlint.diagram.text import cut, text_width, wrapped

_SAMPLE = 34.0
_ROW = 19.0


class Block(msgspec.Struct, frozen=True):
    """Elements with the height that they take."""

    elements: tuple[str, ...]
    height: float


def head(picture: Picture, width: float) -> Block:
    """Return the title, the notes, and what was found about the file as a whole."""
    elements = [text(0, 16, "title", cut(picture.title, width, 18, True))]
    y = 22.0
    for line in wrapped(picture.description, width, 11, most=3) if picture.description else []:
        y += 15
        elements.append(text(0, y - 1, "text", line))
    for note in picture.notes:
        for line in wrapped(note, width, 11, True, most=4):
            y += 16
            elements.append(text(0, y - 1, "budget", line))
    for mark in picture.marks:
        y += 4
        for row, line in enumerate(wrapped(f"{mark.rule} {mark.message} (line {mark.line})", width - 20, 11, most=4)):
            y += 15
            if row == 0:
                elements.append(_sign(mark.severity, 0, y - 11))
            elements.append(text(18, y - 1, "text", line))
    return Block(tuple(elements), y + 10)


def legend(picture: Picture, width: float) -> Block:
    """Return what the styles of lines, the rules and the shades in a picture mean."""
    elements: list[str] = []
    x, y = 0.0, 0.0
    for sample, meaning in _items(picture):
        shown = cut(meaning, width - _SAMPLE, 11)
        needed = _SAMPLE + text_width(shown, 11) + 18
        if x and x + needed > width + 18:
            x, y = 0.0, y + _ROW
        words = text(_SAMPLE, 12, "text", shown)
        elements.append(f'<g transform="translate({number(x)} {number(y)})">{sample}{words}</g>')
        x += needed
    return Block(tuple(elements), y + _ROW if elements else 0.0)


def _items(picture: Picture) -> Iterable[tuple[str, str]]:
    lines = {edge.family for edge in picture.edges}
    for family, meaning in FAMILIES.items():
        if family in lines:
            yield _line_sample(family), meaning
    if any(edge.optional for edge in picture.edges):
        yield _line_sample("waiting hollow"), "hollow tip: the answer is only poorer without it"
    for verb, target in picture.badges.items():
        yield badge_element(verb, 14, 2), f"{BADGES[verb][1]} {target}"
    rules: dict[tuple[int, str, str, str], int] = {}
    for mark in picture.all_marks:
        key = (SEVERITIES.index(mark.severity), mark.severity, mark.rule, mark.name)
        rules[key] = rules.get(key, 0) + 1
    for (_, severity, rule, name), count in sorted(rules.items()):
        yield _sign(severity, 16, 2), f"{rule} {name} ({severity}{f', ×{count}' if count > 1 else ''})"
    for index, (pattern, letter) in enumerate(letters(picture).items()):
        box = f'<rect class="shade-{index % 8}" x="12" y="1" width="18" height="15" rx="3"/>'
        yield box + text(17, 12.5, "letter", letter), picture.patterns[pattern]
    changes = {node.change for node in picture.nodes} | {edge.change for edge in picture.edges}
    for change in CHANGES:
        if change in changes:
            yield f'<g class="{change}"><path class="line" d="M2 8H28"/></g>', change


def _line_sample(classes: str) -> str:
    tip = '<polygon class="arrow" points="29,8 22,4.4 22,11.6"/>'
    return f'<g class="{classes}"><path class="line" d="M0 8H22"/>{tip}</g>'


def _sign(severity: str, x: float, y: float) -> str:
    place = f'transform="translate({number(x)} {number(y)}) scale(.8)"'
    return f'<path class="sign-{severity}" {place} d="{MARKS[severity]}"/>'
