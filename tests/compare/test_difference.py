"""The differences of two versions of a system, fact by fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.compare.difference import SystemDifference
from archlint.compare.markdown import render_markdown
from archlint.compare.picture import picture_of
from archlint.compare.text import MOST_ROWS, render_text
from archlint.diagram import mermaid
from archlint.differ import Difference, diff_paths
from archlint.linter import Options
from archlint.verdicts import Finding, Location
from tests.compare.versions import difference

BASE = """\
archlint: 1
system: shop
owner: {team: search}
workloads:
  w: {from: page, rate: 60/min, models: [m, n], slo: {latency: {p99: 1s}}, budget: 30 USD per month}
models:
  m: {service_time: {p50: 10ms, p99: 20ms}, version: 1.10}
  n: {artifact: 1GB}
components:
  page: {kind: client, calls: [{to: api, timeout: 1s, retries: 1}]}
  api: {kind: service, zones: [a, b], replicas: {min: 2, max: 4}, reads: [{to: cache, hit_ratio: 50%}, db], calls: [server]}
  cache: {kind: cache}
  db: {kind: database}
  server: {kind: model-server, serves: [m, n], hardware: {gpu: t4}, price: 0.5 USD per h}
  job: {kind: batch-job, schedule: 60min}
accept:
  - {rule: OPS001, at: components.server, reason: pilot, while: models < 3}
"""


def changed(old: str, new: str) -> SystemDifference:
    assert old in BASE
    return difference(BASE, BASE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("60/min", "1/s"), ("p99: 1s", "p99: 1000ms"), ("latency: {p99: 1s}", "latency: 1s"), ("[a, b]", "[b, a]"),
        ("50%", "0.5"), ("1GB", "1000MB"), ("owner: {team: search}", "owner: search"), ("60min", "1h"),
        ("30 USD per month", "1 USD per day"), ("from: page", "from: {client: page}"), ("calls: [server]", "calls: server"),
        ("serves: [m, n]", "serves: [n, m]"), ("{to: cache, hit_ratio: 50%}, db]", "{hit_ratio: 50%, to: cache}, {to: db}]"),
        ("0.5 USD per h", "12 USD per day"),
    ],
)  # fmt: skip
def test_other_spellings_are_the_same(old: str, new: str) -> None:
    found = changed(old, new)
    assert found.is_empty, found


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("@daily", "0 0 * * *", True), ("@daily", "00 00 * * *", True), ("@midnight", "@daily", True),
        ("0 3 * * mon-fri", "0 3 * * 1,2,3,4,5", True), ("0 3 * * 7", "0 3 * * sun", True), ("*/20 * * * *", "0,20,40 * * * *", True),
        ("@every 90s", "1.5min", True), ("0 3 */2 * mon", "0 3 1-31/2 * mon", False), ("0 3 * * *", "0 4 * * *", False),
        ("@hourly", "1h", False),
    ],
)  # fmt: skip
def test_schedules_are_compared_by_their_times(one: str, other: str, same: bool) -> None:
    old, new = (BASE.replace("schedule: 60min", f"schedule: {schedule!r}") for schedule in (one, other))
    assert difference(old, new).is_empty is same


@pytest.mark.parametrize(
    ("old", "new", "part", "fact", "before", "after"),
    [
        ("60/min", "2/s", "w", "rate", "1/s", "2/s"),
        ("p99: 1s", "p99: 2s", "w", "slo.latency.p99", "1 s", "2 s"),
        ("models: [m, n]", "models: [n, m]", "w", "models", "m, n", "n, m"),
        ("30 USD", "31 USD", "w", "budget", "30 USD per 30 d", "31 USD per 30 d"),
        ("1.10", "1.1", "m", "version", "1.10", "1.1"),
        ("p50: 10ms", "p50: 10.0001ms", "m", "service_time.p50", "0.01 s", "0.0100001 s"),
        ("max: 4", "max: 6", "api", "replicas.max", "4", "6"),
        ("retries: 1", "retries: 2", "page calls api", "retries", "1", "2"),
        ("gpu: t4", "gpu: l4", "server", "hardware.gpu", "t4", "l4"),
        ("0.5 USD", "0.6 USD", "server", "price", "0.5 USD per 1 h", "0.6 USD per 1 h"),
        ("60min", "2h", "job", "schedule", "every 1 h", "every 2 h"),
        ("team: search", "team: ads", "shop", "owner.team", "search", "ads"),
        ("reason: pilot", "reason: review", "OPS001 at components.server", "reason", "pilot", "review"),
        ("models < 3", "models < 4", "OPS001 at components.server", "while", "models < 3", "models < 4"),
        ("to: cache, hit_ratio: 50%", "to: cache, hit_ratio: 50%, kind: prefix", "api reads cache", "kind", None, "prefix"),
        ("[{to: cache, hit_ratio: 50%}, db]", "[db, {to: cache, hit_ratio: 50%}]", "api", "order of relations",
         "reads cache, reads db, calls server", "reads db, reads cache, calls server"),
    ],
)  # fmt: skip
def test_a_changed_fact_is_reported_alone(old: str, new: str, part: str, fact: str, before: str | None, after: str) -> None:
    told = [(p.name, c.fact, c.old, c.new) for p in changed(old, new).parts for c in p.changes]
    assert told == [(part, fact, before, after)]


def test_an_acceptance_follows_a_rename() -> None:
    found = difference(BASE, BASE.replace("server", "ranking").replace("model-ranking", "model-server"))
    assert [(part.section, part.state) for part in found.parts] == [("components", "renamed")]


def test_what_a_change_comes_to_is_worked_out() -> None:
    found = changed("p50: 10ms, p99: 20ms", "p50: 100ms, p99: 200ms")
    told = {(one.subject, one.fact): (one.old, one.new) for one in found.derived}
    assert told["workloads.w", "least answer time at p99"] == ("10 ms", "100 ms")


def test_a_system_in_several_files_is_the_same_as_in_one(tmp_path: Path) -> None:
    head, _, below = BASE.partition("models:\n")
    models, _, rest = below.partition("components:\n")
    (tmp_path / "one.yaml").write_text(BASE)
    (tmp_path / "main.yaml").write_text(head + "include: [models.yaml]\ncomponents:\n" + rest)
    (tmp_path / "models.yaml").write_text("models:\n" + models)
    found = diff_paths(tmp_path / "one.yaml", tmp_path / "main.yaml", Options())
    assert found.is_empty, found


HOSTILE = """\
archlint: 1
system: "a|b<script>`*_[x](y)"
components:
  page: {kind: client, calls: ['q"]:::x;-->|y|', db]}
  'q"]:::x;-->|y|': {kind: service, description: "@everyone ``` | <img>"}
  db: {kind: database}
