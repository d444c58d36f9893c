"""No key of the format is forgotten: the difference, the exported graph, the page and expressions have each of them.

The keys come from the table of the format, so a new key is tested once it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

import archlint
from archlint.analysis.fact_names import fact_names
from archlint.analysis.system import System
from archlint.compare.difference import SystemDifference
from archlint.diagram import draw, node_link
from archlint.model.fields import Field, Rec
from archlint.model.percentiles import AmountsType, LatencyType, ServiceTimeType
from archlint.model.records import NONE_VERBS
from archlint.model.types import Choice, Flag, Many, Name, Parsed
from archlint.model.values import ZonesType
from archlint.model.vocabulary import COMPONENT_FIELDS, MODEL_RECORD, RELATION_FIELDS, SYSTEM_FIELDS, WORKLOAD
from tests.compare.versions import difference
from tests.strategies import Tree, dump

Keys = tuple[str, ...]
NAMES = {"components": "other", "models": "base"}
SECTIONS: dict[str, tuple[Field[object], ...]] = {
    "system": SYSTEM_FIELDS,
    "workload": tuple(WORKLOAD.fields.values()),
    "model": tuple(MODEL_RECORD.fields.values()),
    "component": COMPONENT_FIELDS,
    "relation": RELATION_FIELDS,
}
GIVEN = {("workload", "from"), ("component", "kind"), ("relation", "to"), ("component", "serves")}
"""Keys that each file of these tests has."""


def file_with(part: str, keys: Keys, value: Tree) -> str:
    """A system whose part has one more fact."""
    parts: dict[str, dict[str, Tree]] = {
        "system": {"archlint": "1"},
        "workload": {"from": "page"},
        "model": {},
        "component": {"kind": "service", "serves": ["m"]},
        "relation": {"to": "store"},
    }
    for key in reversed(keys[1:]):
        value = {key: value}
    if keys:
        parts[part][keys[0]] = value
    return dump(
        {
            **parts["system"],
            "workloads": {"w": parts["workload"]},
            "models": {"m": parts["model"], "base": {}},
            "components": {
                "page": {"kind": "client", "calls": ["it"]},
                "it": {**parts["component"], "reads": [parts["relation"]]},
                "store": {"kind": "cache"},
                "other": {"kind": "queue", "calls": []},
            },
        }
    )


def samples(field: Field[object], above: Keys = ()) -> Iterator[tuple[Keys, Tree]]:
    """Values of a key, each with the path to it: one for each key of a record."""
    path = (*above, field.key)
    yield from ((path, value) for value in _values(field.type, field.key))
    if isinstance(field.type, Rec):
        for inner in field.type.fields.values():
            yield from samples(inner, path)
        yield (*path, "x-own"), "kept"
    if field.may_be_none:
        yield path, "none"


def _values(kind: object, key: str) -> list[Tree]:
    if isinstance(kind, Rec):
        return []
    if isinstance(kind, Many):
        return [[value] for value in _values(kind.item, key)]
    if isinstance(kind, Parsed):
        return [kind.example]
    if isinstance(kind, Choice):
        return [next(iter(kind.words))]
    if isinstance(kind, Flag):
        return ["false" if key == "wait" else "true"]
    if isinstance(kind, Name):
        return [NAMES[kind.section]]
    if isinstance(kind, ZonesType):
        return ["3", ["a", "b"]]
    if isinstance(kind, ServiceTimeType):
        return ["3ms", {"p50": "1ms"}, {"mean": "2ms"}, {"mean": "2ms", "cv": "0.5"}]
    if isinstance(kind, LatencyType):
        return ["3s", {"p50": "1s"}, {"mean": "2s"}]
    if isinstance(kind, AmountsType):
        return ["350", {"p99": "4k"}, {"mean": "1k"}, {"max": "9k"}]
    return ["some-words"]


CASES = [
    pytest.param(part, keys, value, id=f"{part}.{'.'.join(keys)}={value}")
    for part, fields in SECTIONS.items() for field in fields if (part, field.key) not in GIVEN
    for keys, value in (*samples(field), )
] + [
    pytest.param(part, ("x-own",), "kept", id=f"{part}.x-own") for part in SECTIONS
] + [
    pytest.param("component", (verb,), "none", id=f"component.{verb}=none") for verb in sorted(NONE_VERBS)
]  # fmt: skip


def load(text: str) -> System:
    return archlint.load(text)


def drawn(system: System) -> list[object]:
    """What the page of a system shows of its parts in words."""
    picture = draw(system)
    of_nodes = [(node.name, node.description, node.sheet) for node in picture.nodes]
    return [picture.title, picture.description, picture.sheet, of_nodes, [edge.sheet for edge in picture.edges]]


BARE = file_with("system", (), "")
BARE_GRAPH, BARE_PAGE = node_link(load(BARE)), drawn(load(BARE))


@pytest.mark.parametrize(("part", "keys", "value"), CASES)
def test_a_difference_an_export_and_the_page_show_it(part: str, keys: Keys, value: Tree) -> None:
    plain, text, graph, page = BARE, file_with(part, keys, value), BARE_GRAPH, BARE_PAGE
    # Another key of a price comes with its amount, and another key of an entrance with its client.
    if keys[0] == "price" and keys[-1] in {"source", "date", "x-own"}:
        plain = file_with(part, keys[:1], "1 USD per h")
        text = file_with(part, keys[:1], {"amount": "1 USD per h", keys[-1]: value})
        graph, page = node_link(load(plain)), drawn(load(plain))
    elif keys[:1] == ("from",):
        text = file_with(part, keys[:1], {"client": "page", keys[-1]: value})
    elif keys[0] == "budget":
        text = file_with(part, keys, "30 USD per month")
    system = load(text)
    assert not [problem for problem in system.architecture.problems if problem.kind != "contradiction"]
    found: SystemDifference = difference(plain, text)
    assert not found.is_empty
    assert node_link(system) != graph
    assert drawn(system) != page


@pytest.mark.parametrize("part", SECTIONS)
def test_expressions_have_every_key(part: str) -> None:
    names = {name.path[1:] for name in fact_names(part)}
    starts = {path[:length] for path in names for length in range(1, len(path) + 1)}

    def missing(fields: Mapping[str, Field[object]], above: Keys) -> Iterator[Keys]:
        for field in fields.values():
            path = (*above, field.attribute)
            if path not in starts:
                yield path
            elif isinstance(field.type, Rec) and field.attribute != "replicas":
                yield from missing(field.type.fields, path)

    assert list(missing({field.key: field for field in SECTIONS[part]}, ())) == []
