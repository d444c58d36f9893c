"""Measures pictures: crossings, smallest text, share of the canvas, strayed labels, bends, siblings out of line.

`python -m benchmarks.pictures FOLDER --markdown docs/pictures.md` draws systems with archlint, with D2 and its layout
engine ELK, with LikeC4 and with Mermaid, and writes the table. FOLDER is one into which `npm install @terrastruct/d2
likec4 mermaid` was run. Every tool draws the same cards, relations and labels: those of archlint's own picture.
Geometry is read from what each tool draws, in Chromium; LikeC4's is read from its own layout.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

from archlint.analysis.system import System
from archlint.api import load_checked
from archlint.diagram import Picture, d2, draw, mermaid, svg
from archlint.diagram.d2 import RESERVED as D2_WORDS
from archlint.diagram.identifiers import ids_of
from archlint.diagram.mermaid import RESERVED as MERMAID_WORDS
from archlint.linter import Options
from archlint.verdicts import FileReport
from benchmarks.drawn import Drawn, Measures, measured
from benchmarks.generate import generate
from benchmarks.tables import table

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT: Final = Path(__file__).parents[1]
SYSTEMS: Final = ROOT / "tests" / "diagram" / "systems"
SIZES: Final = (30, 41)
_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"
_TODAY: Final = "2026-11-22"

_SAMPLED: Final = """
const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
const line = (p) => { const m = p.getScreenCTM(), n = p.getTotalLength(), out = [];
  const steps = Math.max(2, Math.ceil(n / 4));
  for (let i = 0; i <= steps; i++) { const q = p.getPointAtLength(n * i / steps).matrixTransform(m);
    out.push([q.x, q.y]); } return out; };
const size = (root) => { const r = root.getBoundingClientRect(), shown = [...root.querySelectorAll('text, span, p')];
  const used = shown.filter(t => t.textContent.trim() && t.getBoundingClientRect().width > 0);
  const scale = root.getScreenCTM ? root.getScreenCTM().a : 1;
  return [r.width, r.height, Math.min(...used.map(t => parseFloat(getComputedStyle(t).fontSize))) * scale]; };
"""


def of_archlint(page: Page, picture: Picture) -> Drawn:
    """Return archlint's own picture as geometry, with its head and its legend."""
    page.set_content(f"<body style='margin:0'>{svg(picture, 'light', interactive=True)}</body>")
    found = page.evaluate(f"""() => {{ {_SAMPLED} const root = document.querySelector('svg');
      return {{size: size(root), nodes: [...root.querySelectorAll('[data-node]')].map(n => [n.dataset.node,
        box(n.querySelector('.card'))]),
        lines: [...root.querySelectorAll('.edge[data-edge]')].map(e => [e.dataset.edge,
          line(e.querySelector('.line'))]),
        labels: [...root.querySelectorAll('.edge-label')].map(e => [e.dataset.edge,
          box(e.querySelector('text') || e.querySelector('rect'))])}}; }}""")
    order = {number: place for place, (number, _) in enumerate(found["lines"])}
    edges = [picture.edges[int(number)] for number, _ in found["lines"]]
    width, height, smallest = found["size"]
    return Drawn(
        width, height, {picture.nodes[int(number)].name: tuple(box) for number, box in found["nodes"]},
        tuple(tuple(map(tuple, points)) for _, points in found["lines"]),
        tuple((edge.source, edge.target) for edge in edges),
        tuple((order[number], tuple(box)) for number, box in found["labels"]), smallest,
    )  # fmt: skip


def _names(reserved: Collection[str], picture: Picture) -> dict[str, str]:
    """Return the names of components by their identifiers in a text."""
    return {identity: name for name, identity in ids_of(picture, reserved).nodes.items()}


def _without_legend(text: str) -> str:
    """Return Mermaid or D2 without its legend: it is no card, and no line."""
    return re.sub(r"(?m)^(?:  legend\[.*|vars: \{\n(?: .*\n)*\})\n", "", text)


def of_mermaid(page: Page, picture: Picture, folder: Path) -> Drawn:
    """Return Mermaid's picture of archlint's text as geometry."""
    script = (folder / "node_modules" / "mermaid" / "dist" / "mermaid.min.js").read_text(encoding="utf-8")
    page.set_content("<body style='margin:0'><div id='out'></div></body>")
    page.add_script_tag(content=script)
    page.evaluate("""async (text) => { mermaid.initialize({startOnLoad: false, maxEdges: 2000, maxTextSize: 500000});
      const {svg} = await mermaid.render('drawn', text); document.getElementById('out').innerHTML = svg;
      const root = document.querySelector('#out svg'); const b = root.viewBox.baseVal;
      root.removeAttribute('style'); root.setAttribute('width', b.width); root.setAttribute('height', b.height); }""",
                  _without_legend(mermaid(picture)))  # fmt: skip
    found = page.evaluate(f"""() => {{ {_SAMPLED} const root = document.querySelector('#out svg');
      return {{size: size(root), nodes: [...root.querySelectorAll('g.node')].map(n => [n.id, box(n)]),
        lines: [...root.querySelectorAll('path.flowchart-link')].map(line),
        labels: [...root.querySelectorAll('g.edgeLabel')].map(e => [e.textContent.trim(),
          box(e.querySelector('foreignObject') || e)])}}; }}""")
    names = _names(MERMAID_WORDS, picture)
    nodes = {names[identity.split("-")[-2]]: tuple(box) for identity, box in found["nodes"]}
    labels = tuple((i, tuple(b)) for i, (text, b) in enumerate(found["labels"]) if text and i < len(found["lines"]))
    width, height, smallest = found["size"]
    return Drawn(
        width, height, nodes, tuple(tuple(map(tuple, points)) for points in found["lines"]),
        tuple((edge.source, edge.target) for edge in picture.edges), labels, smallest,
    )  # fmt: skip


