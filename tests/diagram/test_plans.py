"""The content of a plan: paths, parts, groups, patterns, changes."""

from __future__ import annotations

import re
from xml.dom.minidom import parseString

import pytest
from msgspec.structs import replace

from archlint.diagram import Mark, Node, Picture, Plan, d2, dot, draw, mermaid, stylesheet, svg
from archlint.diagram.arrange import arranged
from archlint.diagram.cards import card_of, edge_label, letters
from archlint.diagram.conflicts import conflicts
from archlint.diagram.legend import described
from archlint.diagram.purpose import PURPOSES
from archlint.errors import UsageError
from tests.diagram.samples import generated, of_text

SHOP = """
archlint: 1
system: shop
owner: core
workloads:
  search: {from: page, rate: 9/s, waits: true, slo: {latency: {p50: 20ms, p99: 100ms}}}
  later: {from: page, rate: 1/s}
models: {ranker: {service_time: {p50: 40ms, p99: 90ms}}}
components:
  page: {kind: client, calls: [{to: api, timeout: 300ms, network: 20ms}]}
  api: {kind: service, replicas: 2, zones: [a, b], calls: [{to: server, retries: 2, share: 0.5}], publishes: [clicks]}
  server: {kind: model-server, serves: [ranker], owner: ml, monitored_by: [watch]}
  shadow: {kind: model-server, serves: [ranker], owner: ml}
  clicks: {kind: queue, dead_letter: dead}
  dead: {kind: queue}
  counter: {kind: worker, consumes: [clicks]}
  watch: {kind: monitoring}
"""


def test_a_path_says_its_budget_and_where_it_goes() -> None:
    system, report = of_text(SHOP)
    picture = draw(system, report, Plan(path="search"))
    assert {node.name: node.emphasis for node in picture.nodes if node.emphasis > 0} == {"page": 1, "api": 1, "server": 1}
    assert [(edge.source, edge.target) for edge in picture.edges if edge.emphasis > 0] == [("page", "api"), ("api", "server")]
    assert {node.name: node.budget for node in picture.nodes if node.emphasis > 0} == {
        "page": "p99 ≥ 60 ms + unknown", "api": "p99 ≥ 40 ms + unknown", "server": "p99 ≥ 90 ms",
    }  # fmt: skip
    assert picture.notes == (
        "Path of search: p99 is at least 60 ms (1 service time unknown): at most 40 ms under the 100 ms objective.",
    )
    assert next(edge.label for edge in picture.edges if edge.target == "server") == "2 retries, 50 %, no timeout"


def test_each_of_two_relations_to_one_target_keeps_its_own_budget() -> None:
    system, _ = of_text("""
    archlint: 1
    workloads: {ask: {from: page, waits: true}}
    components:
      page: {kind: client, calls: [{to: api, timeout: 90ms, when: cold}, {to: api, when: warm}]}
      api: {kind: service}
    """)
    picture = draw(system, None, Plan(path="ask"))
    assert [(edge.label, edge.emphasis) for edge in picture.edges] == [
        ("≤ 90 ms, if cold", 1), ("if warm, no timeout", 1),
    ]  # fmt: skip
    assert [edge.at for edge in picture.edges] == ["components.page.calls[0]", "components.page.calls[1]"]


@pytest.mark.parametrize(("time", "note"), [
    ("", "Path of ask: p99 is unknown (2 service times unknown); objective 50 ms."),
    ("service_time: 20ms", "Path of ask: p99 is at least 20 ms (1 service time unknown): at most 30 ms under "
     "the 50 ms objective."),
    ("service_time: 80ms", "Path of ask: p99 is at least 80 ms (1 service time unknown): at least 30 ms over "
     "the 50 ms objective."),
])  # fmt: skip
def test_no_time_is_left_of_what_nobody_knows(time: str, note: str) -> None:
    parts = f"page: {{kind: client, calls: [api]}}, api: {{kind: service, calls: [db], {time}}}, db: {{kind: database}}"
    load = "ask: {from: page, waits: true, slo: {latency: {p99: 50ms}}}"
    system, _ = of_text(f"archlint: 1\nworkloads: {{{load}}}\ncomponents: {{{parts}}}\n")
    assert draw(system, None, Plan(path="ask")).notes == (note,)


