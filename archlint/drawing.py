"""Pictures of systems, from files, texts or systems: what `archlint render` does, as a library."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import msgspec

from archlint.analysis.system import System
from archlint.api import load
from archlint.config import Config, find_config, read_config
from archlint.errors import UsageError
from archlint.given import config_or_file
from archlint.linter import Linter, Options
from archlint.targets import STDIN

if TYPE_CHECKING:
    from archlint.diagram import Look, Picture, Plan
    from archlint.diagram.formats import Made
    from archlint.verdicts import FileReport

TextFormat = Literal["svg", "html", "mmd", "d2", "dot", "dsl", "c4", "drawio", "calm.json", "graphml", "graph.json"]
BinaryFormat = Literal["png", "pdf"]
Theme = Literal["auto", "light", "dark"]
Purpose = Literal["readme", "slide", "page"]
Direction = Literal["auto", "right", "down"]
Cluster = Literal["auto", "region", "zone", "owner", "none"]
Collapse = Literal["auto", "owner", "region", "zone", "kind", "name", "none"]


@overload
def render(
    path_or_text_or_system: str | Path | System, format: TextFormat = "svg", *,
    config: Config | Path | str | None = None, system: str = "", findings: bool = True, theme: Theme = "auto",
    direction: Direction = "auto",
    cluster: Cluster = "auto", collapse: Collapse = "auto", workload: str = "", focus: str = "", hops: int = 1,
    patterns: bool = False, all_lines: bool = False, scale: float = 2.0, fonts: Iterable[Path] | None = None,
    allow_code: bool = False, purpose: Purpose = "readme",
) -> str: ...  # fmt: skip


@overload
def render(
    path_or_text_or_system: str | Path | System, format: BinaryFormat, *, config: Config | Path | str | None = None,
    system: str = "", findings: bool = True, theme: Theme = "auto", direction: Direction = "auto",
    cluster: Cluster = "auto", collapse: Collapse = "auto", workload: str = "", focus: str = "", hops: int = 1,
    patterns: bool = False, all_lines: bool = False, scale: float = 2.0, fonts: Iterable[Path] | None = None,
    allow_code: bool = False, purpose: Purpose = "readme",
) -> bytes: ...  # fmt: skip


@overload
def render(
    path_or_text_or_system: str | Path | System, format: str, *, config: Config | Path | str | None = None,
    system: str = "", findings: bool = True, theme: Theme = "auto", direction: Direction = "auto",
    cluster: Cluster = "auto", collapse: Collapse = "auto", workload: str = "", focus: str = "", hops: int = 1,
    patterns: bool = False, all_lines: bool = False, scale: float = 2.0, fonts: Iterable[Path] | None = None,
    allow_code: bool = False, purpose: Purpose = "readme",
) -> str | bytes: ...  # fmt: skip


def render(
    path_or_text_or_system: str | Path | System, format: str = "svg", *, config: Config | Path | str | None = None,
    system: str = "", findings: bool = True, theme: Theme = "auto", direction: Direction = "auto",
    cluster: Cluster = "auto", collapse: Collapse = "auto", workload: str = "", focus: str = "", hops: int = 1,
    patterns: bool = False, all_lines: bool = False, scale: float = 2.0, fonts: Iterable[Path] | None = None,
    allow_code: bool = False, purpose: Purpose = "readme",
) -> str | bytes:  # fmt: skip
    """Draw a system with its findings.

    `path_or_text_or_system` is a file, a text as `archlint.load` takes it, or a loaded system. If a file describes
    several systems, the first is drawn unless `system` names another. Returns text for the formats `svg`, `html`,
    `mmd`, `d2`, `dot`, `dsl`, `c4`, `drawio`, `calm.json`, `graphml` and `graph.json`, and bytes for `png` and `pdf`.

    Without `findings`, no rules run. `config` and `allow_code` are as in `archlint.check`. The other options are those
    of `archlint render`:

    - `theme` is auto, light or dark; `direction` is auto, right or down;
    - `purpose` is readme, slide or page: where the picture is read (`--for` of the command);
    - `cluster` frames components by region, zone, owner, none or auto;
    - `collapse` draws each group as one node, by owner, zone, kind, name, none or auto;
    - `workload` highlights what a workload waits for (`--path` of the command);
    - `focus` draws only one component and what is within `hops` relations of it;
    - `patterns` shades the roles of recognised patterns; `all_lines` draws every relation as a line;
    - `scale` is pixels per point in PNG; `fonts` are folders with more fonts, for PNG and PDF.

    Raises `UsageError` for an unknown format, option, workload, component or system, and for anything that cannot be
    drawn, and `UnreadableInputError` for a file that cannot be read or that is not an architecture file.

    >>> import archlint
    >>> text = '''
    ... archlint: 1
    ... components: {page: {kind: client, calls: [api]}, api: {kind: service}}
    ... '''
    >>> archlint.render(text)[:4], archlint.render(text, "png")[1:4]
    ('<svg', b'PNG')
    >>> "page" in archlint.render(archlint.load(text), "mmd", findings=False)
    True
    """
    from archlint.diagram import Plan
    from archlint.diagram.formats import BINARY, EXTENSIONS, NAMES, Look
    from archlint.diagram.groups import WAYS
    from archlint.diagram.purpose import PURPOSES
    from archlint.diagram.svg import DIRECTIONS
    from archlint.diagram.themes import THEMES

    name = EXTENSIONS.get(format, format)
    for option, value, known in (
        ("format", name, NAMES), ("theme", theme, THEMES), ("direction", direction, DIRECTIONS),
        ("purpose", purpose, tuple(PURPOSES)),
        ("cluster", cluster, ("auto", "region", "zone", "owner", "none")),
        ("collapse", collapse, ("auto", *WAYS, "none")),
    ):  # fmt: skip
        if value not in known:
            raise UsageError(f"unknown {option} `{value}`", f"one of: {', '.join(known)}")
    if not 0.1 <= scale <= 8:
        raise UsageError(f"`scale` is {scale:g}", "use a number from 0.1 to 8")
    drawn, report = _read(path_or_text_or_system, config, system, Options(rules=findings, allow_code=allow_code))
    look = Look(theme, direction, scale, None if fonts is None else tuple(fonts), purpose)
    plan = Plan(cluster, collapse, workload, focus, hops, patterns, all_lines)
    made, _ = drawn_as(name, drawn, report, plan, look)
    return made.data if name in BINARY else made.data.decode()


def drawn_as(
    name: str, system: System, report: FileReport | None, plan: Plan, look: Look
) -> tuple[Made, Picture | None]:
    """Return a system in a format, and the picture in it; a graph has none."""
    from archlint.diagram import GRAPHS, draw, live
    from archlint.diagram.formats import HTML, SEARCHED, Made, make
    from archlint.diagram.groups import MOST_SEARCHED, MOST_SEEN

    if name in GRAPHS:
        return Made(GRAPHS[name](system, report)), None
    plan = msgspec.structs.replace(plan, most=MOST_SEARCHED if name in SEARCHED else MOST_SEEN)
    if name == HTML:
        from archlint.report.html import render_picture

        shown = live(system, report, plan, look.theme, look.direction)
        return Made(render_picture(shown, report, look.theme).encode()), shown.picture
    picture = draw(system, report, plan)
    return make(picture, name, look), picture


def _read(
    source: str | Path | System, config: Config | Path | str | None, system: str, options: Options
) -> tuple[System, FileReport | None]:
    """Return a system with its findings; without rules there are none."""
    found = source if isinstance(source, System) else load(source, config, system)
    if not options.rules:
        return found, None
    name = found.architecture.document.name
    path = None if name == STDIN else Path(name)
    given = config_or_file(config)
    chosen = read_config(given) if isinstance(given, Path) else given or find_config(path or Path(STDIN))
    return found, Linter(chosen, options).judge(found, path)