_D2: Final = """
import { D2 } from '@terrastruct/d2'; import { readFileSync, writeFileSync } from 'node:fs';
const d2 = new D2();
for (const path of process.argv.slice(2)) {
  const made = await d2.compile(readFileSync(path, 'utf8'), {layout: 'elk'});
  const drawn = await d2.render(made.diagram, {...made.renderOptions, pad: 20, noXMLTag: true});
  writeFileSync(path.replace(/d2$/, 'svg'), drawn);
}
process.exit(0);
"""


def of_d2(page: Page, picture: Picture, folder: Path) -> Drawn:
    """Return the picture that D2 makes of archlint's text with ELK, as geometry."""
    with TemporaryDirectory(dir=folder) as name:
        script, text = Path(name) / "run.mjs", Path(name) / "a.d2"
        script.write_text(_D2, encoding="utf-8")
        text.write_text(_without_legend(d2(picture)), encoding="utf-8")
        subprocess.run([_node(), str(script), str(text)], check=True, capture_output=True, timeout=300, cwd=folder)
        drawing = text.with_suffix(".svg").read_text(encoding="utf-8")
    page.set_content(f"<body style='margin:0'>{drawing}</body>")
    found = page.evaluate(f"""() => {{ {_SAMPLED} const root = document.querySelector('svg'), b = root.viewBox.baseVal;
      root.setAttribute('width', b.width); root.setAttribute('height', b.height);
      const groups = [...root.querySelectorAll('g[class]')].map(g => [g.getAttribute('class').split(' ')[0], g]);
      const shown = groups.filter(([c, g]) => g.querySelector(':scope > g.shape'));
      const drawn = groups.filter(([c, g]) => g.querySelector(':scope > path.connection'));
      return {{size: size(root), nodes: shown.map(([c, g]) => [c, box(g.querySelector('g.shape'))]),
        lines: drawn.map(([c, g]) => [c, line(g.querySelector('path.connection'))]),
        labels: drawn.map(([c, g], i) => [i, g.querySelector('text') ? box(g.querySelector('text')) : null])}}; }}""")
    names = _names(D2_WORDS, picture)

    def named(code: str) -> str:
        plain = html.unescape(base64.b64decode(code + "=" * (-len(code) % 4)).decode())
        return plain.split(".")[-1]

    nodes = {names[named(code)]: tuple(box) for code, box in found["nodes"] if named(code) in names}
    ends = []
    for code, _ in found["lines"]:
        plain = html.unescape(base64.b64decode(code).decode())
        source, target = plain[plain.index("(") + 1 : plain.rindex(")")].split(" -> ")
        ends.append((names[source.split(".")[-1]], names[target.split(".")[-1]]))
    labels = tuple((number, tuple(box)) for number, box in found["labels"] if box is not None)
    width, height, smallest = found["size"]
    return Drawn(
        width, height, nodes, tuple(tuple(map(tuple, points)) for _, points in found["lines"]), tuple(ends),
        labels, smallest,
    )  # fmt: skip


_LIKEC4_SMALLEST: Final = 12.0
"""The size of technologies in LikeC4's default theme, in pixels."""


def of_likec4(page: Page, picture: Picture, folder: Path) -> Drawn:
    """Return LikeC4's layout of the same nodes and relations as geometry."""
    del page
    with TemporaryDirectory(dir=folder) as name:
        (Path(name) / "model.c4").write_text(likec4(picture), encoding="utf-8")
        program = folder / "node_modules" / "likec4" / "bin" / "likec4.mjs"
        command = [_node(), str(program), "export", "json", "-o", f"{name}/out.json", name]
        subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=folder)
        view = json.loads((Path(name) / "out.json").read_text(encoding="utf-8"))["views"]["index"]
    names = {f"n{index}": node.name for index, node in enumerate(picture.nodes)}
    left, top = view["bounds"]["x"], view["bounds"]["y"]
    nodes = {
        names[n["id"]]: (n["x"] - left, n["y"] - top, n["x"] - left + n["width"], n["y"] - top + n["height"])
        for n in view["nodes"]
    }  # fmt: skip
    lines, ends, labels = [], [], []
    for edge in view["edges"]:
        points = [(x - left, y - top) for x, y in edge["points"]]
        lines.append(tuple(_curved(points)))
        ends.append((names[edge["source"]], names[edge["target"]]))
        box = edge.get("labelBBox")
        if box and edge.get("label"):
            x, y = box["x"] - left, box["y"] - top
            labels.append((len(lines) - 1, (x, y, x + box["width"], y + box["height"])))
    return Drawn(
        view["bounds"]["width"], view["bounds"]["height"], nodes, tuple(lines), tuple(ends), tuple(labels),
        _LIKEC4_SMALLEST,
    )  # fmt: skip


