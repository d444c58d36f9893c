"""Graphs for networkx, Graphviz and notebooks, read back with other programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.dom.minidom import parseString

import graphviz
import networkx
import pytest
from hypothesis import given, settings

import archlint
from archlint.analysis.system import System
from archlint.diagram import dot as as_dot
from archlint.diagram import draw, graphml, node_link
from archlint.diagram.layout import engine
from archlint.verdicts import FileReport
from tests.conftest import ROOT
from tests.diagram.samples import EXAMPLES, HOSTILE, RICH, of_file, of_text
from tests.strategies import Tree, architectures, dump

ODD_NAMES = r"""
archlint: 1
system: "odd: <names>"
components:
  "page:8080": {kind: client, calls: ["<b>api</b>", "a\\", "a\\\"b", "node", "ns:svc:e"]}
  "<b>api</b>": {kind: service, reads: ["tab\tand\nline", "a  b", "a b"]}
  "a\\": {kind: service}
  "a\\\"b": {kind: service}
  node: {kind: service}
  "ns:svc:e": {kind: service}
  "tab\tand\nline": {kind: database}
  "a  b": {kind: database}
  "a b": {kind: database}
"""


def read_graphml(data: bytes) -> networkx.Graph[str]:
    graph: networkx.Graph[str] = networkx.parse_graphml(data.decode(), force_multigraph=True)
    return graph


def read_node_link(data: bytes) -> networkx.Graph[str]:
    graph: networkx.Graph[str] = networkx.node_link_graph(json.loads(data), edges="edges")
    return graph


def relations(system: System) -> list[tuple[str, str, str]]:
    return sorted(
        (relation.source, relation.target, relation.verb)
        for component in system.components.values() for relation in component.relations
        if relation.target in system.components
    )  # fmt: skip


def edges(graph: networkx.Graph[str]) -> list[tuple[str, str, str]]:
    return sorted((source, target, data["verb"]) for source, target, data in graph.edges(data=True))


def assert_complete(system: System, report: FileReport, graph: networkx.Graph[str]) -> None:
    """Every component, relation and finding is in the graph that was read back."""
    assert set(graph) == set(system.components)
    assert edges(graph) == relations(system)
    for name, component in system.components.items():
        technology = system.facts.technology(component)
        node = graph.nodes[name]
        assert node["kind"] == component.kind
        assert node.get("replicas") == component.least_replicas
        assert node.get("technology") == (technology.title if technology else component.uses)
    written = "\n".join(
        str(data.get("findings", "")) for data in
        (graph.graph, *(of for _, of in graph.nodes(data=True)), *(of for *_, of in graph.edges(data=True)))
    )  # fmt: skip
    for rule, count in Counter(finding.rule for finding in report.findings).items():
        assert written.count(rule) >= count


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_networkx_reads_back_every_example(path: Path) -> None:
    system, report = of_file(path)
    assert_complete(system, report, read_graphml(graphml(system, report)))
    assert_complete(system, report, read_node_link(node_link(system, report)))


@settings(max_examples=25)
@given(architectures())
def test_networkx_reads_back_any_system(tree: Tree) -> None:
    system, report = of_text(dump(tree))
    assert_complete(system, report, read_graphml(graphml(system, report)))
    assert_complete(system, report, read_node_link(node_link(system, report)))


@pytest.mark.parametrize("text", [ODD_NAMES, HOSTILE], ids=["odd", "hostile"])
def test_hostile_words_change_no_graph(text: str) -> None:
    system, report = of_text(text)
    document = parseString(graphml(system, report))
    assert len(document.getElementsByTagName("node")) == len(system.components)
    keys = [key.getAttribute("id") for key in document.getElementsByTagName("key")]
    assert len(keys) == len(set(keys)), "the keys of nodes and edges have ids of their own"
    assert_complete(system, report, read_graphml(graphml(system, report)))
    assert_complete(system, report, read_node_link(node_link(system, report)))


def test_names_that_xml_cannot_hold_stay_apart() -> None:
    system, report = of_text('archlint: 1\ncomponents: {"a\\a": {kind: service, calls: ["a\\e"]}, "a\\e": {kind: service}}\n')
    graph = read_graphml(graphml(system, report))
    assert list(graph) == ["a\ufffd", "a\ufffd_"] and list(graph.edges()) == [("a\ufffd", "a\ufffd_")]


def test_findings_appear_on_their_parts_in_both_formats() -> None:
    system, report = of_file(RICH)
    (finding,) = report.findings
    lines = read_graphml(graphml(system, report)).nodes["balancer"]["findings"]
    assert lines.startswith(f"REL001 error: {finding.message} (") and lines.endswith(f":{finding.location.line})")
    (found,) = read_node_link(node_link(system, report)).nodes["balancer"]["findings"]
    assert (found["rule"], found["severity"], found["line"]) == ("REL001", "error", finding.location.line)
    assert "findings" not in read_graphml(graphml(system)).nodes["balancer"]


def test_the_same_system_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom archlint.api import load_checked\n"
        "from archlint.diagram import graphml, node_link\nfrom archlint.linter import Options\n"
        "found = load_checked(Path(sys.argv[1]), Options(today='2026-11-22'))\n"
        "sys.stdout.buffer.write(graphml(*found) + node_link(*found))\n"
    )
    outputs = [
        subprocess.run([sys.executable, "-c", code, str(RICH)], capture_output=True, check=True, cwd=ROOT, timeout=60,
                       env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "4711")
    ]  # fmt: skip
    assert outputs[0] == outputs[1]


def parsed_dot(source: str) -> tuple[set[str], list[tuple[str, str]]]:
    """The nodes and edges that Graphviz reads from DOT."""
    done = subprocess.run([*engine(), "-Tdot_json"], input=source.encode(), capture_output=True, check=True, timeout=60)
    graph = json.loads(done.stdout)
    names = [item["name"] for item in graph["objects"]]
    nodes = {item["name"] for item in graph["objects"] if "nodes" not in item}
    return nodes, sorted((names[edge["tail"]], names[edge["head"]]) for edge in graph.get("edges", ()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_graphviz_reads_back_every_example(path: Path) -> None:
    system, report = of_file(path)
    picture = draw(system, report)
    nodes, found = parsed_dot(as_dot(picture))
    assert nodes == set(system.components)
    assert found == sorted((edge.source, edge.target) for edge in picture.edges)


def test_odd_names_lead_to_no_port_and_no_markup() -> None:
    system, report = of_text(ODD_NAMES)
    nodes, found = parsed_dot(as_dot(draw(system, report)))
    doubled = {name: name.replace("\\", "\\\\") for name in system.components}      # DOT keeps backslashes as they are
    assert nodes == set(doubled.values())
    assert found == sorted((doubled[source], doubled[target]) for source, target, _ in relations(system))


def test_a_system_gives_its_graph_to_graphviz_and_its_picture_to_notebooks() -> None:
    system = archlint.load(RICH)
    made = system.to_graphviz()
    assert isinstance(made, graphviz.Source)
    assert parsed_dot(made.source)[0] == set(system.components)
    shown = system._repr_svg_()
    assert shown is not None and "balancer" in shown
    assert len(parseString(shown).getElementsByTagName("svg")) == 1


def test_a_notebook_shows_text_where_there_is_no_layout_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda *_: str(tmp_path))
    assert archlint.load(RICH)._repr_svg_() is None


def test_the_title_of_a_picture_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    text = "archlint: 1\ncomponents: {api: {kind: service}}\n"
    for folder in ("one", "two/three"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "arch.yaml").write_text(text)
    titles = {draw(archlint.load(tmp_path / folder / "arch.yaml")).title for folder in ("one", "two/three")}
    assert titles == {"arch.yaml"}
