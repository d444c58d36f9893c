"""The section of a system: the picture to explore, and beside it what is known of a part, and the findings."""

from __future__ import annotations

from typing import Final

from archlint.diagram.live import Drawing, Live
from archlint.diagram.picture import FAMILIES
from archlint.report.html.tags import Lines, element, text

_KEYS: Final = (
    "Picture. Arrow keys move it, plus and minus zoom. Tab goes to the next component, "
    "Enter shows its facts, Enter again moves to them, Escape goes back"
)
_SHARED: Final = (("link", "Copy link"), ("svg", "Save as SVG"), ("png", "Save as PNG"), ("mermaid", "Save as Mermaid"))


def live_section(live: Live) -> Lines:
    """Write the picture with its tools; the script shows the tools, because they need it."""
    yield '<div class="live">'
    yield '<div class="tools" role="toolbar" aria-label="Picture" hidden>'
    yield '<button type="button" class="back" hidden>‹ All groups</button><span class="group"></span>'
    hidden = "" if live.routes else " hidden"
    yield f'<label{hidden}>Workload <select class="workload"><option value="">none</option>'
    for number, route in enumerate(live.routes):
        yield f'<option value="{number}">{text(route.asks)}</option>'
    yield '</select></label><span class="end"></span>'
    yield '<details class="menu layers"><summary class="button">Layers</summary><div>'
    for family in live.families:
        yield f'<label><input type="checkbox" value="{family}" checked> {text(FAMILIES[family])}</label>'
    yield '</div></details><details class="menu share"><summary class="button">Share</summary><div>'
    for name, words in _SHARED:
        yield f'<button type="button" data-share="{name}">{words}</button>'
    yield '</div></details><output class="said" role="status"></output>'
    yield '<button type="button" class="in" aria-label="Zoom in" title="Zoom in ( + )">+</button>'
    yield '<button type="button" class="out" aria-label="Zoom out" title="Zoom out ( - )">−</button>'
    yield '<button type="button" class="fit" title="Show all ( 0 )">Fit</button></div>'
    yield f'<div class="view" role="group" aria-label="{_KEYS}">'
    for number, drawing in enumerate(live.drawings):
        yield from _drawing(drawing, number)
    yield '</div><div class="route" aria-live="polite" hidden><p class="note"></p>'
    for number, route in enumerate(live.routes):
        if route.bar:
            yield f'<figure data-route="{number}" hidden>{route.bar}</figure>'
    yield f'</div><script type="application/json" class="live-data">{live.data}</script></div>'


def _drawing(drawing: Drawing, number: int) -> Lines:
    yield f'<div class="drawing"{" hidden" if number else ""}>'
    if drawing.wide:
        yield f'<div class="wide">{drawing.wide}</div>'
    yield f'<div class="tall">{drawing.tall}</div></div>'


def overview(live: Live) -> Lines:
    """Write the facts of the system as a whole."""
    picture = live.picture
    yield '<div class="overview">'
    if picture.description:
        yield element("p", picture.description)
    yield from (element("p", note, klass="aside") for note in picture.notes)
    if picture.sheet:
        yield "<dl>"
        yield from (f"<dt>{text(label)}</dt><dd>{text(words)}</dd>" for label, words in picture.sheet)
        yield "</dl>"
    yield "</div>"