def test_what_was_found_beside_a_path_is_not_dimmed() -> None:
    system, report = of_text(SHOP)
    document = parseString(svg(draw(system, report, Plan(path="search"))))
    dimmed = [g for g in document.getElementsByTagName("g") if g.getAttribute("class") == "dim"]
    assert dimmed and not [g for one in dimmed for g in one.getElementsByTagName("g") if "chip" in g.getAttribute("class")]


def test_messages_run_from_the_queue_to_its_consumer() -> None:
    system, _ = of_text(SHOP)
    edges = {(edge.source, edge.target): edge for edge in draw(system).edges}
    assert edges["clicks", "counter"].stated == ("counter", "consumes", "clicks")
    assert edges["api", "clicks"].stated == ("api", "publishes", "clicks")
    assert edges["clicks", "dead"].label == "dead letter"


def test_a_focus_shows_what_lies_around() -> None:
    system, report = of_text(SHOP)
    near = draw(system, report, Plan(focus="clicks"))
    assert [node.name for node in near.nodes] == ["api", "clicks", "dead", "counter"]
    assert near.notes[0].startswith("Focus: clicks and everything within 1 hop of it; 4 of 8 components are hidden")
    assert [node.name for node in draw(system, report, Plan(focus="clicks", hops=0)).nodes] == ["clicks"]


@pytest.mark.parametrize(("plan", "hint"), [
    (Plan(focus="clics"), "did you mean `clicks`?"),
    (Plan(path="serch"), "did you mean `search`?"),
    (Plan(path="xxxxxxxxxxxx"), "its workloads: search, later"),
])  # fmt: skip
def test_an_unknown_name_gets_the_nearest(plan: Plan, hint: str) -> None:
    system, report = of_text(SHOP)
    with pytest.raises(UsageError) as caught:
        draw(system, report, plan)
    assert caught.value.hint == hint


def test_a_focus_on_what_everybody_uses_draws_its_lines() -> None:
    system, _ = generated(150)
    picture = draw(system, None, Plan(focus="auth"))
    around = {edge.source for edge in picture.edges if edge.target == "auth"}
    assert len(around) > 7 and around == {r.source for r in system.topology.incoming["auth"]}


STREAMED = """
archlint: 1
system: chat
x-reviewed: by two
workloads:
  chat: {from: app, rate: 2/s, waits: true, stream: true, tokens: {out: 300}, slo: {ttft: {p95: 1s}}}
models: {llm: {family: transformer}, moderation: {family: transformer}}
components:
  app: {kind: client, calls: [{to: api, timeout: 1min}]}
  api:
    kind: service
    region: eu
    zones: [a, b]
    calls: [{to: guard, timeout: 1s, fails: closed}, {to: gpu, timeout: 1min}, {to: vendor, timeout: 1min, fallback: gpu}]
  guard: {kind: guardrail, serves: [moderation], regions: [eu]}
  gpu: {kind: model-server, serves: [llm], region: eu, zones: [a]}
  vendor: {kind: external, serves: [llm], region: us, rate_limit: {requests: 500/min, tokens: 2M/min, concurrent: 100}}
"""


def test_a_streamed_answer_is_marked_on_the_lines_that_it_takes() -> None:
    system, report = of_text(STREAMED)
    picture = draw(system, report)
    marked = {(edge.source, edge.target) for edge in picture.edges if "streamed" in edge.label}
    assert marked == {("app", "api"), ("api", "gpu"), ("api", "vendor")}
    (guarded,) = [edge.label for edge in picture.edges if edge.target == "guard"]
    assert guarded == "≤ 1 s, fails closed"
    assert "streamed" in svg(picture)
    assert "streamed" in mermaid(picture)
    assert not [e for e in draw(*of_text(STREAMED.replace("stream: true, ", ""))).edges if "streamed" in e.label]


