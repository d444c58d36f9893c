"""The size of each node's card, and the position of everything on it. The layout engine only gets the sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from archlint.diagram.picture import Edge, Mark, Node, Picture, grouped_marks
from archlint.diagram.text import cut, named, text_width, wrapped
from archlint.model.words import STORES

NAME_SIZE: Final = 13.0
SMALL_SIZE: Final = 11.0
PAD: Final = 9.0
ICON: Final = 16.0
_NAME_LINE: Final = 16.0
_SMALL_LINE: Final = 14.5
_CHIP_LINE: Final = 17.0
_MOST_WIDTH: Final = 186.0
_CLIENT_WIDTH: Final = 262.0
"""The cards of clients hold their workloads, each on one line if possible."""
_LEAST_WIDTH: Final = 92.0
_MOST_MODELS: Final = 4
_MOST_LINKS: Final = 8
_MOST_SAID: Final = 5
"""Lines of a callout."""
_CYLINDER: Final = 7.0
_BARS: Final = 8.0
"""The width of the bars at the end of a queue."""
_BADGE: Final = 14.0
_STACK: Final = 4.0
"""How far the card behind sticks out, if there are several replicas."""


class Line(msgspec.Struct, frozen=True):
    """One line of text, and where it starts: `style` is name, sub, model, fact, phrase, said, budget or link."""

    text: str
    style: str
    x: float
    y: float
    family: str = ""


class Chip(msgspec.Struct, frozen=True):
    """A finding's rule in a box, or (`severity` empty) a role with the letter of its pattern."""

    text: str
    severity: str
    x: float
    y: float
    width: float
    letter: str = ""


class Note(msgspec.Struct, frozen=True):
    """The ground of a callout: a finding in words."""

    severity: str
    x: float
    y: float
    width: float
    height: float


class Badge(msgspec.Struct, frozen=True):
    """A small sign for a relation whose verb leads to one component everywhere."""

    verb: str
    x: float
    y: float


class Card(msgspec.Struct, frozen=True):
    """A node with its size and its contents, in points from its top left corner."""

    node: Node
    width: float
    height: float
    lines: tuple[Line, ...]
    chips: tuple[Chip, ...]
    badges: tuple[Badge, ...]
    body_top: float
    body_width: float
    notes: tuple[Note, ...] = ()

    @property
    def is_stacked(self) -> bool:
        """Whether it is drawn as a stack of cards."""
        return (self.node.replicas or 1) > 1 or len(self.node.members) > 1


def letters(picture: Picture) -> dict[str, str]:
    """Return the letter of each shaded pattern, in the order of the picture."""
    return {name: chr(65 + index % 26) for index, name in enumerate(picture.patterns)}


def subtitle(node: Node) -> str:
    """Return the line below a name: kind and technology."""
    if node.members:
        return node.technology
    return f"{node.kind} · {node.technology}" if node.technology else node.kind