def likec4(picture: Picture) -> str:
    """Return a picture as a model of LikeC4: one element for each card, one relation for each line."""
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", " ").replace("'", " ") + "'"

    numbers = {node.name: index for index, node in enumerate(picture.nodes)}
    lines = ["specification { element node }", "model {"]
    for node in picture.nodes:
        said = "; ".join((*node.facts, *(f"{link.verb} {link.target}" for link in node.links)))
        lines.append(f"  n{numbers[node.name]} = node {quoted(node.name)} {{ technology {quoted(node.kind)} "
                     f"description {quoted(said)} }}")  # fmt: skip
    for edge in picture.edges:
        if edge.source != edge.target:
            lines.append(f"  n{numbers[edge.source]} -> n{numbers[edge.target]} {quoted(edge.label)}")
    return "\n".join([*lines, "}", "views { view index { include * } }", ""])


def _curved(points: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield points on joined Bézier curves."""
    yield points[0]
    for start in range(0, len(points) - 3, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points[start : start + 4]
        for step in range(1, 21):
            t = step / 20
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            yield a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3


def _node() -> str:
    found = shutil.which("node")
    if found is None:
        raise SystemExit("no Node.js: install it (apt install nodejs)")
    return found


Tool = Callable[["Page", Picture], Drawn]


def systems() -> Iterator[tuple[str, System, FileReport]]:
    """Yield the systems of the table: two like those that were too large for earlier pictures, and generated ones."""
    for name in ("claims", "travel"):
        system, report = load_checked(SYSTEMS / f"{name}.yaml", Options(today=_TODAY))
        yield f"{name}, {len(system.components)} components", system, report
    for size in SIZES:
        system, report = load_checked(Path("arch.yaml"), Options(today=_TODAY), generate(size).encode())
        yield f"generated, {size} components", system, report


def examples() -> Iterator[tuple[str, System, FileReport]]:
    """Yield every example."""
    for path in sorted((ROOT / "examples").glob("*/*.yaml")):
        if path.parent.name in {"passing", "failing"}:
            yield path.stem, *load_checked(path, Options(today=_TODAY))


def rows_of(name: str, found: Iterable[tuple[str, Measures]]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a system."""
    for tool, m in found:
        yield (
            name, tool, str(m.crossings), f"{m.smallest_px:.1f}", f"{m.used * 100:.0f} %", str(m.strayed_labels),
            str(m.astray), str(m.bends),
        )  # fmt: skip


_HEAD: Final = (
    "system", "tool", "crossings", "smallest text, px", "canvas used", "strayed labels", "siblings out of line",
    "bends",
)  # fmt: skip


def main() -> int:
    """Measure, print the table, and write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder with node_modules; the tools that are in it are measured")
    parser.add_argument("--markdown", type=Path, help="the page to update")
    options = parser.parse_args()
    folder = options.folder.resolve()
    tools: dict[str, Tool] = {"archlint": of_archlint}
    if (folder / "node_modules" / "@terrastruct" / "d2").is_dir():
        tools["D2, ELK"] = lambda page, picture: of_d2(page, picture, folder)
    if (folder / "node_modules" / "likec4").is_dir():
        tools["LikeC4"] = lambda page, picture: of_likec4(page, picture, folder)
    if (folder / "node_modules" / "mermaid" / "dist" / "mermaid.min.js").is_file():
        tools["Mermaid"] = lambda page, picture: of_mermaid(page, picture, folder)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        rows: list[tuple[str, ...]] = []
        for name, system, report in systems():
            picture = draw(system, report)
            found = [(tool, measured(drawn(page, picture))) for tool, drawn in tools.items()]
            rows += rows_of(name, found)
            print(table(_HEAD, rows[-len(tools) :]), flush=True)
        worst = worst_of([measured(of_archlint(page, draw(system, report))) for _, system, report in examples()])
        browser.close()
    text = table(_HEAD, rows) + f"\n{worst}\n"
    print(text)
    if options.markdown:
        page_text = options.markdown.read_text(encoding="utf-8")
        before, after = page_text[: page_text.index(_BEGIN)], page_text[page_text.index(_END) :]
        options.markdown.write_text(f"{before}{_BEGIN}\n\n{text}\n{after}", encoding="utf-8")
    return 0


def worst_of(found: list[Measures]) -> str:
    """Return a sentence about the pictures of all examples."""
    return (
        f"Of the {len(found)} examples, {sum(not m.crossings for m in found)} have no crossing, and none has more than "
        f"{max(m.crossings for m in found)}. The smallest text is {min(m.smallest_px for m in found):.1f} px.\n"
        f"Labels that are nearer to another line than to their own: {sum(m.strayed_labels for m in found)}."
    )


if __name__ == "__main__":
    sys.exit(main())
