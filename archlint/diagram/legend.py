"""The text above and below the picture: title, notes, the worst findings, and the meaning of the signs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from archlint.diagram.callouts import alike, more_places, order, worst_of_parts
from archlint.diagram.cards import Chip, chip_width, letters
from archlint.diagram.icons import BADGES, MARKS
from archlint.diagram.picture import CHANGES, FAMILIES, SEVERITIES, Picture, grouped_marks
from archlint.diagram.shapes import badge_element, chip_element, number, text
from archlint.diagram.text import clean, cut, text_width, wrapped

_SAMPLE: Final = 34.0
_SIGN: Final = 20.0
_ROW: Final = 19.0
_MOST_DESCRIBED: Final = 8
"""The number of findings in the description."""


class Block(msgspec.Struct, frozen=True):
    """Elements with their total height."""

    elements: tuple[str, ...]
    height: float


def head(picture: Picture, width: float, called: bool) -> Block:
    """Return the title, the description, the notes, and findings in words: those about the file as a whole.

    Without callouts (`called`), the worst findings of its parts are there too.
    """
    elements = [text(0, 16, "title", cut(picture.title, width, 18, True))]
    y = 22.0
    for line in wrapped(picture.description, width, 11, most=3) if picture.description else []:
        y += 15
        elements.append(text(0, y - 1, "text", line))
    for note in picture.notes:
        for line in wrapped(note, width, 11, True, most=4):
            y += 16
            elements.append(text(0, y - 1, "budget", line))
    told = [*alike(picture.marks), *([] if called else worst_of_parts(picture))]
    for mark, count in sorted(told, key=lambda one: order(one[0])):
        y += 5
        chip = Chip(mark.rule, mark.severity, 0.0, round(y, 1), chip_width(mark.rule))
        elements.append(chip_element(chip))
        words = clean(mark.message, 1_000) + more_places(count)
        for line in wrapped(words, width - chip.width - 8, 11, most=3):
            y += 15
            elements.append(text(chip.width + 8, y - 3.5, "fact", line))
    return Block(tuple(elements), y + 10)


def described(picture: Picture) -> str:
    """Return what a picture shows, for readers who do not see it: its size, and what is wrong, the worst first."""
    parts = sum(len(node.members) or 1 for node in picture.nodes)
    marks = sorted(set(picture.all_marks), key=order)
    told = alike(marks)
    found = f"{len(told)} finding{'s' if len(told) != 1 else ''}" if told else "no findings"
    words = [f"{picture.title}: {parts} component{'s' if parts != 1 else ''}, {found}.", *picture.notes]
    shown = told[:_MOST_DESCRIBED]
    words += [f"{mark.severity} {mark.rule}: {mark.message}{more_places(count)}." for mark, count in shown]
    more = len(told) - _MOST_DESCRIBED
    if more > 0:
        words.append(f"{more} more finding{'s' if more != 1 else ''}.")
    return clean(" ".join(words), 4_000)


def legend(picture: Picture, width: float) -> Block:
    """Return the meaning of the lines, signs, rules and shades of a picture."""
    elements: list[str] = []
    x, y = 0.0, 0.0
    for sample, size, meaning in _items(picture):
        shown = cut(meaning, width - size, 11)
        needed = size + text_width(shown, 11) + 18
        if x and x + needed > width + 18:
            x, y = 0.0, y + _ROW
        words = text(size, 12, "text", shown)
        elements.append(f'<g transform="translate({number(x)} {number(y)})">{sample}{words}</g>')
        x += needed
    return Block(tuple(elements), y + _ROW if elements else 0.0)


def _items(picture: Picture) -> Iterable[tuple[str, float, str]]:
    lines = {edge.family for edge in picture.edges}
    for family, meaning in FAMILIES.items():
        if family in lines:
            yield _line_sample(family), _SAMPLE, meaning
    if any(edge.optional for edge in picture.edges):
        yield _line_sample("waiting hollow"), _SAMPLE, "optional: the answer is degraded without it"
    yield from _meanings_of_labels(picture)
    users = {node.name: node.users for node in picture.nodes}
    for verb, target in picture.badges.items():
        count = sum(any(link.verb == verb for link in node.links) for node in picture.nodes)
        who = f"{count} parts → {target}" if users.get(target) else target
        yield badge_element(verb, 2, 2), _SIGN, f"{BADGES[verb][1]}: {who}"
    rules: dict[tuple[int, str, str, str], int] = {}
    for mark in picture.all_marks:
        key = (SEVERITIES.index(mark.severity), mark.severity, mark.rule, mark.name)
        rules[key] = rules.get(key, 0) + 1
    for (_, severity, rule, name), count in sorted(rules.items()):
        yield _sign(severity, 2, 2), _SIGN, f"{rule} {name} ({severity}{f', ×{count}' if count > 1 else ''})"
    for index, (pattern, letter) in enumerate(letters(picture).items()):
        box = f'<rect class="shade-{index % 8}" x="0" y="1" width="18" height="15" rx="3"/>'
        yield box + text(5, 12.5, "letter", letter), _SIGN + 4, picture.patterns[pattern]
    changes = {node.change for node in picture.nodes} | {edge.change for edge in picture.edges}
    for change in CHANGES:
        if change in changes:
            yield f'<g class="{change}"><path class="line" d="M2 8H28"/></g>', _SAMPLE, change


def _meanings_of_labels(picture: Picture) -> Iterable[tuple[str, float, str]]:
    """Yield what the short texts on lines and cards mean, if they occur."""
    labels = " , ".join(edge.label for edge in picture.edges)
    if "≤ " in labels:
        yield _text_sample("≤ 1 s"), _size("≤ 1 s"), "timeout"
    if re.search(r"\d %(?! hits)", labels):
        yield _text_sample("80 %"), _size("80 %"), "share of the requests"
    if "% hits" in labels:
        yield _text_sample("80 % hits"), _size("80 % hits"), "answered by the cache"
    if any((node.replicas or 1) > 1 for node in picture.nodes):
        yield _text_sample("×2"), _size("×2"), "replicas"
    yield from _meanings_of_frames(picture)


def _meanings_of_frames(picture: Picture) -> Iterable[tuple[str, float, str]]:
    """Yield what the outlines of cards and the strong lines mean, if they occur."""
    framed = {grouped_marks(node.marks)[0][1] for node in picture.nodes if node.marks and not node.change}
    for severity in SEVERITIES:
        if severity in framed:
            yield _card_sample(f"{severity}-card"), _SAMPLE, f"{severity} on this part"
    if any(node.kind == "external" for node in picture.nodes):
        yield _card_sample("external"), _SAMPLE, "run by others"
    if any(edge.emphasis > 0 for edge in picture.edges):
        yield _line_sample("waiting lit"), _SAMPLE, "on the chosen path"


def _card_sample(classes: str) -> str:
    return f'<g class="quiet {classes}"><rect class="card" x="1" y="2" width="24" height="12" rx="3"/></g>'


def _text_sample(words: str) -> str:
    return text(0, 12, "limit", words)


def _size(words: str) -> float:
    return text_width(words, 11, True) + 6


def _line_sample(classes: str) -> str:
    tip = '<polygon class="arrow" points="29,8 22,4.4 22,11.6"/>'
    return f'<g class="{classes}"><path class="line" d="M0 8H22"/>{tip}</g>'


def _sign(severity: str, x: float, y: float) -> str:
    place = f'transform="translate({number(x)} {number(y)}) scale(.8)"'
    return f'<path class="sign-{severity}" {place} d="{MARKS[severity]}"/>'