def test_a_vendor_shows_its_limits_and_its_region() -> None:
    (vendor,) = [node for node in draw(*of_text(STREAMED)).nodes if node.name == "vendor"]
    assert vendor.facts == ("region us", "at most 8.33/s, 33.3k tokens/s, 100 at a time")


def test_regions_are_frames_around_zones() -> None:
    system, report = of_text(STREAMED)
    picture = draw(system, report, Plan(cluster="region"))
    framed = [(cluster.title, cluster.inside) for cluster in picture.clusters]
    assert framed == [("region eu", ""), ("region us", ""), ("zones a, b", "region eu"), ("zone a", "region eu")]
    assert {node.name: node.cluster for node in picture.nodes} == {
        "app": "", "api": "region eu: zones a, b", "guard": "region eu", "gpu": "region eu: zone a", "vendor": "region us",
    }  # fmt: skip
    assert "  subgraph frame_region_eu[" in mermaid(picture)
    assert mermaid(picture).count("  end\n") == mermaid(picture).count(" frame\n") == 4
    assert 'frame_region_eu.frame_region_eu_zones_a_b: "zones a, b" {class: frame}' in d2(picture)
    assert "\nframe_region_eu.frame_region_eu_zones_a_b.api: " in d2(picture)
    parseString(svg(picture))
    cards = [card_of(node, letters(picture), picture.badges) for node in picture.nodes]
    labels = [edge_label(edge, True) for edge in picture.edges]
    layout = arranged(cards, picture.edges, labels, picture.clusters)
    frames = layout.frames
    assert conflicts(layout, cards, picture.edges, labels, picture.clusters) == 0
    assert all(frame is not None for frame in frames)
    outer, inner = frames[0], frames[2]
    assert outer is not None
    assert inner is not None
    assert outer.left < inner.left
    assert inner.left + inner.width < outer.left + outer.width
    assert outer.top < inner.top


def test_own_keys_of_the_system_are_on_the_page() -> None:
    assert draw(*of_text(STREAMED)).sheet == (("x-reviewed", "by two"),)


def test_clusters_are_zones_or_owners() -> None:
    system, _ = of_text(SHOP)
    zones = draw(system, None, Plan(cluster="zone"))
    assert [cluster.title for cluster in zones.clusters] == ["zones a, b"]
    owners = draw(system, None, Plan(cluster="owner"))
    assert [cluster.title for cluster in owners.clusters] == ["owner: core", "owner: ml"]
    others = draw(system)
    assert [cluster.title for cluster in others.clusters] == ["owner: ml"]
    assert draw(system, None, Plan(cluster="none")).clusters == ()
    assert "owner: ml" in svg(others)


def test_relations_to_what_everybody_uses_are_words() -> None:
    system, _ = generated(150)
    picture = draw(system, None, Plan(collapse="none"))
    assert picture.badges == {"loads": "model-store", "logs_to": "prediction-log", "monitored_by": "prometheus"}
    assert not [edge for edge in picture.edges if edge.target == "prometheus"]
    everything = draw(system, None, Plan(collapse="none", all_lines=True))
    assert len([edge for edge in everything.edges if edge.target == "prometheus"]) > 100
    drawn = len(picture.edges) + sum(len(node.links) for node in picture.nodes)
    assert drawn == len(everything.edges)


MANY = """
archlint: 1
workloads: {ask: {from: page, rate: 10/s, waits: true}}
components:
  page: {kind: client, calls: [{to: api, timeout: 1s}]}
  api:
    kind: service
    reads: [{to: db, timeout: 50ms}]
    writes: [{to: db, timeout: 80ms}]
    calls: [CALLS]
    monitored_by: [watch]
    logs_to: [watch]
    loads: [watch]
    mirrors: [{to: watch, share: 0.1}]
  db: {kind: database}
  watch: {kind: monitoring}
"""


