"""Equivalent ways to write a file, and invalid ones."""

from __future__ import annotations

import pytest

from archlint.model.architecture import Architecture, Relation
from archlint.model.read import no_includes, read
from archlint.source.parser import decode, parse
from tests.model.help import architecture, only_problem, problems


def from_bytes(data: bytes) -> Architecture:
    return read(parse("arch.yaml", decode("arch.yaml", data)), no_includes)


KOREAN = """\
archlint: 1
system: 차량 상태
components:
  앱: {kind: client, calls: [{to: 서버, timeout: 5s}]}
  서버: {kind: service}
"""


@pytest.mark.parametrize("data", [
    KOREAN.encode(), KOREAN.encode("utf-8-sig"), KOREAN.encode("utf-16"), KOREAN.replace("\n", "\r\n").encode(),
    KOREAN.replace("\n", "\r").encode(), ("---\n" + KOREAN + "...\n").encode(),
], ids=["utf-8", "bom", "utf-16", "crlf", "cr", "marks"])  # fmt: skip
def test_encodings_and_line_ends_change_nothing(data: bytes) -> None:
    found = from_bytes(data)
    assert found.problems == ()
    assert found.name == "차량 상태"
    assert found.components["앱"].relations == (Relation("calls", "앱", "서버", 0, timeout_s=5),)


@pytest.mark.parametrize("name", ["1", "007", "true", "null-ish", "on", "v1.2", "a/b", "서버", "😀", "a:b", "x" * 200])
def test_any_word_is_a_name(name: str) -> None:
    found = architecture(f"components: {{'{name}': {{kind: service}}, z: {{kind: service, calls: ['{name}']}}}}")
    assert found.problems == ()
    assert found.components["z"].relations[0].target == name


def test_a_number_is_a_name_without_quotes_too() -> None:
    found = architecture("components: {1: {kind: client, calls: [2, {to: 3}]}, 2: {kind: service}, 3: {kind: service}}")
    assert found.problems == ()
    assert [relation.target for relation in found.components["1"].relations] == ["2", "3"]


@pytest.mark.parametrize("name", ["'two words'", "''", "\"tab\\there\"", "\"line\\nbreak\"", "x" * 201])
def test_what_is_no_word_is_no_name(name: str) -> None:
    assert only_problem(f"components: {{? {name} : {{kind: service}}}}").kind == "wrong-name"


def test_facts_under_a_wrong_name_are_read_on() -> None:
    kinds = [said.kind for said in problems("components: {'two words': {kind: srvice}}")]
    assert kinds == ["wrong-name", "unknown-kind"]


@pytest.mark.parametrize("written", ["'2'", '"2"', "2", "2.0", "!!int 2", "!!str 2", "&x 2"])
def test_quotes_do_not_matter_for_numbers(written: str) -> None:
    assert architecture(f"components: {{a: {{kind: service, replicas: {written}}}}}").components["a"].replicas == 2


@pytest.mark.parametrize("text", [
    "components:", "components: {}", "components: null", "models: ~\nworkloads:\naccept:\ninclude:\n", "system: x",
])  # fmt: skip
def test_a_system_without_components_is_reported(text: str) -> None:
    problem = only_problem(text)
    assert (problem.kind, problem.suggestion) == ("missing-key", "add `components:`")
    assert not architecture(text).incomplete


@pytest.mark.parametrize("section", ["models", "workloads", "accept", "include"])
@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_an_empty_section_is_none(section: str, nothing: str) -> None:
    assert problems(f"{section}: {nothing}\ncomponents: {{a: {{kind: service}}}}") == []


@pytest.mark.parametrize("text", [
    "components: [a]", "components: x", "models: [m]", "workloads: [w]",
    "components: {a: x}", "components: {a: [x]}", "models: {m: 3}", "workloads: {w: [x]}", "owner: [a]", "team: x",
    "accept: x", "accept: [x]", "include: {a: b}", "include: [{a: b}]", "system: {a: b}", "system: [x]", "description:",
    "components: {a: {kind: [service]}}", "components: {a: {kind: service, replicas: [2]}}",
    "components: {a: {kind: service, zones: }}", "components: {a: {kind: service, calls: }}",
    "components: {a: {kind: service, calls: [~]}}", "components: {a: {kind: service, calls: [[a]]}}",
    "components: {a: {kind: service, hardware: big}}", "components: {a: {kind: service, ready_check: [true]}}",
    "components: {a: {kind: service, service_time: [1s]}}", "components: {a: {kind: service, serves: {m: }}}",
    "components: {a: {kind: service, uses: {a: b}}}", "components: {a: {kind: service, replicas: }}",
    "models: {m: {service_time: }}", "models: {m: {registry: [a]}}", "models: {m: {evaluated: {a: b}}}",
])  # fmt: skip
def test_a_wrong_shape_is_one_problem_that_shows_the_right_one(text: str) -> None:
    problem = only_problem(text)
    assert problem.kind == "wrong-shape"
    assert problem.suggestion.startswith("write ")


