"""The formats of other modelling tools: Structurizr DSL, LikeC4, draw.io and CALM, each read as its tool reads it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from archlint.diagram import Look, Picture, Plan, draw, render
from archlint.diagram.d2 import RESERVED as D2_WORDS
from archlint.diagram.identifiers import identifiers
from archlint.diagram.mermaid import RESERVED as MERMAID_WORDS
from tests.diagram.opened import WAITS_ON_QUEUE
from tests.diagram.samples import HOSTILE, RICH, of_file, of_text
from tests.diagram.test_rows import SYSTEMS, TRAVEL
from tests.tools import needed, npm_package

SAMPLES = [WAITS_ON_QUEUE, RICH, TRAVEL, SYSTEMS / "ko.yaml", None]
NAMED = {"type": "object", "required": ["unique-id"], "properties": {"unique-id": {"type": "string"}}}
END = {"type": "object", "required": ["node"], "properties": {"node": {"type": "string"}}, "additionalProperties": False}
CALM = {
    "type": "object",
    "required": ["$schema", "nodes", "relationships"],
    "properties": {
        "nodes": {"type": "array", "items": {
            **NAMED, "required": ["unique-id", "node-type", "name", "description"],
            "properties": {key: {"type": "string"} for key in ("unique-id", "node-type", "name", "description")},
        }},
        "relationships": {"type": "array", "items": {
            **NAMED, "required": ["unique-id", "relationship-type"],
            "properties": {"relationship-type": {"type": "object", "required": ["connects"], "properties": {"connects": {
                "type": "object", "required": ["source", "destination"], "properties": {"source": END, "destination": END},
            }}}},
        }},
        "metadata": {"type": "array", "items": {"type": "object"}},
    },
}  # fmt: skip
"""What CALM 1.1 requires of nodes and of relationships that connect them
(https://github.com/finos/architecture-as-code/blob/main/calm/release/1.1/meta/core.json)."""


def picture_of(path: Path | None) -> Picture:
    return draw(*(of_text(HOSTILE) if path is None else of_file(path)))


@pytest.fixture(params=SAMPLES, ids=lambda path: path.stem if path else "hostile")
def picture(request: pytest.FixtureRequest) -> Picture:
    return picture_of(request.param)


def text_of(picture: Picture, name: str) -> str:
    return render(picture, name).decode()


def test_likec4_reads_its_format(tmp_path: Path) -> None:
    script = npm_package("likec4/bin/likec4.mjs")
    node = shutil.which("node")
    tool = needed(script if node else None, "LikeC4", "install npm, and run tests/run.py")
    running = []
    for name, path in (("waits", WAITS_ON_QUEUE), ("hostile", None)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "arch.c4").write_text(text_of(picture_of(path), "c4"), encoding="utf-8")
        words = [str(node), str(tool), "validate", "--skip-layout", str(tmp_path / name)]
        running.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for process in running:
        said, _ = process.communicate(timeout=180)
        assert process.returncode == 0, said


def test_structurizr_dsl_follows_its_grammar(picture: Picture) -> None:
    """Blocks are balanced, identifiers are unique and defined before use, and no relation is stated twice.

    Structurizr reads its format in Java only, and npm has no reader: https://docs.structurizr.com/dsl/language.
    """
    depth, known, names, said = 0, set(), set(), set()
    for line in text_of(picture, "dsl").splitlines():
        assert re.fullmatch(r'(?:[^"{}]|"[^"\\]*")*[{}]?', line), line
        assert "${" not in line
        depth += line.endswith("{") - (line.strip() == "}")
        if found := re.match(r'\s*(\w+) = (?:container|softwareSystem) ("[^"]*")', line):
            assert found[1].lower() not in known and found[2].lower() not in names
            known.add(found[1].lower())
            names.add(found[2].lower())
        if found := re.match(r'\s*(\w+) -> (\w+) ("[^"]*")', line):
            assert {found[1].lower(), found[2].lower()} <= known and found[1] != found[2]
            assert found.groups() not in said
            said.add(found.groups())
    assert depth == 0 and len(known) == len(picture.nodes) + 1
    assert {(one, two) for one, two, _ in said} and len(said) <= len(picture.edges)


class Tags(HTMLParser):
    """The tags of a label."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        assert not attrs


def test_draw_io_has_a_cell_for_each_part(picture: Picture) -> None:
    tree = ElementTree.fromstring(text_of(picture, "drawio"))
    cells = tree.findall("diagram/mxGraphModel/root/mxCell")
    ids = [cell.get("id") for cell in cells]
    assert len(set(ids)) == len(ids)
    drawn = [cell for cell in cells if (cell.get("id") or "").startswith("n-")]
    lines = [cell for cell in cells if cell.get("edge") == "1"]
    assert len(drawn) == len(picture.nodes) and len(lines) == len(picture.edges)
    assert all({cell.get("source"), cell.get("target"), cell.get("parent")} <= set(ids) for cell in lines)
    tags = Tags()
    for cell in cells:
        tags.feed(cell.get("value") or "")
        place = cell.find("mxGeometry")
        assert place is None or all(float(place.get(key, "0")) >= 0 for key in ("x", "y", "width", "height"))
    assert tags.found <= {"b", "br"}


def test_calm_has_what_its_schema_requires(picture: Picture) -> None:
    written = json.loads(text_of(picture, "calm.json"))
    jsonschema.validate(written, CALM)
    ids = [node["unique-id"] for node in written["nodes"]]
    ends = [end["node"] for one in written["relationships"] for end in one["relationship-type"]["connects"].values()]
    numbers = [one["unique-id"] for one in written["relationships"]]
    assert len(set(ids)) == len(ids) == len(picture.nodes) and set(ends) <= set(ids)
    assert len(set(numbers)) == len(numbers) == len(picture.edges)
    assert [node["name"] for node in written["nodes"]] == [node.name for node in picture.nodes]


@pytest.mark.parametrize("name", ["mmd", "d2", "dsl", "c4", "calm.json"])
def test_a_component_that_is_added_changes_no_other_line(name: str) -> None:
    """Also not if there are frames and findings."""
    text = RICH.read_text(encoding="utf-8")
    added = "components:\n  audit: {kind: service, zones: [a, b], calls: [{to: balancer, timeout: 1s}]}\n"
    before, after = (
        render(draw(*of_text(one), Plan(cluster="zone")), name, Look(direction="down")).decode().splitlines()
        for one in (text, text.replace("components:\n", added, 1))
    )
    assert set(before) <= set(after) and len(after) > len(before)


def test_a_part_with_a_finding_keeps_the_colour_of_its_kind() -> None:
    picture = draw(*of_file(RICH))
    text = text_of(picture, "mmd")
    assert re.search(r'^  balancer\["<b>balancer</b>.*"\]:::work$', text, re.MULTILINE)
    assert "  class balancer found_error\n" in text
    assert "fill:#" in re.findall("classDef work .*", text)[0] and "fill" not in re.findall("classDef found_error .*", text)[0]
    assert re.search(r'^balancer: ".*" \{class: \[work; error\]; shape: rectangle', text_of(picture, "d2"), re.MULTILINE)
    assert "red outline: error" in text and "d2-legend" in text_of(picture, "d2")


@pytest.mark.parametrize("name", ["mmd", "d2"])
def test_words_of_a_format_are_no_identifiers(name: str) -> None:
    """Two names that differ in case only are two components as well: keys of D2 have no case."""
    words = {"mmd": MERMAID_WORDS, "d2": D2_WORDS}[name]
    names = [*words, "API", "api"]
    ids = [one.lower() for one in identifiers(names, words).values()]
    assert len(set(ids)) == len(names) and not words & set(ids)