def test_what_one_component_alone_uses_stays_a_line() -> None:
    system, report = of_text(MANY.replace("CALLS", "{to: db, timeout: 90ms, when: reindexing}"))
    picture = draw(system, report)
    assert not any(node.links for node in picture.nodes)
    assert [edge.label for edge in picture.edges if edge.target == "db"] == [
        "≤ 50 ms", "writes ≤ 80 ms", "≤ 90 ms, if reindexing",
    ]  # fmt: skip
    assert len([edge for edge in picture.edges if edge.target == "watch"]) == 4


def test_many_relations_of_one_verb_between_two_are_one_line_with_their_number() -> None:
    calls = ", ".join(f"{{to: db, when: case {number}}}" for number in range(29))
    system, report = of_text(MANY.replace("CALLS", calls).replace("{to: db, timeout: 50ms}", ", ".join(["db"] * 4)))
    picture = draw(system, report)
    assert [(e.label, e.count) for e in picture.edges if e.target == "db"] == [
        ("×4", 4), ("writes ≤ 80 ms", 1), ("×29", 29),
    ]  # fmt: skip
    marks = {(mark.rule, mark.at) for edge in picture.edges for mark in edge.marks if edge.target == "db"}
    assert marks and marks == {(m.rule, m.at) for e in draw(system, report, Plan(all_lines=True)).edges for m in e.marks
                               if e.target == "db"}  # fmt: skip
    assert len([e for e in draw(system, report, Plan(all_lines=True)).edges if e.target == "db"]) == 34


def test_a_path_stays_a_line_also_to_what_everybody_uses() -> None:
    system, report = generated(150)
    picture = draw(system, report, Plan(path="search-1-live"))
    assert ("search-1-gateway", "auth") in {(edge.source, edge.target) for edge in picture.edges if edge.emphasis > 0}


def test_patterns_shade_their_roles() -> None:
    system, _ = of_text(SHOP)
    picture = draw(system, None, Plan(patterns=True))
    assert picture.patterns["synchronous"] == "Synchronous prediction"
    roles = {node.name: {role.role for role in node.roles if role.pattern == "synchronous"} for node in picture.nodes}
    assert roles["server"] == {"server"} and roles["page"] == {"client"} and roles["watch"] == set()
    assert "Synchronous prediction" in svg(picture)


def test_changes_are_marked_by_class() -> None:
    system, _ = of_text(SHOP)
    text = mermaid(draw(system), nodes={"api": "changed", "shadow": "added"}, edges={("api", "calls", "server"): "removed"})
    assert "  api[" in text and "  class api changed\n" in text and "  class shadow added\n" in text
    links = [line for line in text.splitlines() if line.startswith("  linkStyle")]
    assert [line for line in links if "#b3201d" in line] == ["  linkStyle 1 stroke:#b3201d,stroke-width:3px,stroke-dasharray:4 3"]


def test_a_changed_part_is_drawn_in_the_style_of_its_change() -> None:
    system, _ = of_text(SHOP)
    picture = draw(system)
    nodes = tuple(replace(node, change="added") if node.name == "shadow" else node for node in picture.nodes)
    edges = tuple(replace(edge, change="removed") if edge.target == "clicks" else edge for edge in picture.edges)
    changed = replace(picture, nodes=nodes, edges=edges)
    drawn = svg(changed, "light")
    assert '<g class="node model added"' in drawn and '<g class="edge message removed"' in drawn
    assert ">added</text>" in drawn and ">removed</text>" in drawn and ">changed</text>" not in drawn
    for text in (mermaid(changed), d2(changed), dot(changed)):
        assert "#1f7a3d" in text and "#b3201d" in text


def test_a_page_may_hold_the_style_of_a_picture() -> None:
    system, _ = of_text(SHOP)
    assert "<style>" not in svg(draw(system), styled=False)
    assert stylesheet("light") in svg(draw(system), "light")
    assert all(line.startswith(".archlint-picture") for line in stylesheet("dark").splitlines())


def test_findings_appear_on_the_affected_part() -> None:
    system, report = of_text(SHOP)
    picture = draw(system, report)
    call = next(edge for edge in picture.edges if (edge.source, edge.target) == ("api", "server"))
    assert "REL003" in {mark.rule for mark in call.marks}
    of_models = {mark.rule for mark in picture.all_marks if mark.at == "models.ranker"}
    server = next(node for node in picture.nodes if node.name == "server")
    assert of_models <= {mark.rule for mark in server.marks}
    assert draw(system).all_marks == ()