@pytest.mark.parametrize("text", ["[1, 2]", "a text", "- archlint: 1", "3"])
def test_a_file_that_is_no_mapping_is_one_problem(text: str) -> None:
    (problem,) = read(parse("arch.yaml", text), no_includes).problems
    assert (problem.kind, problem.suggestion) == ("wrong-shape", "start with `archlint: 1`")


@pytest.mark.parametrize(("text", "kind", "suggestion"), [
    ("componets: {a: {kind: service}}", "unknown-key", "did you mean `components`?"),
    ("services: {a: {kind: service}}", "unknown-key", "did you mean `components`?"),
    ("replicas: 3", "unknown-key", "`replicas` belongs to a component"),
    ("nonsense: 3", "unknown-key",
     "known keys: archlint, system, description, owner, team, described, imported, zone_availability, region_availability, workloads, models, components, accept, include"),
    ("components: {a: {kind: service, timeout: 3s}}", "unknown-key",
     "`timeout` belongs to a relation, as in `calls: [{to: name, timeout: 3s}]`"),
    ("components: {a: {kind: service, gpu: t4}}", "unknown-key", "`gpu` belongs to `hardware` of a component, as in `hardware: {gpu: t4}`"),
    ("components: {a: {kind: service, version: 3}}", "unknown-key", "`version` belongs to a model"),
    ("components: {a: {kind: service, rate: 3/s}}", "unknown-key", "`rate` belongs to a workload"),
    ("components: {a: {kind: service, instances: 3}}", "unknown-key", "did you mean `replicas`?"),
    ("components: {a: {kind: service, depends_on: [a]}}", "unknown-key", "did you mean `calls`?"),
    ("components: {a: {kind: service, hardware: {ram: 4GB}}}", "unknown-key", "did you mean `memory`?"),
    ("models: {m: {latency: 3s}}", "unknown-key", "did you mean `service_time`?"),
    ("models: {m: {service_time: {median: 3s}}}", "unknown-key", "did you mean `p50`?"),
    ("models: {m: {service_time: {p999: 3s}}}", "unknown-key", "did you mean `p99.9`?"),
    ("models: {m: {service_time: {P99: 3s}}}", "unknown-key", "did you mean `p99`?"),
    ("models: {m: {service_time: {p0: 3s}}}", "unknown-key", "write p50, p95, p99 or p99.9"),
    ("workloads: {w: {from: a, slo: {p99: 3s}}}\ncomponents: {a: {kind: edge-device}}", "unknown-key",
     "`p99` belongs to `service_time`, or to `latency` of `slo`"),
    ("components: {a: {kind: service, models: [m]}}", "unknown-key", "did you mean `serves`?"),
    ("components: {a: {kind: service, reads: [{to: b, retry: 3}]}, b: {kind: cache}}", "unknown-key",
     "did you mean `retries`?"),
    ("models: {m: {service_time: {cv: 0.3}}}", "missing-key", "add `p50:` and `p99:`, or `mean:`"),
    ("models: {m: {service_time: {}}}", "missing-key", "add `p50:` and `p99:`, or `mean:`"),
    ("components: {a: {kind: db}}", "unknown-kind", "did you mean `database`?"),
    ("components: {a: {kind: microservice}}", "unknown-kind", "did you mean `service`?"),
    ("components: {a: {}}", "missing-key", "add `kind:`"),
    ("components: {a: }", "missing-key", "add `kind:`"),
    ("components: {a: {kind: service, calls: [{timeout: 3s}]}}", "missing-key", "add `to:`"),
    ("workloads: {w: {rate: 3/s}}", "missing-key", "add `from:`"),
    ("workloads: {w: }", "missing-key", "add `from:`"),
    ("accept: [{rule: SRV001}]", "missing-key", "add `reason:`"),
    ("accept: {rule: SRV001}", "missing-key", "add `reason:`"),
    ("accept: [{rule: SRV001, reason: x, until: 31.12.2027}]", "wrong-quantity", "write it like 2027-03-31"),
    ("accept: [{rule: SRV001, reason: x, until: 2027-02-30}]", "wrong-quantity", "write it like 2027-03-31"),
    ("accept: [{rule: SRV001, reason: x, until: 20270331}]", "wrong-quantity", "write it like 2027-03-31"),
    ("accept: [{rule: SRV001, reason: x, while: rate}]", "wrong-quantity", "write TERM OP QUANTITY, as in rate < 50/s"),
    ("accept: [{rule: '3', reason: x}]", "wrong-quantity", "write it like SRV001"),
    ("components: {a: {kind: service, ready_check: yes}}", "wrong-quantity", "did you mean `true`?"),
    ("components: {a: {kind: service, ready_check: 'true'}}", "wrong-quantity", "did you mean `true`?"),
    ("components: {a: {kind: service, ready_check: perhaps}}", "wrong-quantity", "write true or false"),
    ("components: {a: {kind: service, replicas: 2.5}}", "wrong-quantity", "write 2 or 3"),
    ("components: {a: {kind: service, replicas: -1}}", "wrong-quantity", "write it like 12, 40k, 280M or 7B"),
    ("components: {a: {kind: service, replicas: 2M}}", "wrong-quantity", "write a number up to 1M"),
    ("components: {a: {kind: service, workers: 1e40}}", "wrong-quantity", "write a number up to 1B"),
    ("components: {a: {kind: service, hardware: {cpu: 4GB}}}", "wrong-quantity",
     "write k, M, B or T, as in 280M"),
    ("components: {a: {kind: batch-job, schedule: 0 25 * * *}}", "wrong-quantity", "write 0 to 23"),
    ("models: {m: {service_time: {mean: 1s, cv: -1}}}", "wrong-quantity", "write a number such as 0.4"),
    ("models: {m: {service_time: {mean: 1s, cv: .nan}}}", "wrong-quantity", "write a number such as 0.4"),
    ("models: {m: {evaluated: [ofline]}}", "unknown-word", "did you mean `offline`?"),
    ("models: {m: {precision: FP16}}", "unknown-word", "did you mean `fp16`?"),
    ("components: {a: {kind: service, exposed: world}}", "unknown-word", "valid values: public, internal"),
    ("models: {m: {registry: r}}\ncomponents: {a: {kind: service}}", "dangling-reference", "define it under `components:`"),
    ("models: {m: {registry: m}}\ncomponents: {a: {kind: service}}", "dangling-reference", "`m` is a model; write the name of a component"),
    ("components: {a: {kind: service, serves: [a]}}", "dangling-reference", "`a` is a component; write the name of a model"),
    ("components: {a: {kind: service, dead_letter: b}}", "dangling-reference", "define it under `components:`"),
    ("components: {a: {kind: service, callback: [b]}}", "dangling-reference", "define it under `components:`"),
    ("components: {a: {kind: service, features: b}}", "dangling-reference", "define it under `components:`"),
    ("components: {a: {kind: service, calls: ['']}}", "dangling-reference", "define it under `components:`"),
    ("include: [nowhere.yaml]", "bad-include", "check the file by its name"),
    ("archlint: 2", "unknown-version", "write `archlint: 1`, or update archlint"),
    ("archlint: 1.01", "unknown-version", "write `archlint: 1`, or update archlint"),
    ("archlint: 10", "unknown-version", "write `archlint: 1`, or update archlint"),
    ("archlint: {a: b}", "unknown-version", "write `archlint: 1`, or update archlint"),
    ("archlint:", "unknown-version", "write `archlint: 1`, or update archlint"),
    ("system: a\n---\nsystem: b", "several-documents", "start it with `archlint: 1`, move it into another file, or remove it"),
    ("system: !secret a", "wrong-shape", "write plain YAML: mappings, lists, scalars"),
    ("system: a\nsystem: b", "duplicate-name", "rename one of them, or merge them"),
])  # fmt: skip
def test_a_mistake_is_one_problem_with_a_suggestion(text: str, kind: str, suggestion: str) -> None:
    problem = only_problem(text)
    assert problem.kind == kind
    assert problem.suggestion == suggestion


