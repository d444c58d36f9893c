"""Colours and line styles, light and dark, as one style sheet. Every rule is below `.archlint-picture`."""

from __future__ import annotations

from typing import Final

import msgspec

from archlint.diagram.picture import DATA, MESSAGE, OBSERVING, SCHEDULE, WAITING, Node

LIGHT: Final = "light"
DARK: Final = "dark"
AUTO: Final = "auto"
THEMES: Final = (LIGHT, DARK, AUTO)

FONT: Final = (
    'Helvetica, Arial, "Liberation Sans", Arimo, "DejaVu Sans", "Apple SD Gothic Neo", "Malgun Gothic", '
    '"Noto Sans KR", "Noto Sans CJK KR", sans-serif'
)
"""The first families have the widths of the shipped font; the last ones are sans-serif families for Korean."""

FONTS: Final = {
    "title": (18.0, True), "frame-title": (12.0, True), "name": (13.0, True), "budget": (11.0, True),
    "rule": (11.0, True), "letter": (11.0, True), "text": (11.0, False), "sub": (11.0, False), "model": (11.0, False),
    "limit": (11.0, True), "fact": (11.0, False), "phrase": (11.0, False), "said": (11.0, False), "link": (11.0, False),
    "label": (11.0, False),
}  # fmt: skip
"""Size in points and boldness, by the class of a text."""

ENTRY, MODEL, WORK, STORE, QUEUE, QUIET = "entry", "model", "work", "store", "queue", "quiet"
_GROUPS: Final = {
    "client": ENTRY, "edge-device": ENTRY, "external": ENTRY, "load-balancer": WORK, "gateway": WORK, "service": WORK,
    "worker": WORK, "batch-job": WORK, "stream-processor": WORK, "scheduler": WORK, "training-job": WORK,
    "model-server": MODEL, "queue": QUEUE, "cache": STORE, "database": STORE, "warehouse": STORE,
    "object-store": STORE, "feature-store": STORE, "model-registry": STORE, "vector-store": STORE,
    "config-store": STORE, "guardrail": WORK, "log-store": QUIET, "monitoring": QUIET,
}  # fmt: skip
LIT: Final = "lit"
"""The outline of what is on the chosen path."""


class Palette(msgspec.Struct, frozen=True):
    """The colours of one theme; `cards` are (fill, outline) by group, `lines` by family, `marks` by severity."""

    paper: str
    ink: str
    soft: str
    frame: str
    band: str
    dim: str
    accent: str
    accent_ink: str
    cards: dict[str, tuple[str, str]]
    lines: dict[str, str]
    marks: dict[str, str]
    changes: dict[str, str]
    shades: tuple[str, ...]
    chips: dict[str, tuple[str, str]]
    spent: tuple[str, str]
    over: str

    @property
    def outlines(self) -> dict[str, str]:
        """The colours of outlines, by severity, by change, and of the chosen path."""
        return {**self.marks, **self.changes, LIT: self.accent}