def test_the_worst_findings_are_on_a_picture_in_words() -> None:
    marks = tuple(
        Mark(f"REL00{number}", "name", severity, "message", "components.api", "arch.yaml", number, loss, callout=f"loses {number}")
        for number, (severity, loss) in enumerate(
            (("info", 1.0), ("warning", 0.2), ("error", 0.1), ("warning", 0.9), ("error", 0.7)))
    )  # fmt: skip
    whole = Mark("DOC001", "name", "info", "of the file", "", "arch.yaml", 1)
    words = svg(Picture("shop", (Node("api", "service", marks=marks),), (), marks=(whole,)))
    shown = re.findall(r">(loses \d|of the file)<", words)
    assert shown == ["of the file", "loses 2", "loses 4", "loses 3"], "the worst three, each below its badge"
    assert all(f">{mark.rule} name ({mark.severity})<" in words for mark in marks), "the legend names every rule"


def test_findings_with_one_rule_and_text_are_one_line_with_their_number() -> None:
    def mark(rule: str, place: str, text: str = "has no owner") -> Mark:
        return Mark(rule, "name", "info", text, place, "arch.yaml", 1)

    alike = tuple(mark("OPS003", f"components.part{number}") for number in range(4))
    others = (mark("OPS004", "models.m"), mark("OPS003", "components.other", "has no runbook"))
    picture = Picture("shop", (Node("api", "service", marks=(*alike, *others)),), ())
    shown = re.findall(r">(has no \w+(?: \(and \d more places\))?)<", svg(picture, purpose=PURPOSES["slide"]))
    assert shown == ["has no runbook", "has no owner (and 3 more places)", "has no owner"]
    said = "3 findings. info OPS003: has no runbook. info OPS003: has no owner (and 3 more places). info OPS004"
    assert said in described(picture)


def test_findings_that_one_decision_fixes_are_one_line() -> None:
    system, report = of_text("""
    archlint: 1
    described: [timeouts]
    workloads: {w: {from: app, waits: true}}
    components:
      app: {kind: client, calls: [api]}
      api: {kind: service, calls: [a, b], replicas: 2, zones: [x, y], balancing: random}
      a: {kind: service, replicas: 2, zones: [x, y], balancing: random}
      b: {kind: service, replicas: 2, zones: [x, y], balancing: random}
    """)
    assert report is not None and [finding.rule for finding in report.findings].count("REL003") == 3
    words = described(draw(system, report))
    assert words.count("REL003") == 1 and "(and 2 more places)" in words


def test_of_a_path_the_findings_on_it_are_chosen_for_the_words() -> None:
    def mark(name: str, severity: str, loss: float) -> Mark:
        return Mark("REL001", "name", severity, name, f"components.{name}", "arch.yaml", 1, loss, callout=f"{name} loses")

    on = (mark("a", "warning", 0.3), mark("b", "error", 0.1))
    beside = (mark("c", "error", 1.0), mark("d", "error", 0.9))
    nodes = (Node("api", "service", marks=on, emphasis=1), Node("other", "service", marks=beside, emphasis=-1))
    shown = re.findall(r">(\w) loses<", svg(Picture("shop", nodes, ())))
    assert shown == ["b", "a", "c"]


def test_a_fallback_that_names_a_component_is_a_line_to_it() -> None:
    system, _ = of_text("""
    archlint: 1
    workloads: {ask: {from: page, waits: true}}
    components:
      page: {kind: client, calls: [{to: device, fallback: spare}, {to: other, fallback: a default}]}
      device: {kind: edge-device}
      other: {kind: service}
      spare: {kind: service, calls: [{to: device, fallback: other}]}
    """)
    lines = [(e.source, e.target, e.label, e.optional) for e in draw(system, None).edges if e.verb == "fallback"]
    assert lines == [("page", "spare", "fallback", True), ("spare", "other", "fallback", True)]
