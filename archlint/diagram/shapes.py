"""Cards, lines and chips as SVG elements, with classes and no inline styles: a strict content policy allows them."""

from __future__ import annotations

from collections.abc import Iterable

from archlint.diagram.cards import Card, Chip, EdgeLabel, Note
from archlint.diagram.conflicts import TITLE_SIZE, title_words
from archlint.diagram.geometry import Point
from archlint.diagram.icons import BADGES, MARKS, icon
from archlint.diagram.layout import Band, Frame, Line
from archlint.diagram.picture import Cluster, Edge, Node, grouped_marks
from archlint.diagram.text import clean, exact_width, named, text_width, xml
from archlint.diagram.themes import FONTS, group_of
from archlint.model.words import STORES


def number(value: float) -> str:
    """Return a coordinate with one decimal at most.

    >>> number(12.0), number(3.14159)
    ('12', '3.1')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def text(x: float, y: float, style: str, words: str) -> str:
    """Return a line of text. If the viewer's font is wider, the viewer squeezes the line to its measured width."""
    size, bold = FONTS[style.split(" ", maxsplit=1)[0]]
    width = exact_width(clean(words), size, bold)
    fit = f' textLength="{number(width)}" lengthAdjust="spacingAndGlyphs"' if width else ""
    return f'<text class="{style}" x="{number(x)}" y="{number(y)}"{fit}>{xml(words)}</text>'


def card_element(card: Card, centre: Point, index: int, shades: dict[str, int], interactive: bool) -> str:
    """Return the card of a node, centred on a point."""
    node = card.node
    x, y = centre[0] - card.width / 2, centre[1] - card.height / 2
    lit, external = node.emphasis > 0, node.kind == "external"
    severity = grouped_marks(node.marks)[0][1] if node.marks else ""
    classes = ["node", group_of(node), "lit" * lit, node.change, "external" * external]
    classes.append(f"{severity}-card" * bool(severity and not node.change))
    shade = next((shades[role.pattern] for role in node.roles if role.pattern in shades), None)
    icon_y = next((line.y for line in card.lines if line.style == "name"), 12.0) - 12.5
    plain = [
        *_outline(card, shade),
        *map(_note, card.notes),
        f'<path class="icon" transform="translate(9 {number(icon_y)})" d="{icon(node.kind)}"/>',
        *(text(line.x, line.y, f"{line.style} {line.family}".strip(), line.text) for line in card.lines),
        *(badge_element(badge.verb, badge.x, badge.y) for badge in card.badges),
    ]
    chips = [chip_element(chip, shades_of=_shade_number(node, chip, shades)) for chip in card.chips]
    body = _dimmed("".join(plain), node.emphasis) + "".join(chips)
    place = f'transform="translate({number(x)} {number(y)})"'
    style = " ".join(filter(None, classes))
    if interactive:
        role = f'data-node="{index}" tabindex="0" role="button" aria-label="{xml(_spoken(node))}"'
        return f'<g class="{style}" {place} {role}>{body}</g>'
    return f'<g class="{style}" {place}><title>{xml(_tooltip(node))}</title>{body}</g>'


def _note(note: Note) -> str:
    return (
        f'<rect class="callout {note.severity}-note" x="{number(note.x)}" y="{number(note.y)}" '
        f'width="{number(note.width)}" height="{number(note.height)}" rx="4"/>'
    )


def _dimmed(elements: str, emphasis: int) -> str:
    """Return the elements of a part, dimmed if it is not on the chosen path; its findings are never dimmed."""
    return f'<g class="dim">{elements}</g>' if emphasis < 0 and elements else elements


def badge_element(verb: str, x: float, y: float) -> str:
    """Return the small icon of a verb."""
    return f'<path class="badge" transform="translate({number(x)} {number(y)}) scale(.7)" d="{BADGES[verb][0]}"/>'


def _shade_number(node: Node, chip: Chip, shades: dict[str, int]) -> int | None:
    if chip.severity:
        return None
    for role in node.roles:
        if role.role == chip.text and role.pattern in shades and chip.letter == chr(65 + shades[role.pattern] % 26):
            return shades[role.pattern] % 8
    return 0


def _states(emphasis: int, change: str) -> Iterable[str]:
    if emphasis:
        yield "lit" if emphasis > 0 else "dim"
    if change:
        yield change


def _outline(card: Card, shade: int | None) -> Iterable[str]:
    """Yield the outline: cylinder for stores, tube for queues, round ends for clients; replicas add one behind it."""
    width, height = card.body_width, card.height - card.body_top
    if card.is_stacked:
        behind = "service" if card.node.kind == "queue" else card.node.kind
        yield _body(behind, card.body_top, 0.0, width, height, "card")
    yield _body(card.node.kind, 0.0, card.body_top, width, height, "card")
    if shade is not None:
        yield (
            f'<rect class="shade-{shade % 8}" x="1.5" y="{number(card.body_top + height - 5)}" '
            f'width="{number(width - 3)}" height="3.5"/>'
        )


