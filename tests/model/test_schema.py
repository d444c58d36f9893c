"""The JSON Schema accepts valid files, and rejects clearly invalid ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from archlint.about import docs_url
from archlint.model.records import COMPONENT_RECORD, RELATION_RECORD, TOP_LEVEL
from archlint.model.schema import architecture_schema
from archlint.model.vocabulary import MODEL_RECORD, WORKLOAD
from archlint.model.words import KINDS, VERBS
from tests.model.core_yaml import load_core_all
from tests.model.help import problems
from tests.model.strategies import systems, to_yaml
from tests.model.test_read import WHOLE

SCHEMA = architecture_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
ROOT = Path(__file__).resolve().parents[2]


def errors(text: str) -> list[str]:
    """The errors of the schema, each with the path of the value."""
    return [
        "/".join(map(str, error.absolute_path))
        for value in load_core_all(text) for error in VALIDATOR.iter_errors(value)
    ]  # fmt: skip


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["title"]


def test_its_id_is_where_the_docs_have_it() -> None:
    assert SCHEMA["$id"] == docs_url("schema/arch.schema.json")


def test_all_references_lead_somewhere() -> None:
    text = json.dumps(SCHEMA)
    definitions = SCHEMA["$defs"]
    assert isinstance(definitions, dict)
    assert set(re.findall(r'"#/\$defs/([a-z-]+)"', text)) == set(definitions)
    assert {"relation", "component", "workload", "model"} <= set(definitions)


def test_every_key_has_a_description() -> None:
    silent = [
        f"{name}.{key}" for name, definition in walk(SCHEMA, "") for key, value in properties(definition).items()
        if "description" not in value
    ]  # fmt: skip
    assert silent == []


def properties(schema: dict[str, object]) -> dict[str, dict[str, object]]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def walk(schema: object, name: str) -> list[tuple[str, dict[str, object]]]:
    if isinstance(schema, dict):
        return [(name, schema), *(pair for key, value in schema.items() for pair in walk(value, f"{name}/{key}"))]
    if isinstance(schema, list):
        return [pair for index, value in enumerate(schema) for pair in walk(value, f"{name}/{index}")]
    return []


def test_it_has_every_key_of_the_format() -> None:
    definitions = dict(walk(SCHEMA, ""))
    assert set(properties(definitions["/$defs/component"])) == set(COMPONENT_RECORD.keys)
    assert set(properties(definitions["/$defs/relation"])) == set(RELATION_RECORD.fields)
    assert set(properties(definitions["/$defs/workload"])) == set(WORKLOAD.fields)
    assert set(properties(definitions["/$defs/model"])) == set(MODEL_RECORD.fields)
    assert set(properties(SCHEMA)) == set(TOP_LEVEL)
    assert set(VERBS) <= set(COMPONENT_RECORD.fields)
    assert properties(definitions["/$defs/component"])["kind"]["enum"] == list(KINDS)


def test_it_accepts_the_whole_format() -> None:
    assert errors(WHOLE) == []


EXAMPLES = sorted(path for folder in ("examples", "rules") for path in (ROOT / folder).rglob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_it_accepts_every_file_of_this_project_that_the_reader_understands(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if re.search(r"^archlint:", text, re.MULTILINE) and not re.search(r"^include:", text, re.MULTILINE):
        lost = [said for said in problems(text) if said.kind not in {"contradiction", "dangling-reference"}]
        assert lost or not errors(text)


@settings(max_examples=60)
@given(systems())
def test_it_accepts_every_system_that_the_reader_understands(system: dict[str, object]) -> None:
    text = to_yaml(system)
    assert [said for said in problems(text) if said.kind not in {"contradiction", "dangling-reference"}] == []
    assert errors(text) == []


@pytest.mark.parametrize("text", [
    "components: {a: {kind: service}}\nmodels: {m: }\nworkloads:\naccept:\n",
    "components: {1: {kind: client, calls: [2]}, 2: {kind: service, calls: {to: 1}}}",
    "components: {a: {kind: service, replicas: 2.0, workers: '4', zones: a, serves: [1, x]}}",
    "components: {a: {kind: service, calls: [b, {to: b, timeout: 200 ms, share: 0.5, retries: 1}], owner: us}}",
    "models: {m: {version: 1.10, parameters: 7e9, retrained: 30d, service_time: {p99.9: 1s, mean: 5ms, cv: 0.3}}}",
    "workloads: {w: {from: a, rate: 2M req/day, slo: {latency: 300ms, availability: 0.995}, budget: 12 USD/month}}",
    "accept: {rule: SRV001, reason: 1, until: 2027-03-31, while: rate < 50/s}\ninclude: a.yaml\n",
    "x-a: &a {kind: service}\ncomponents: {a: {<<: *a, replicas: 3}}",
    "components: {j: {kind: batch-job, schedule: '@daily'}, k: {kind: batch-job, schedule: 0 3 * * 1-5}}",
])  # fmt: skip
def test_it_accepts_all_ways_to_write_a_fact(text: str) -> None:
    assert [said for said in problems(text) if said.kind == "wrong-shape"] == []
    rest = "" if "components:" in text else "\ncomponents: {a: {kind: service}}"
    assert errors(f"archlint: 1\n{text}{rest}") == []


@pytest.mark.parametrize(("text", "path"), [
    ("archlint: 2", "archlint"),
    ("archlint: one", "archlint"),
    ("componets: {}", ""),
    ("[1]", ""),
    ("components: [a]", "components"),
    ("components: {a: }", "components/a"),
    ("components: {a: {}}", "components/a"),
    ("components: {a: {uses: x}}", "components/a"),
    ("components: {a: {kind: clinet}}", "components/a/kind"),
    ("components: {a: {kind: service, timout: 5s}}", "components/a"),
    ("components: {a b: {kind: service}}", "components"),
    ("components: {a: {kind: service, replicas: two}}", "components/a/replicas"),
    ("components: {a: {kind: service, replicas: -1}}", "components/a/replicas"),
    ("components: {a: {kind: service, replicas: {minimum: 1}}}", "components/a/replicas"),
    ("components: {a: {kind: service, start_time: 5}}", "components/a/start_time"),
    ("components: {a: {kind: service, start_time: 5m}}", "components/a/start_time"),
    ("components: {a: {kind: service, hardware: {memory: 8gb}}}", "components/a/hardware/memory"),
    ("components: {a: {kind: service, hardware: big}}", "components/a/hardware"),
    ("components: {a: {kind: service, ready_check: 'yes'}}", "components/a/ready_check"),
    ("components: {a: {kind: service, calls: [{timeout: 5s}]}}", "components/a/calls"),
    ("components: {a: {kind: service, calls: [{to: b, timeout: 5}]}}", "components/a/calls"),
    ("components: {a: {kind: service, calls: }}", "components/a/calls"),
    ("components: {a: {kind: service, image_size: 3}}", "components/a/image_size"),
    ("models: {m: {artifact: 1.1}}", "models/m"),
    ("models: {m: {precision: float32}}", "models/m"),
    ("models: {m: {service_time: {median: 1s}}}", "models/m"),
    ("models: {m: {service_time: {}}}", "models/m"),
    ("workloads: {w: {}}", "workloads/w"),
    ("workloads: {w: {rate: 3/s}}", "workloads/w"),
    ("workloads: {w: {from: a, rate: 40}}", "workloads/w/rate"),
    ("workloads: {w: {from: {to: b}}}", "workloads/w/from"),
    ("workloads: {w: {from: a, slo: {availability: lots}}}", "workloads/w/slo/availability"),
    ("accept: [{rule: SRV001}]", "accept"),
    ("include: {a: b}", "include"),
])  # fmt: skip
def test_it_refuses_what_the_reader_refuses(text: str, path: str) -> None:
    assert path in errors(text)
    assert problems(text) if text != "[1]" else True


KEYS = st.sampled_from(
    ["replicas", "start_time", "zones", "availability", "schedule", "ready_check", "price", "image_size"]
)
TEXTS = st.one_of(
    st.text(max_size=12), st.sampled_from(["true", "null", "1", "5s", "@daily", "5 GB", "1 USD/h", "50%"])
)


@given(KEYS, TEXTS)
def test_a_text_that_the_reader_understands_the_schema_accepts(key: str, text: str) -> None:
    document = to_yaml({"archlint": 1, "components": {"a": {"kind": "service", key: text}}})
    assert problems(document) or errors(document) == []


NUMBERS = st.one_of(st.integers(-2, 2_000_000), st.floats(-1, 120).map(lambda x: round(x, 2) + 0.0), st.sampled_from([1.0, 2.0, 2e9, 100, 101]))
WRITTEN = st.one_of(st.integers(-2, 900_000), st.floats(-1, 120).map(lambda x: round(x, 2) + 0.0)).map(str)   # no pattern can bound a number
QUANTITIES = st.sampled_from(["5s", "5 s", "5s ", "50%", "101%", "99.5 % ", "1 GB", "40/s", "2k", "1,000", "3m", "1.5", "0.5", "12 ", "2.5", "1e3"])
SCALARS = st.one_of(NUMBERS, WRITTEN, QUANTITIES, st.booleans(), st.none(), st.sampled_from(["", "x", "true", "no"]))
TIMES = st.dictionaries(st.sampled_from(["mean", "cv", "p50", "p99"]), st.sampled_from(["5s", "0.4", 0.4, "x", None]), max_size=2)
ANY_VALUE = st.one_of(SCALARS, TIMES, st.lists(SCALARS, max_size=2))
ANY_KEY = st.sampled_from([
    "replicas", "workers", "limit", "records", "availability", "service_time", "start_time", "ready_check", "zones", "uses", "image_size",
    "regions", "region", "rate_limit", "price", "dead_letter", "shards", "stage", "x-own",
    "host", "hardware", "batching", "mtbf", "max_length", "exposed", "serves", "switch", "sidecar",
])  # fmt: skip


@settings(max_examples=400)
@given(ANY_KEY, ANY_VALUE)
def test_reader_and_schema_agree_on_any_value(key: str, value: object) -> None:
    text = to_yaml({"archlint": 1, "components": {"a": {"kind": "service", key: value}}})
    refused = [said for said in problems(text) if said.kind not in {"contradiction", "dangling-reference"}]
    if load_core_all(text) == [{"archlint": 1, "components": {"a": {"kind": "service", key: value}}}]:
        assert bool(refused) is bool(errors(text)), (refused, errors(text))


def test_the_version_may_have_a_point_as_json_cannot_tell() -> None:
    text = "archlint: 1.0\ncomponents: {a: {kind: client}}\n"
    assert (problems(text), errors(text)) == ([], [])


def test_the_version_is_required() -> None:
    assert errors("components: {a: {kind: client}}\n") == [""]


@pytest.mark.parametrize(("text", "path"), [("system: x", ""), ("components:", "components"), ("components: {}", "components")])
def test_a_system_has_components_or_includes_them(text: str, path: str) -> None:
    assert problems(text) and errors(f"archlint: 1\n{text}\n") == [path]
    assert errors(f"archlint: 1\ninclude: more.yaml\n{text.replace('{}', '')}\n") == []


def test_editors_are_offered_words_and_no_booleans() -> None:
    schema = architecture_schema({"triton": "Triton", "kafka": "Kafka"}, {"SRV001": "Model is too slow"}, {"l4": "NVIDIA L4"})
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    assert definitions["technology"]["anyOf"][0]["enum"] == ["kafka", "triton"]
    assert definitions["technology"]["anyOf"][0]["enumDescriptions"] == ["Kafka", "Triton"]
    assert definitions["rule-id"]["anyOf"][0]["enum"] == ["SRV001"]
    assert definitions["accelerator"]["anyOf"][0]["enum"] == ["l4"]
    offered = [name for name, part in walk(schema, "") if "boolean" in str(part.get("type", ""))]
    flags = [name for name in offered if re.search(r"properties/(imported|circuit_breaker|optional|wait|ready_check|persistent|training_code|on_call|waits|stream|in_process|buffers)$", name)]
    assert offered == flags
    validator = Draft202012Validator(schema)
    text = "archlint: 1\naccept: {rule: MINE001, reason: x}\ncomponents: {true: {kind: service, uses: our-own, calls: [2]}, 2: {kind: service, uses: kafka}}"
    assert [error.message for value in load_core_all(text) for error in validator.iter_errors(value)] == []
