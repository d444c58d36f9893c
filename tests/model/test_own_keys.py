"""Keys that start with `x-` change nothing, in any mapping of the format: schema and reader keep them alike."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.model.architecture import Architecture
from tests.model.help import architecture, problems
from tests.model.strategies import Facts, systems, to_yaml
from tests.model.test_schema import errors

NAMED = frozenset({"workloads", "models", "components"})
"""The mappings whose keys are names."""


def mappings(value: object, names: bool = False) -> list[dict[str, object]]:
    """Every mapping of a file, except those whose keys are names, and what `x-` keys hold."""
    if isinstance(value, list):
        return [found for item in value for found in mappings(item)]
    if not isinstance(value, dict):
        return []
    inside = [
        found for key, item in value.items() if names or not str(key).startswith("x-")
        for found in mappings(item, str(key) in NAMED and "archlint" in value)
    ]  # fmt: skip
    return inside if names else [value, *inside]


def bare(read: Architecture) -> object:
    """What was read, without `extra` and without where it is in the file."""

    def without(value: object) -> object:
        if isinstance(value, msgspec.Struct):
            fields = [name for name in value.__struct_fields__ if name not in {"extra", "documents", "origins", "problems"}]
            return type(value).__name__, {name: without(getattr(value, name)) for name in fields if name != "place"}
        if isinstance(value, dict):
            return {key: without(item) for key, item in value.items()}
        return [without(item) for item in value] if isinstance(value, list | tuple) else value

    return without(read)


@settings(max_examples=12)
@given(systems(), st.data())
def test_own_keys_change_nothing(system: Facts, data: st.DataObject) -> None:
    text = to_yaml(system)
    before, said, refused = bare(architecture(text)), [(p.kind, p.message) for p in problems(text)], bool(errors(text))
    found = mappings(system)
    for mapping in data.draw(st.lists(st.sampled_from(found), max_size=4, unique_by=id)):
        mapping["x-note"] = ["mo", {"on": "2026-03-01"}]
    more = to_yaml(system)
    assert bare(architecture(more)) == before
    assert [(p.kind, p.message) for p in problems(more)] == said
    assert bool(errors(more)) is refused


EVERYWHERE = """
workloads:
  w:
    from: {client: c, x-a: 1}
    tokens: {in: {p50: 10, x-a: 1}, out: {mean: 3, max: 9, x-a: 1}}
    slo: {latency: {p99: 1s, x-a: 1}, ttft: {p95: 1s, x-a: 1}, tpot: {mean: 1s, x-a: 1}, x-a: 1}
models:
  m: {service_time: {p50: 1ms, x-a: 1}, ttft: {mean: 1ms, x-a: 1}, tpot: {p50: 1ms, x-a: 1}}
components:
  c: {kind: client, calls: [{to: s, x-a: 1}]}
  s: {kind: model-server, service_time: {mean: 1ms, cv: 0.5, x-a: 1}, serves: [m]}
"""


def test_own_keys_beside_percentiles_are_kept() -> None:
    text = "archlint: 1" + EVERYWHERE
    assert problems(text) == [] and errors(text) == []
    read = architecture(text)
    workload, model = read.workloads["w"], read.models["m"]
    assert workload.slo.extra == (("x-a", "1"), ("latency.x-a", "1"), ("ttft.x-a", "1"), ("tpot.x-a", "1"))
    assert workload.tokens is not None
    times = [model.service_time, model.ttft, model.tpot, read.components["s"].service_time]
    for kept in (*times, workload.tokens.input, workload.tokens.output):
        assert kept is not None
        assert kept.extra == (("x-a", "1"),)


def test_own_keys_alone_are_no_time() -> None:
    for text in ("models: {m: {service_time: {x-a: 1}}}", "workloads: {w: {from: c, slo: {latency: {x-a: 1}}}}",
                 "workloads: {w: {from: c, tokens: {in: {x-a: 1}}}}"):  # fmt: skip
        whole = f"archlint: 1\n{text}\ncomponents: {{c: {{kind: client}}}}\n"
        assert "missing-key" in {problem.kind for problem in problems(whole)}
        assert errors(whole)