PALETTES: Final = {
    LIGHT: Palette(
        "#ffffff", "#16202c", "#4a5868", "#b9c3cf", "#f6f8fa", "#5a6673", "#0b63ce", "#ffffff",
        {ENTRY: ("#f4f5f7", "#5b6776"), MODEL: ("#efeafc", "#6a3fc4"), WORK: ("#eaf2fc", "#2b6cb0"),
         STORE: ("#e8f5ee", "#2f7d4f"), QUEUE: ("#fdf3e0", "#a8660a"), QUIET: ("#f4f5f7", "#7a8796")},
        {WAITING: "#2f3c4c", MESSAGE: "#7a35c9", DATA: "#13766c", SCHEDULE: "#a05308", OBSERVING: "#7a8796"},
        {"error": "#b3201d", "warning": "#8f5200", "info": "#1d5fa8"},
        {"added": "#1f7a3d", "removed": "#b3201d", "changed": "#8f5200"},
        ("#ffe7a8", "#c9e7ff", "#d5f0c4", "#f6cfe6", "#e3d6ff", "#ffd8c2", "#c8f0ea", "#e4e2d0"),
        {"error": ("#b3201d", "#ffffff"), "warning": ("#ffe2ad", "#5c3500"), "info": ("#ffffff", "#1d5fa8")},
        ("#8fb8e8", "#b9d3f2"), "#ffc9c6",
    ),
    DARK: Palette(
        "#12171e", "#e8edf3", "#a9b6c4", "#475465", "#171d26", "#97a4b2", "#6cb2ff", "#0c1218",
        {ENTRY: ("#1f2630", "#9aa7b6"), MODEL: ("#2a2145", "#b598f5"), WORK: ("#18283d", "#7db4f0"),
         STORE: ("#163024", "#77c998"), QUEUE: ("#35280f", "#e3ab52"), QUIET: ("#1f2630", "#8491a0")},
        {WAITING: "#d3dce6", MESSAGE: "#c79bff", DATA: "#5fd0c3", SCHEDULE: "#f0ad5c", OBSERVING: "#8491a0"},
        {"error": "#ff8a84", "warning": "#f2b84b", "info": "#86bdf7"},
        {"added": "#74d693", "removed": "#ff8a84", "changed": "#f2b84b"},
        ("#5c4a10", "#154a73", "#2c5518", "#692c53", "#47308a", "#6e3a1c", "#14564d", "#4c4a34"),
        {"error": ("#ff8a84", "#12171e"), "warning": ("#4d3a12", "#ffd98a"), "info": ("#12171e", "#86bdf7")},
        ("#2f5f96", "#24466e"), "#7a2f2c",
    ),
}  # fmt: skip

DASHES: Final = {WAITING: "", MESSAGE: "7 3", DATA: "2 3", SCHEDULE: "9 3 2 3", OBSERVING: "1 3"}
_WIDTHS: Final = {WAITING: 1.5, MESSAGE: 1.5, DATA: 1.5, SCHEDULE: 1.5, OBSERVING: 1.1}


def group_of(node: Node) -> str:
    """Return the colour group of a node: components that serve models look alike, whatever their kind."""
    return MODEL if node.models else _GROUPS.get(node.kind, WORK)


def stylesheet(theme: str) -> str:
    """Return the style sheet of a theme; `auto` follows the viewer's preference, light by default."""
    if theme == AUTO:
        dark = _colours(PALETTES[DARK]).replace("\n", "\n ")
        query = "@media screen and (prefers-color-scheme: dark)"            # paper is light
        return f"{_SHAPES}{_colours(PALETTES[LIGHT])}{query} {{\n {dark.rstrip()}\n}}\n"
    return _SHAPES + _colours(PALETTES[theme])


def colours(theme: str) -> str:
    """Return the colours of a theme, light or dark, without what both have in common."""
    return _colours(PALETTES[theme])


def _rule(selector: str, **properties: str) -> str:
    body = ";".join(f"{name.replace('_', '-')}:{value}" for name, value in properties.items())
    scoped = ", ".join(f".archlint-picture {part.strip()}" for part in selector.split(","))
    return f"{scoped} {{{body}}}\n"


