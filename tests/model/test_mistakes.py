"""All mistakes of a file are reported together, each with its line, its column and the likely fix."""

from __future__ import annotations

from tests.model.help import Said, architecture, problems

TEN = """\
archlint: 1
sytem: car-condition
workloads:
  inspect:
    from: driver-ap
    rate: 40
    slo: {latency: {p50: 2s, p99: 500ms}}
models:
  dirt: {artifact: 1.1gb, precision: float32, owners: team-a}
components:
  driver-app: {kind: clinet, calls: [{to: api, timout: 5s}]}
  api: {kind: service, replicas: two, serves: [dirt], zones: {a: b}}
  worker: {kind: worker}
  api: {kind: queue}
  store: {replicas: 2}
"""


def test_ten_mistakes_in_one_file_are_ten_problems() -> None:
    assert problems(TEN) == [
        Said(2, 1, "unknown-key", "sytem", "a file has no key `sytem`", "did you mean `system`?"),
        Said(5, 11, "dangling-reference", "driver-ap", "unknown component `driver-ap`",
             "did you mean `driver-app`?"),
        Said(6, 11, "wrong-quantity", "40", "`40` is not a rate", "did you mean 40/s?"),
        Said(7, 35, "contradiction", "500ms",
             "p99 is 500 ms, below p50 with 2 s: a higher percentile is never smaller", "swap them?"),
        Said(9, 20, "wrong-quantity", "1.1gb", "unknown unit `gb` in `1.1gb`", "did you mean 1.1GB?"),
        Said(9, 38, "unknown-word", "float32", "unknown precision `float32`", "did you mean `fp32`?"),
        Said(9, 47, "unknown-key", "owners", "a model has no key `owners`", "did you mean `owner`?"),
        Said(11, 22, "unknown-kind", "clinet", "unknown kind of component `clinet`", "did you mean `client`?"),
        Said(11, 48, "unknown-key", "timout", "a relation has no key `timout`", "did you mean `timeout`?"),
        Said(12, 34, "wrong-quantity", "two", "`two` is not a count", "write it like 12, 40k, 280M or 7B"),
        Said(12, 62, "wrong-shape", "{a: b}", "`zones` needs a list, but has a mapping",
             "write `zones: [first, second]`"),
        Said(13, 18, "contradiction", "worker",
             "this worker consumes nothing; a worker takes its work from a queue",
             "add `consumes: [queue]`, or change `kind` to `service`"),
        Said(14, 3, "duplicate-name", "api", "the key `api` is repeated in this mapping",
             "rename one of them, or merge them"),
        Said(15, 3, "missing-key", "store", "a component needs `kind`: its role in the system", "add `kind:`"),
    ]  # fmt: skip


def test_what_a_duplicate_repeats_is_shown_too() -> None:
    (problem,) = (p for p in architecture(TEN).problems if p.kind == "duplicate-name")
    ((message, document, span),) = problem.related
    assert (message, document.position(span.start)) == ("first defined here", (12, 3))


def test_the_second_of_two_facts_names_the_first() -> None:
    problem = next(p for p in architecture(TEN).problems if p.place.last == "p99")
    ((message, document, span),) = problem.related
    assert (message, document.position(span.start)) == ("p50 is set here", (7, 26))


def test_every_problem_has_a_structural_place() -> None:
    assert [problem.place.at for problem in architecture(TEN).problems] == [
        "sytem", "workloads.inspect.from", "workloads.inspect.rate", "workloads.inspect.slo.latency.p99",
        "models.dirt.artifact", "models.dirt.precision", "models.dirt.owners", "components.driver-app.kind",
        "components.driver-app.calls[0].timout", "components.api.replicas", "components.api.zones",
        "components.worker.kind",
        "components.api", "components.store",
    ]  # fmt: skip


def test_what_could_not_be_read_is_not_absent() -> None:
    read = architecture(TEN)
    api, dirt = read.components["api"], read.models["dirt"]
    assert read.incomplete
    assert read.is_unread(api.place("replicas"))
    assert read.is_unread(dirt.place("owner"))           # written as `owners`
    assert read.is_unread(read.workloads["inspect"].place("slo", "latency"))
    assert not read.is_unread(dirt.place("version"))


def test_what_is_fine_is_read_beside_what_is_not() -> None:
    read = architecture(TEN)
    assert read.components["api"].serves == ("dirt",)
    assert read.components["api"].replicas is None
    assert read.workloads["inspect"].slo.latency == ()
    assert "driver-app" not in read.components


def test_a_mistake_that_is_written_once_and_used_twice_is_reported_where_it_is_used() -> None:
    text = """\
archlint: 1
x-base: &base {kind: service, replicas: many}
components:
  a: {<<: *base}
  b: {<<: *base}
"""
    found = architecture(text)
    assert [(problem.place.at, found.document.position(problem.span.start)) for problem in found.problems] == [
        ("components.a.replicas", (2, 41)), ("components.b.replicas", (2, 41)),
    ]  # fmt: skip


def test_of_countless_problems_the_first_are_listed_and_all_counted() -> None:
    found = problems("components:\n" + "".join(f"  c{i}: {{kind: serv}}\n" for i in range(10_250)))
    assert len(found) == 10_000
    assert found[-1].message.endswith("(and 250 further problems that are not listed)")


def test_when_problems_are_too_many_nothing_counts_as_absent() -> None:
    wrong = "".join(f"  c{i}: {{kind: serv}}\n" for i in range(10_001))
    found = architecture("components:\n  fine: {kind: service}\n" + wrong)
    assert found.is_unread(found.components["fine"].place("replicas"))