def card_of(
    node: Node, pattern_letters: dict[str, str], badges: dict[str, str], phrased: bool = True,
    callouts: Sequence[Mark] = (),
) -> Card:  # fmt: skip
    """Return a node's card. Relations whose verb has a badge are signs, not words.

    Findings have a phrase if they are `phrased`, otherwise only their rule; `callouts` are said in words below it.
    """
    marks = (*node.marks, *(mark for mark in callouts if mark not in node.marks))
    texts = _texts(node, badges)
    signs = [verb for verb in badges if any(link.verb == verb for link in node.links)]
    inner = max(text_width(text, NAME_SIZE if style == "name" else SMALL_SIZE, style in {"name", "budget"})
                + (ICON + 5 if style == "name" else 0) for text, style, _ in texts)  # fmt: skip
    labels = [(f"{rule} ×{count}" if count > 1 else rule, severity, "") for rule, severity, count in
              grouped_marks(marks)]  # fmt: skip
    labels += [(role.role, "", pattern_letters.get(role.pattern, "")) for role in node.roles]
    chip_widths = [chip_width(cut(text, 120, SMALL_SIZE, True)) for text, _, _ in labels]
    phrases = phrases_of(marks) if phrased else {}
    said_of: dict[tuple[str, str], list[str]] = {}
    for mark in callouts:
        said_of.setdefault((mark.rule, mark.severity), []).append(mark.callout)
    inner = max(inner, _LEAST_WIDTH - 2 * PAD, *chip_widths, _MOST_WIDTH - 2 * PAD if said_of else 0)
    said_width = max([text_width(words, SMALL_SIZE) for words in phrases.values()], default=0.0)
    inner = max(inner, min(said_width, _MOST_WIDTH - 2 * PAD))
    top = PAD + (_CYLINDER if node.kind in STORES else 0) - 2
    lines, y = _placed_lines(texts, top)
    placed, y = _placed_badges(signs, texts[-1], inner, y)
    said, chips, notes, y = _placed_chips(labels, chip_widths, phrases, said_of, inner, y + (4 if labels else 0))
    lines += said
    stack = _STACK if (node.replicas or 1) > 1 or len(node.members) > 1 else 0.0
    width = inner + 2 * PAD + (_BARS if node.kind == "queue" else 0)
    shifted = tuple(msgspec.structs.replace(line, y=line.y + stack) for line in lines)
    moved = tuple(msgspec.structs.replace(chip, y=chip.y + stack) for chip in chips)
    sunk = tuple(msgspec.structs.replace(badge, y=badge.y + stack) for badge in placed)
    lowered = tuple(msgspec.structs.replace(note, y=note.y + stack) for note in notes)
    bottom = PAD - 2 + (3 if node.kind in STORES else 0)
    return Card(node, round(width + stack, 1), round(y + stack + bottom, 1), shifted, moved, sunk, stack,
                round(width, 1), lowered)  # fmt: skip


def _placed_badges(
    signs: list[str], last: tuple[str, str, str], inner: float, y: float
) -> tuple[list[Badge], float]:
    """Place signs at the right end of the last line if there is room, otherwise below it."""
    if not signs:
        return [], y
    size = NAME_SIZE if last[1] == "name" else SMALL_SIZE
    used = text_width(last[0], size, last[1] in {"name", "budget"}) + (ICON + 5 if last[1] == "name" else 0)
    if used + len(signs) * _BADGE > inner:
        y += _SMALL_LINE
    x = PAD + inner - len(signs) * _BADGE + 3
    return [Badge(verb, round(x + _BADGE * n, 1), round(y - 13, 1)) for n, verb in enumerate(signs)], y


