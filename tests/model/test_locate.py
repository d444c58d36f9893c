"""From a structural path to its text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from archlint.model.architecture import Architecture
from archlint.model.locate import locate
from archlint.model.places import Place, Step, place
from archlint.source.document import Document
from tests.model.help import Files, architecture
from tests.model.strategies import systems, to_yaml

TEXT = """\
archlint: 1
system: shop
owner: {team: us, contact: "#us"}
workloads:
  buy: {from: {client: web, to: api}, slo: {latency: {p99: 300ms}}}
models:
  ranker: {service_time: 20ms}
components:
  web: {kind: client, calls: {to: api, timeout: 5s}}
  api:
    kind: service
    serves: [ranker]
    zones: [a, b]
    calls:
    - store
    - {timeout: 80ms, to: store}
    hardware:
      memory: 8GB
  store: {kind: database}
accept:
- {reason: known, rule: SRV001}
"""


def underlined(read: Architecture, *steps: Step) -> tuple[int, str]:
    """The line of a place, and the underlined text."""
    document, span = locate(read.origins, Place(steps, tuple(map(str, steps))), read.document)
    return document.position(span.start).line, document.text[span.start : span.end]


@pytest.mark.parametrize(("steps", "line", "text"), [
    (("system",), 2, "shop"),
    (("owner",), 3, "owner"),
    (("owner", "contact"), 3, '"#us"'),
    (("workloads",), 4, "workloads"),
    (("workloads", "buy"), 5, "buy"),
    (("workloads", "buy", "from"), 5, "from: {client: web, to: api}"),
    (("workloads", "buy", "from", "to"), 5, "api"),
    (("workloads", "buy", "slo", "latency", "p99"), 5, "300ms"),
    (("models", "ranker", "service_time"), 7, "20ms"),
    (("components", "api", "kind"), 11, "service"),
    (("components", "api", "serves", 0), 12, "ranker"),
    (("components", "api", "zones"), 13, "zones: [a, b]"),
    (("components", "api", "calls"), 14, "calls"),
    (("components", "api", "calls", 0), 15, "store"),
    (("components", "api", "calls", 1), 16, "store"),
    (("components", "api", "calls", 1, "timeout"), 16, "80ms"),
    (("components", "api", "hardware", "memory"), 18, "8GB"),
    (("components", "web", "calls", 0), 9, "api"),
    (("components", "web", "calls", 0, "timeout"), 9, "5s"),
    (("accept", 0), 21, "SRV001"),
    (("accept", 0, "reason"), 21, "known"),
])  # fmt: skip
def test_what_is_said_is_underlined(steps: tuple[Step, ...], line: int, text: str) -> None:
    assert underlined(architecture(TEXT), *steps) == (line, text)


@pytest.mark.parametrize(("steps", "line", "text"), [
    ((), 2, "system"),
    (("nothing",), 2, "system"),
    (("components", "gone"), 8, "components"),
    (("components", "api", "replicas"), 10, "api"),
    (("components", "api", "hardware", "gpu"), 17, "hardware"),
    (("components", "api", "calls", 0, "timeout"), 15, "store"),
    (("components", "api", "calls", 7), 14, "calls"),
    (("models", "ranker", "service_time", "p99"), 7, "20ms"),
    (("workloads", "buy", "slo", "latency", "p50"), 5, "latency: {p99: 300ms}"),
])  # fmt: skip
def test_what_is_not_said_is_shown_at_what_holds_it(steps: tuple[Step, ...], line: int, text: str) -> None:
    assert underlined(architecture(TEXT), *steps) == (line, text)


def test_a_place_in_an_included_file_is_shown_there() -> None:
    files = Files({"arch.yaml": "archlint: 1\ninclude: a\n", "a": "components:\n  api: {kind: service}\n"})
    read = files.read()
    document, span = locate(read.origins, place("components", "api", "kind"), read.document)
    assert (document.name, document.text[span.start : span.end]) == ("a", "service")


def test_a_merged_fact_is_shown_where_it_was_written() -> None:
    read = architecture("x-web: &web {kind: service, replicas: 2}\ncomponents: {a: {<<: *web}}\n")
    assert underlined(read, "components", "a", "replicas") == (2, "2")


def test_a_list_that_an_alias_stands_for_is_shown_at_the_key_that_uses_it() -> None:
    read = architecture("x-zones: &z [a, b]\ncomponents:\n  a: {kind: service, zones: *z}\n")
    assert underlined(read, "components", "a", "zones") == (4, "zones")
    assert underlined(read, "components", "a", "zones", 1) == (2, "b")


def test_an_empty_document_is_shown_at_its_start() -> None:
    document = Document("a.yaml", "", None)
    assert locate({}, place("components"), document)[1].start == 0


def leaves(value: object, *steps: Step) -> list[tuple[tuple[Step, ...], str]]:
    """Every value of a system with its path, in YAML notation."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, *steps, key)]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, *steps, index)]
    return [(steps, str(value).lower() if isinstance(value, bool) else str(value))]


@settings(max_examples=60)
@given(systems())
def test_every_stated_value_is_found_where_it_was_written(system: dict[str, object]) -> None:
    read = architecture(to_yaml(system))
    for steps, text in leaves(system):
        if steps[0] != "archlint" and steps[:1] != ("accept",):
            assert text in underlined(read, *steps)[1]