def test_keys_for_anchors_are_left_alone() -> None:
    text = """\
x-web: &web {kind: service, replicas: 2, zones: [a, b]}
x-anything: [1, {2: 3}]
components:
  front: {<<: *web, calls: [back]}
  back: {<<: *web, replicas: 3}
"""
    found = architecture(text)
    assert found.problems == ()
    assert [(c.replicas, c.zones) for c in found.components.values()] == [(2, ("a", "b")), (3, ("a", "b"))]


def test_a_section_that_stands_twice_is_read_twice() -> None:
    text = "components: {a: {kind: client, calls: [b]}}\nmodels: {m: }\ncomponents: {b: {kind: service, serves: [m]}}\n"
    found = architecture(text)
    assert [problem.kind for problem in found.problems] == ["duplicate-name"]
    assert list(found.components) == ["a", "b"]


def test_a_name_that_two_equal_sections_say_is_not_overwritten() -> None:
    found = architecture("components: {a: {kind: client}}\ncomponents: {a: {kind: service}}\n")
    assert [(problem.kind, problem.place.at) for problem in found.problems] == [
        ("duplicate-name", "components"), ("duplicate-name", "components.a"),
    ]  # fmt: skip
    assert found.components["a"].kind == "client"


def test_a_duplicate_deep_down_has_its_place() -> None:
    text = "components: {a: {kind: service, calls: [{to: b, when: x, when: y}]}, b: {kind: service}}"
    (problem,) = architecture(text).problems
    assert problem.place.at == "components.a.calls[0].when"
    assert problem.place.identity == "components.a.calls.b.when"


def test_a_reference_to_what_could_not_be_read_is_not_dangling() -> None:
    text = "components: {a: {kind: service, calls: [b]}, b: {kind: srvice}}"
    assert [said.kind for said in problems(text)] == ["unknown-kind"]


def test_a_fact_that_yaml_would_take_for_something_else_stays_text() -> None:
    text = "models: {m: {version: 1.10, framework: NO, format: 0x1F}}\ncomponents: {a: {kind: service}}"
    model = architecture(text).models["m"]
    assert (model.version, model.framework, model.format) == ("1.10", "NO", "0x1F")
