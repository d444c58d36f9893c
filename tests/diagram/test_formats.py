"""Every example in every format, and one stored output of each text format."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.dom.minidom import parseString

import pytest

from archlint.api import load_checked
from archlint.diagram import FORMATS, Edge, Look, Node, Picture, Plan, draw, render
from archlint.diagram.cards import card_of
from archlint.diagram.layout import engine
from archlint.diagram.picture import WAITING
from tests.conftest import ROOT
from tests.diagram.opened import page_of
from tests.diagram.samples import EXAMPLES, HOSTILE, OPTIONS, RICH, of_file, of_text

EXPECTED = Path(__file__).parent / "expected"
EVERYTHING = Plan(cluster="zone", path="inspect-return", patterns=True)
STARTS = {
    "svg": b"<svg ", "png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-", "mmd": b"---\ntitle: ",
    "d2": b"direction: ", "dot": b"digraph ", "dsl": b"workspace ", "c4": b"specification {", "calm.json": b"{",
}  # fmt: skip


TEXTS = {"svg", "mmd", "d2", "dot", "c4"}
"""Formats that are quick to write; a failing example differs from its passing one in a few facts only."""


@pytest.mark.parametrize(("path", "name"), [
    pytest.param(path, name, id=f"{path.stem}-{name}")
    for path in EXAMPLES for name in STARTS if path.parent.name == "passing" or name in TEXTS
])  # fmt: skip
def test_every_example_is_written_in_every_format(path: Path, name: str) -> None:
    system, report = of_file(path)
    made = render(draw(system, report), name, Look(scale=0.5))     # a PNG takes time in proportion to its pixels
    assert made.startswith(STARTS[name])
    if name in {"svg", "mmd", "d2", "dot"}:
        text = made.decode()
        for component in system.components:
            assert component in text or component.split("-")[0] in text
    if name == "svg":
        parseString(made)


@pytest.mark.parametrize("name", ["svg", "mmd", "d2", "dot", "html"])
def test_a_picture_with_everything_reads_as_kept(name: str) -> None:
    system, report = of_file(RICH)
    made = page_of(system, report, EVERYTHING).encode() if name == "html" else render(draw(system, report, EVERYTHING), name)
    path = EXPECTED / f"single-balancer.{name}"
    if os.environ.get("ARCHLINT_UPDATE_EXPECTED") == "1":
        path.write_bytes(made)
    assert made == path.read_bytes(), f"{path.name} changed; if that is meant: ARCHLINT_UPDATE_EXPECTED=1 pytest"


DRAWS = """
import sys
from pathlib import Path
from hashlib import sha256
from archlint.api import load_checked
from archlint.diagram import FORMATS, Look, Plan, draw, render
from archlint.linter import Options
from tests.diagram.opened import page_of, report_page
for path in sys.argv[1:]:
    system, report = load_checked(Path(path), Options(today="2026-11-22"))
    workload = next(iter(system.workloads))
    picture = draw(system, report, Plan(cluster="zone", path=workload, patterns=True))
    for name in FORMATS:
        print(path, name, sha256(render(picture, name, Look(scale=0.5))).hexdigest())
    print(path, "html", sha256(page_of(system, report).encode()).hexdigest())
    print(path, "report", sha256(report_page(system, report).encode()).hexdigest())
"""


def test_the_same_file_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    hostile = tmp_path / "hostile.yaml"
    hostile.write_text(HOSTILE, encoding="utf-8")
    paths = [str(path) for path in (hostile, RICH)]
    outputs = [
        subprocess.run(
            [sys.executable, "-c", DRAWS, *paths], capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed}, timeout=120,
        ).stdout
        for seed in ("1", "4711")
    ]  # fmt: skip
    assert len(outputs[0].splitlines()) == len(paths) * (len(FORMATS) + 2)
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_hostile_words_end_nothing_in_an_svg(theme: str) -> None:
    system, report = of_text(HOSTILE)
    made = render(draw(system, report, Plan(patterns=True, path="ask")), "svg", Look(theme=theme))
    document = parseString(made)
    assert {element.tagName for element in document.getElementsByTagName("*")} <= {
        "svg", "desc", "style", "rect", "g", "text", "path", "polygon", "title",
    }  # fmt: skip
    assert "\u202e" not in made.decode()
    assert not re.search(r"\bon\w+=", re.sub(r">[^<]*<", "><", made.decode()))


def test_a_theme_of_its_own_asks_no_viewer() -> None:
    system, report = of_file(RICH)
    picture = draw(system, report)
    assert b"prefers-color-scheme" in render(picture, "svg")
    dark, light = (render(picture, "svg", Look(theme=theme)) for theme in ("dark", "light"))
    assert b"prefers-color-scheme" not in dark + light
    assert dark != light


@pytest.mark.parametrize("path", [RICH, EXAMPLES[0]], ids=lambda path: path.stem)
def test_graphviz_lays_out_what_is_written_as_dot(path: Path, tmp_path: Path) -> None:
    for text in (path.read_text(encoding="utf-8"), HOSTILE):
        system, report = of_text(text)
        source = render(draw(system, report, Plan(cluster="zone", patterns=True)), "dot")
        done = subprocess.run([*engine(), "-Tdot_json"], input=source, capture_output=True, check=True, timeout=60)
        for component in system.components:
            assert f'"name": "{component}"'.encode() in done.stdout


def test_a_name_in_which_nothing_is_to_be_seen_says_so() -> None:
    picture = Picture("blanks", (Node("", "service"), Node(" ", "database"), Node("\u200b", "cache"), Node("api", "service")),
                      (Edge("api", " ", "reads", WAITING, "api"),))  # fmt: skip
    for name in ("svg", "mmd", "d2", "dot"):
        text = render(picture, name).decode()
        said = {"svg": ">(no name)</text>", "mmd": "<b>(no name)</b>"}.get(name, '"(no name)\\n')
        assert text.count(said) == 3, name
    first = card_of(Node("", "service"), {}, {}).lines
    assert [line.style for line in first] == ["name", "sub"], "the icon stands beside the name, not on the kind"


def test_no_text_of_a_page_changes_its_direction() -> None:
    """Paths, messages and source lines of a file are data of the page: a name must not reorder the text around it."""
    turned = "a\u202eb\u2066c"
    text = HOSTILE.replace('description: "\\u202e \\u0007"', f'description: "{turned}"')
    page = page_of(*load_checked(Path(f"{turned}.yaml"), OPTIONS, text.encode()))
    assert text != HOSTILE and not re.search("[\u202a-\u202e\u2066-\u2069]", page)
    assert "a\ufffdb\ufffdc.yaml" in page and "a\\u202eb\\u2066c.yaml" in page