def _texts(node: Node, badges: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return the lines of a card with their styles and families."""
    width = (_CLIENT_WIDTH if node.kind == "client" else _MOST_WIDTH) - 2 * PAD
    found = [(line, "name", "") for line in wrapped(named(node.name), width - ICON - 5, NAME_SIZE, True)]
    found += [(line, "sub", "") for line in wrapped(subtitle(node), width, SMALL_SIZE, most=2)]
    models = node.models if len(node.models) <= _MOST_MODELS else node.models[: _MOST_MODELS - 1]
    found += [(cut(f"serves {model}", width, SMALL_SIZE), "model", "") for model in models]
    if len(models) < len(node.models):
        found.append((f"serves {len(node.models) - len(models)} more", "model", ""))
    found += [
        (line.removesuffix(" ·"), "fact", "")
        for fact in node.facts for line in wrapped(fact, width, SMALL_SIZE, most=2)
    ]
    if node.budget:
        found += [(line, "budget", "") for line in wrapped(node.budget, width, SMALL_SIZE, True, most=2)]
    links = [link for link in node.links if link.verb not in badges]
    shown = links if len(links) <= _MOST_LINKS else links[: _MOST_LINKS - 1]
    found += [(cut(link_text(link.verb, link.target), width, SMALL_SIZE), "link", link.family) for link in shown]
    if len(shown) < len(links):
        found.append((f"→ {len(links) - len(shown)} more", "link", ""))
    return found


def link_text(verb: str, target: str) -> str:
    """Return a relation that is written as a word."""
    words = {"monitored_by": "monitored by", "logs_to": "logs to", "calls": "→"}
    return f"{words.get(verb, verb.replace('_', ' '))} {named(target)}"


def _placed_lines(texts: list[tuple[str, str, str]], top: float) -> tuple[list[Line], float]:
    lines: list[Line] = []
    y = top
    for text, style, family in texts:
        is_name = style == "name"
        y += _NAME_LINE if is_name else _SMALL_LINE
        x = PAD + (ICON + 5 if is_name else 0)
        lines.append(Line(text, style, x, round(y - 3.5, 1), family))
    return lines, y


def chip_width(text: str) -> float:
    """Return how wide a chip with a text is."""
    return round(text_width(text, SMALL_SIZE, True) + 24, 1)


def phrases_of(marks: tuple[Mark, ...]) -> dict[str, str]:
    """Return what each rule with findings is about, in a few words."""
    return {mark.rule: mark.name.replace("-", " ") for mark in marks}


def _placed_chips(
    labels: list[tuple[str, str, str]], widths: list[float], phrases: dict[str, str],
    said_of: dict[tuple[str, str], list[str]], inner: float, y: float,
) -> tuple[list[Line], list[Chip], list[Note], float]:  # fmt: skip
    """Return chips in rows; each finding's chip has its phrase beside it, or below it, and a callout its words."""
    said: list[Line] = []
    chips: list[Chip] = []
    notes: list[Note] = []
    x = 0.0
    for (text, severity, letter), width in zip(labels, widths, strict=True):
        rule = text.split(" ")[0]
        callout = said_of.get((rule, severity), [])
        if x and ((severity and phrases) or x + width > inner):
            x, y = 0.0, y + _CHIP_LINE
        top = y = y + 3 if callout else y
        chips.append(Chip(cut(text, 120, SMALL_SIZE, True), severity, round(PAD + x, 1), round(y, 1), width, letter))
        x += width + 4
        words = cut(phrases.get(rule, ""), inner, SMALL_SIZE) if severity else ""
        is_wide = x + text_width(words, SMALL_SIZE) > inner
        if words and not (callout and is_wide):
            if is_wide:
                x, y = 0.0, y + _CHIP_LINE - 2
            said.append(Line(words, "phrase", PAD + x, round(y + 11.3, 1)))
        x = inner if words else x
        if callout:
            rows = [row for words in callout for row in wrapped(words, inner, SMALL_SIZE, most=_MOST_SAID)]
            said += [
                Line(row, "said", PAD, round(y + _CHIP_LINE + 11.3 + _SMALL_LINE * n, 1)) for n, row in enumerate(rows)
            ]
            y += _SMALL_LINE * len(rows) + 8
            notes.append(Note(severity, PAD - 4, round(top - 3, 1), inner + 8, round(y + _CHIP_LINE - top - 3, 1)))
    return said, chips, notes, y + (_CHIP_LINE if chips else 0)


class EdgeLabel(msgspec.Struct, frozen=True):
    """The label of a line: words, and below them the rules with findings on it."""

    lines: tuple[str, ...]
    chips: tuple[Chip, ...]
    width: float
    height: float


LABEL_SIZE: Final = 11.0
_LABEL_LINE: Final = 13.0


def edge_label(edge: Edge, with_words: bool) -> EdgeLabel | None:
    """Return the label of an edge, or None if it has none. With too many edges, labels have no words."""
    words = edge.label if with_words or edge.emphasis > 0 or edge.count > 1 else ""
    lines = tuple(wrapped(words, 112, LABEL_SIZE, most=3)) if words else ()
    chips = _label_chips(edge.marks, len(lines) * _LABEL_LINE + 2)
    if not lines and not chips:
        return None
    width = max([text_width(line, LABEL_SIZE) for line in lines] + [chip.x + chip.width for chip in chips]) + 8
    height = len(lines) * _LABEL_LINE + len(chips) * _CHIP_LINE + 4
    return EdgeLabel(lines, chips, round(width, 1), round(height, 1))


def _label_chips(marks: tuple[Mark, ...], top: float) -> tuple[Chip, ...]:
    chips: list[Chip] = []
    for rule, severity, count in grouped_marks(marks):
        text = f"{rule} ×{count}" if count > 1 else rule
        chips.append(Chip(text, severity, 4.0, round(top + len(chips) * _CHIP_LINE, 1), chip_width(text)))
    return tuple(chips)