def _shapes() -> str:
    rules = [
        f".archlint-picture {{font-family:{FONT}}}\n",
        *(
            _rule(f".{style}", font_size=f"{size:g}px", font_weight="bold" if bold else "normal")
            for style, (size, bold) in FONTS.items()
        ),
        _rule(".line", fill="none"),
        _rule(".icon", fill="none", stroke_width="1.2", stroke_linejoin="round", stroke_linecap="round"),
        _rule(".badge", fill="none", stroke_width="1.3", stroke_linejoin="round"),
        _rule(".dim .card, .dim .icon, .dim .badge, .dim.edge .line, .dim.edge .arrow", opacity="0.5"),
        _rule(".error-card .card", stroke_width="3.2"),
        _rule(".warning-card .card", stroke_width="2.2"),
        _rule(".info-card .card", stroke_width="1.6"),
        _rule(".mark-error rect, .mark-warning rect, .mark-info rect", stroke_width="1.4"),
        _rule(".aim", fill="none", stroke_width="2.4"),
        _rule(".over", stroke_width="1.5", stroke_dasharray="4 2"),
        _rule(".frame", fill="none", stroke_dasharray="5 4"),
        *(
            _rule(f".{family} .line", stroke_width=str(_WIDTHS[family]), **_dash(family))
            for family in DASHES
        ),
        _rule(".lit .line", stroke_width="3"),
        _rule(".lit .card", stroke_width="2.6"),
        _rule(".external .card", stroke_dasharray="5 3"),
        _rule(".removed .card, .removed .line", stroke_dasharray="3 3"),
        _rule(".added .card, .removed .card, .changed .card", stroke_width="2.8"),
        _rule(".added .line, .removed .line, .changed .line", stroke_width="2.6"),
    ]
    return "".join(rules)


def _dash(family: str) -> dict[str, str]:
    return {"stroke_dasharray": DASHES[family]} if DASHES[family] else {}


_SHAPES: Final = _shapes()


def _colours(palette: Palette) -> str:
    rules = [
        _rule(".paper", fill=palette.paper),
        _rule(".band", fill=palette.band),
        _rule(".title, .name, .model, .fact, .phrase, .said", fill=palette.ink),
        _rule(".callout", fill=palette.paper),
        *(_rule(f".{severity}-note", stroke=colour) for severity, colour in palette.marks.items()),
        _rule(".text, .sub, .label, .link, .frame-title", fill=palette.soft),
        _rule(".budget", fill=palette.accent),
        _rule(".frame", stroke=palette.frame),
        _rule(".badge", stroke=palette.soft),
        _rule(".halo", fill=palette.paper),
        _rule(".dim text", fill=palette.dim),
        _rule(".role text, .letter", fill=palette.ink),
        *(
            _rule(f".{group} .card", fill=fill, stroke=line) + _rule(f".{group} .icon", stroke=line)
            for group, (fill, line) in palette.cards.items()
        ),
        *(
            _rule(f".{family} .line", stroke=colour) + _rule(f".{family} .arrow", fill=colour, stroke=colour)
            + _rule(f".{family}.hollow .arrow", fill=palette.paper)
            + _rule(f".link.{family}", fill=palette.soft if family == OBSERVING else colour)
            for family, colour in palette.lines.items()
        ),
        *(_rule(f".sign-{severity}", fill=colour) for severity, colour in palette.marks.items()),
        *(
            _rule(f".mark-{severity} rect", fill=fill, stroke=palette.marks[severity])
            + _rule(f".mark-{severity} text, .mark-{severity} .sign", fill=ink)
            for severity, (fill, ink) in palette.chips.items()
        ),
        _rule(".spent-0", fill=palette.spent[0]),
        _rule(".spent-1", fill=palette.spent[1]),
        _rule(".over", fill=palette.over, stroke=palette.marks["error"]),
        _rule(".aim", stroke=palette.ink),
        _rule(".limit", fill=palette.ink),
        *(
            _rule(f".{change} .card, .{change} .line", stroke=colour)
            + _rule(f".{change} .arrow", fill=colour, stroke=colour)
            for change, colour in palette.changes.items()
        ),
        *(_rule(f".shade-{index}", fill=colour) for index, colour in enumerate(palette.shades)),
        _rule(".lit .line", stroke=palette.accent),
        _rule(".lit .arrow", fill=palette.accent, stroke=palette.accent),
        _rule(".lit .card", stroke=palette.accent),
        *(_rule(f".{severity}-card .card", stroke=colour) for severity, colour in palette.marks.items()),
    ]  # fmt: skip
    return "".join(rules)