def _body(kind: str, x: float, y: float, width: float, height: float, style: str) -> str:
    if kind in STORES:
        w, h, arc = number(width), height, 5.0
        shape = (
            f"M{number(x)} {number(y + arc)}c0 {number(-arc * 1.3)} {w} {number(-arc * 1.3)} {w} 0"
            f"v{number(h - 2 * arc)}c0 {number(arc * 1.3)} -{w} {number(arc * 1.3)} -{w} 0z"
        )
        rim = f"M{number(x)} {number(y + arc)}c0 {number(arc * 1.3)} {w} {number(arc * 1.3)} {w} 0"
        return f'<path class="{style}" d="{shape}{rim}"/>'
    radius = 14 if kind == "client" else 5
    box = f'<rect class="{style}" x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" '
    box += f'rx="{radius}"/>'
    if kind == "queue":
        right = x + width
        bars = "".join(f"M{number(right - d)} {number(y + 1)}v{number(height - 2)}" for d in (4, 8))
        box += f'<path class="{style}" d="{bars}"/>'
    return box


def chip_element(chip: Chip, dx: float = 0.0, dy: float = 0.0, shades_of: int | None = None) -> str:
    """Return a chip: the rule of a finding with a severity icon, or a role with the letter of its pattern."""
    x, y = chip.x + dx, chip.y + dy
    words = text(x + 18, y + 11.3, "rule", chip.text)
    box = f'<rect x="{number(x)}" y="{number(y)}" width="{number(chip.width)}" height="15" rx="3"'
    if chip.severity:
        at = f'transform="translate({number(x + 5)} {number(y + 3)}) scale(.56)"'
        sign = f'<path class="sign" {at} d="{MARKS[chip.severity]}"/>'
        return f'<g class="chip mark-{chip.severity}">{box}/>{sign}{words}</g>'
    letter = text(x + 5, y + 11.3, "letter", chip.letter)
    return f'<g class="chip role">{box} class="shade-{shades_of or 0}"/>{letter}{words}</g>'


def edge_element(edge: Edge, line: Line, index: int, interactive: bool) -> str:
    """Return the line of a relation, with its arrowhead."""
    classes = ["edge", edge.family, *_states(edge.emphasis, edge.change)]
    if edge.optional:
        classes.append("hollow")
    parts = [f'<path class="line" d="{_curve(line)}"/>', _arrow(line)]
    data = f' data-edge="{index}"' if interactive else ""
    title = f"<title>{xml(_edge_tooltip(edge))}</title>"
    return f'<g class="{" ".join(classes)}"{data}>{title}{"".join(parts)}</g>'


def label_element(edge: Edge, label: EdgeLabel, middle: Point, index: int, interactive: bool) -> str:
    """Return the label of a line. It is drawn above all lines and has its own background."""
    x, y = middle[0] - label.width / 2, middle[1] - label.height / 2
    ground = (
        f'<rect class="halo" x="{number(x + 1)}" y="{number(y + 1)}" width="{number(label.width - 2)}" '
        f'height="{number(label.height - 2)}" rx="3" opacity=".85"/>'
    )
    words = "".join(text(x + 4, y + 12 + 13 * row, "label", line) for row, line in enumerate(label.lines))
    chips = "".join(chip_element(chip, x, y + 1) for chip in label.chips)
    tooltip = f"<title>{xml(_edge_tooltip(edge))}</title>"
    data = f' class="edge-label {edge.family}" data-edge="{index}"' if interactive else ""
    return f"<g{data}>{tooltip}{_dimmed(ground + words, edge.emphasis)}{chips}</g>"


def _curve(line: Line) -> str:
    first, *rest = line.points[::-1] if line.backwards else line.points
    words = " ".join(f"{number(x)} {number(y)}" for x, y in rest)
    return f"M{number(first[0])} {number(first[1])}C{words}"


def _arrow(line: Line) -> str:
    base = line.points[-1]
    tip = line.tip or base
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    ox, oy = -dy / length * 3.6, dx / length * 3.6
    corners = (tip, (base[0] + ox, base[1] + oy), (base[0] - ox, base[1] - oy))
    points = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
    return f'<polygon class="arrow" points="{points}"/>'


def band_element(band: Band) -> str:
    """Return the ground of a lane."""
    frame = band.frame
    return (
        f'<rect class="band" x="{number(frame.left)}" y="{number(frame.top)}" width="{number(frame.width)}" '
        f'height="{number(frame.height)}" rx="8"/>'
    )


def frame_element(frame: Frame) -> str:
    """Return the frame of a cluster."""
    return (
        f'<rect class="frame" x="{number(frame.left)}" y="{number(frame.top)}" width="{number(frame.width)}" '
        f'height="{number(frame.height)}" rx="8"/>'
    )


def frame_title(cluster: Cluster, frame: Frame) -> str:
    """Return the title of a frame. Lines can pass below it, so it has its own background."""
    words = title_words(cluster, frame)
    left = frame.left + frame.title
    ground = (
        f'<rect class="halo" x="{number(left - 3)}" y="{number(frame.top + 4)}" '
        f'width="{number(text_width(words, TITLE_SIZE, True) + 6)}" height="16" rx="3" opacity=".85"/>'
    )
    return ground + text(left, frame.top + 16, "frame-title", words)


def _tooltip(node: Node) -> str:
    facts = "; ".join(f"{label}: {words}" for label, words in node.sheet)
    findings = "; ".join(f"{mark.rule} {mark.name}: {mark.message}" for mark in node.marks)
    return " | ".join(part for part in (named(node.name), node.description, facts, findings) if part)


def _edge_tooltip(edge: Edge) -> str:
    findings = "; ".join(f"{mark.rule} {mark.name}: {mark.message}" for mark in edge.marks)
    return f"{edge.detail} | {findings}" if findings else edge.detail


def _spoken(node: Node) -> str:
    count = len(node.marks)
    findings = f", {count} finding{'s' if count > 1 else ''}" if count else ""
    return f"{named(node.name)}, {node.kind}{findings}"