"""


def test_what_stands_in_a_file_is_shown_and_never_obeyed() -> None:
    found = difference(HOSTILE, HOSTILE.replace("db]", "]").replace("@everyone", "@all"))
    page = render_markdown(Difference("old", "new\n# title", (found,)))
    assert page.count("\n# ") == 0
    assert page.count("```") == 2
    assert "<script>" not in page
    assert "<img>" not in page
    assert "@all" not in page.replace("`@all`", ""), "in code it is no mention"
    picture = mermaid(picture_of(found))
    assert 'q#34;#93;:::x#59;--#62;#124;y#124;' in picture
    assert picture.count('"') % 2 == 0
    text = render_text(Difference("old", "new", (found,)))
    assert "\x1b" not in text


def test_markdown_shortens_the_hash_of_a_commit_and_lists_the_worst_finding_first() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    place = Location(f"{commit}:arch.yaml", 3, 1, 3, 5)
    findings = tuple(
        Finding("REL001", "name", severity, "proven", "system", place, severity, (), (), (), "", "")
        for severity in ("info", "warning", "error", "warning")
    )
    page = render_markdown(Difference(commit, "the work tree", (SystemDifference("a", "a", "shop", found=findings),)))
    assert page.startswith("## Architecture: 0123456789 to the work tree\n")
    assert commit not in page
    rows = [line for line in page.splitlines() if line.startswith("- ")]
    assert [row.split(" ")[1] for row in rows] == ["error", "warning", "warning", "info"]
    assert "0123456789:arch.yaml:3" in rows[0]
    assert render_markdown(Difference("main", "the work tree")).startswith("## Architecture: main to the work tree\n")


def big(count: int, last: str = "") -> str:
    rows = [f"  c{i}: {{kind: service, calls: [c{i + 1}]}}" for i in range(count)]
    return "archlint: 1\nsystem: big\ncomponents:\n" + "\n".join(rows) + f"\n  c{count}: {{kind: database{last}}}\n"


def test_a_picture_of_a_big_system_shows_what_changed_and_says_so() -> None:
    found = difference(big(200), big(200, ", replicas: 2"))
    assert [node.name for node in picture_of(found).nodes] == ["c199", "c200"]
    page = render_markdown(Difference("old", "new", (found,)))
    assert "What changed, and what is one relation away. Left out: 199 components." in page
    wide = picture_of(difference(big(2), big(100)))
    assert len(wide.nodes) == 60 and "of which 39 changed" in wide.notes[1]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("max: 4", "max: 6", {"api": ("replicas max 4 → 6",)}),
        ("p50: 10ms, p99: 20ms", "p50: 100ms, p99: 200ms",
         {"page": ("w: p99 at least 10 → 100 ms",), "server": ("m: p50 10 → 100 ms", "m: p99 20 → 200 ms")}),
        ("60/min", "2/s", {"page": ("w: rate 1/s → 2/s",)}),
        ("hardware: {gpu: t4}, ", "", {"server": ("− hardware gpu t4",)}),
        ("kind: cache", "kind: cache, replicas: 2", {"cache": ("+ replicas 2",)}),
        ("  db: {kind: database}", "  store: {kind: database}", {"store": ("was db",)}),
    ],
)  # fmt: skip
def test_numbers_before_and_after_are_on_the_part_that_changed(old: str, new: str, words: dict[str, tuple[str, ...]]) -> None:
    text = BASE.replace(", db]", ", store]") if "store" in new else BASE
    picture = picture_of(difference(BASE, text.replace(old, new)))
    assert {node.name: node.facts for node in picture.nodes if node.change} == words
    assert not [node.facts for node in picture.nodes if not node.change and node.facts]
    near = {name for edge in picture.edges for name in (edge.source, edge.target)}
    assert {node.name for node in picture.nodes} <= near | set(words), "nothing that is farther than one relation"


def test_a_changed_relation_shows_its_numbers_and_findings_show_where_they_came_and_went() -> None:
    found = changed("timeout: 1s, retries: 1", "timeout: 2s, retries: 1")
    assert [(edge.source, edge.target, edge.label, edge.change) for edge in picture_of(found).edges if edge.change] == [
        ("page", "api", "timeout 1 → 2 s", "changed"),
    ]  # fmt: skip
    one, two = BASE, BASE.replace("{min: 2, max: 4}", "1")
    worse, better = picture_of(difference(one, two)), picture_of(difference(two, one))
    rules = {mark.rule for node in worse.nodes if node.name == "api" for mark in node.marks}
    assert "REL001" in rules
    assert [fact for node in better.nodes if node.name == "api" for fact in node.facts if fact.startswith("resolved: ")]


def test_what_is_gone_is_drawn_red_and_dashed() -> None:
    picture = mermaid(picture_of(changed(", db]", "]")))
    assert "api --> db" in picture
    assert "stroke:#b3201d,stroke-width:3px,stroke-dasharray:4 3" in picture
    nodes = {node.name: node.change for node in picture_of(changed("  job: {kind: batch-job, schedule: 60min}\n", "")).nodes}
    assert nodes == {"job": "removed"}


def test_a_message_is_drawn_from_its_queue_to_what_consumes_it() -> None:
    old = "archlint: 1\nsystem: s\ncomponents:\n  q: {kind: queue}\n  w: {kind: worker}\n"
    [edge] = picture_of(difference(old, old.replace("worker}", "worker, consumes: [q]}"))).edges
    assert (edge.source, edge.target, edge.stated, edge.change) == ("q", "w", ("w", "consumes", "q"), "added")


def test_long_lists_end_and_say_how_much_is_left_out() -> None:
    found = difference(big(2), big(100))
    text = render_text(Difference("old", "new", (found,)))
    assert "more lines: `--output json` lists all" in text
    assert len(text.splitlines()) < 3 * MOST_ROWS
    assert all(len(line) <= 100 for line in text.splitlines() if "-->" not in line)
    assert "more | |" in render_markdown(Difference("old", "new", (found,)))
