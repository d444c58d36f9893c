"""An HTML document that loads nothing: its style, its script, and the policy that allows only these.

The policy names each by its hash (https://www.w3.org/TR/CSP3/), so nothing else runs or loads. Text from files is
escaped. The dark colours are style sheets of their own, so that a button can choose the theme.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Final

from archlint.diagram.live import part
from archlint.diagram.themes import AUTO, DARK, LIGHT, colours, stylesheet
from archlint.report.html.tags import Lines, element, text

SCRIPTS: Final = ("camera.js", "facts.js", "share.js", "drawing.js", "moving.js", "live.js")
_MEDIA: Final = {AUTO: "screen and (prefers-color-scheme: dark)", DARK: "screen", LIGHT: "not all"}


def own_part(name: str) -> str:
    """Return a style sheet or a script of this folder."""
    return files("archlint.report.html").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def document(title: str, layout: str, body: Sequence[str], theme: str = AUTO) -> str:
    """Return a document that ends with a line break; `layout` is `report` or `picture`, and the class of its body."""
    style = own_part("page.css") + part("live.css") + own_part(f"{layout}.css")
    script = "".join(part(name) for name in SCRIPTS) + own_part("page.js")
    styles = [
        ("", "", style), ("picture", "", stylesheet(LIGHT)), ("dark", _MEDIA[theme], own_part("page_dark.css")),
        ("dark-picture", _MEDIA[theme], colours(DARK)),
    ]  # fmt: skip
    return "\n".join([
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy([one for *_, one in styles], script)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="robots" content="noindex">',
        '<link rel="icon" href="data:,">',
        element("title", title),
        *(_style(*one) for one in styles),
        "</head>",
        f'<body class="{layout}">',
        *body,
        f"<script>{script}</script>",
        "</body>",
        "</html>",
    ]) + "\n"  # fmt: skip


def theme_button() -> str:
    """Return the button that chooses the theme; the script shows it."""
    return '<button type="button" id="theme" hidden>Theme: auto</button>'


def _style(name: str, media: str, style: str) -> str:
    given = (f' id="{name}"' if name else "") + (f' media="{text(media)}"' if media else "")
    return f"<style{given}>{style}</style>"


def policy(styles: Sequence[str], script: str) -> str:
    """Return a policy that allows only these styles, this script, and images that are part of the page."""
    allowed = " ".join(f"'sha256-{_hash(style)}'" for style in styles)
    sources = f"style-src {allowed}; script-src 'sha256-{_hash(script)}'; img-src data:"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _hash(part_of_page: str) -> str:
    return b64encode(sha256(part_of_page.encode()).digest()).decode()


def switches(counts: Sequence[tuple[str, str, int]]) -> Lines:
    """Write a switch for each kind of item: its name, its title and how many there are."""
    yield "<fieldset><legend>Show</legend>"
    for name, title, count in counts:
        said = f" <small>{count:,}</small>" if count >= 0 else ""
        yield f'<label class="kind"><input type="checkbox" name="kind" value="{name}" checked> {title}{said}</label>'
    yield "</fieldset>"
