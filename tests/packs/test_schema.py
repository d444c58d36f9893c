"""The JSON Schema of `rule.yaml` accepts valid files, and rejects clearly invalid ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from archlint.about import docs_url
from archlint.catalog.patterns import patterns
from archlint.errors import PackError
from archlint.packs import shipped_packs
from archlint.packs.params import UNITS
from archlint.packs.reading import read_pack
from archlint.packs.schema import rule_schema
from tests.conftest import ROOT, Run
from tests.model.core_yaml import load_core_all
from tests.model.strategies import to_yaml
from tests.packs.help import RULE
from tests.packs.test_reading import WHOLE

SCHEMA = rule_schema(shipped_packs(), patterns().values())
VALIDATOR = Draft202012Validator(SCHEMA)
RULE_FILES = sorted(path for folder in ("rules", "examples") for path in (ROOT / folder).rglob("rule.yaml"))


def errors(text: str) -> list[str]:
    """The errors of the schema: the path of each value."""
    return [
        "/".join(map(str, error.absolute_path))
        for value in load_core_all(text) for error in VALIDATOR.iter_errors(value)
    ]  # fmt: skip


def refused(folder: Path, text: str) -> bool:
    """Whether the reader rejects a rule."""
    here = folder / "ACME001-some-rule"
    here.mkdir(exist_ok=True)
    (here / "rule.yaml").write_text(text, encoding="utf-8")
    try:
        read_pack(here)
    except PackError:
        return True
    return False


def test_the_schema_is_one_and_its_id_is_where_the_docs_have_it() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == docs_url("schema/rule.schema.json")


def test_the_command_prints_it(archlint: Run) -> None:
    done = archlint("schema", "rule")
    assert (done.returncode, json.loads(done.stdout)) == (0, SCHEMA)


def test_it_knows_every_unit() -> None:
    properties = SCHEMA["properties"]
    assert isinstance(properties, dict)
    assert properties["params"]["additionalProperties"]["properties"]["unit"]["enum"] == [*UNITS, None]


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.parent.name)
def test_it_accepts_every_rule_of_this_project(path: Path) -> None:
    assert errors(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("text", [
    WHOLE,
    RULE,
    RULE + "status:\nwhat:\nparams:\nterms:\ncures:\nsources: []\n",
    RULE.replace("A rule for tests", "2026"),
    RULE + "params: {a: {value: 3}, b: {value: '1.5', unit: ''}, c: {value: true, unit: flag}, d: {value: 2k, unit: count}}\n",
])  # fmt: skip
def test_it_accepts_all_ways_to_write_a_rule(tmp_path: Path, text: str) -> None:
    assert not refused(tmp_path, text)
    assert errors(text) == []


@pytest.mark.parametrize(("text", "path"), [
    ("title: x\ncheck: x\nseverity: info\n", ""),
    (RULE.replace("info", "eror"), "severity"),
    (RULE + "status: stabel\n", "status"),
    (RULE + "sumary: x\n", ""),
    (RULE + "what: [a]\n", "what"),
    (RULE + "params: {slow: {value: 2, unit: s}}\n", "params/slow/value"),
    (RULE + "params: {slow: {value: 2 parsec, unit: B}}\n", "params/slow/value"),
    (RULE + "params: {slow: {value: much}}\n", "params/slow/value"),
    (RULE + "params: {slow: {value: much, unit: ''}}\n", "params/slow/value"),
    (RULE + "params: {slow: {value: maybe, unit: flag}}\n", "params/slow/value"),
    (RULE + "params: {slow: {unit: s}}\n", "params/slow"),
    (RULE + "params: {slow: {value: 2s, unit: parsec}}\n", "params/slow/unit"),
    (RULE + "params: {slow: {value: 2s, unit: s, reson: x}}\n", "params/slow"),
    (RULE + "params: {slow: [1]}\n", "params/slow"),
    (RULE + "terms: {wait: }\n", "terms/wait"),
    (RULE + "cures: batch\n", "cures"),
    (RULE + "cures: [{text: x}]\n", "cures/0"),
    (RULE + "sources: [{title: x, link: y}]\n", "sources/0"),
    (RULE + "proven_unless: [{text: x}]\n", "proven_unless/0"),
    (RULE + "proven_unless: [{text: x, sets: {}}]\n", "proven_unless/0"),
    (RULE + "proven_unless: [{text: x, removes: [fallback]}]\n", "proven_unless/0/removes/0"),
    (RULE + "proven_unless: [{text: x, sets: {toaster.uses: y}}]\n", "proven_unless/0/sets"),
    (RULE + "proven_unless: [{sets: {relation.fallback: y}}]\n", "proven_unless/0"),
])  # fmt: skip
def test_it_refuses_what_the_reader_refuses(tmp_path: Path, text: str, path: str) -> None:
    assert refused(tmp_path, text)
    assert path in errors(text)


VALUES = st.one_of(
    st.integers(0, 3_000), st.floats(0, 120).map(lambda x: round(x, 2)), st.booleans(), st.none(),
    st.sampled_from(["5s", "5 s", "50%", "1 GB", "40/s", "200MB/s", "2k", "1.5", "0.5", "12 ", "1e3", "true", "no", "x", ""]),
)  # fmt: skip


@given(VALUES, st.sampled_from([*UNITS, None, "parsec"]))
def test_reader_and_schema_agree_on_any_parameter(tmp_path_factory: pytest.TempPathFactory, value: object, unit: str | None) -> None:
    written: dict[str, object] = {"title": "x", "check": "x", "severity": "info", "summary": "x", "params": {"p": {"value": value, "unit": unit}}}
    text = to_yaml(written)
    if load_core_all(text) == [written]:
        assert refused(tmp_path_factory.getbasetemp(), text) is bool(errors(text)), errors(text)


