"""The JSON Schema of a configuration and the reader agree."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.about import docs_url
from archlint.config import read_config, validate
from archlint.config.keys import PER_PATH, PRICE, RULE, TOP, Key, Kind
from archlint.config.schema import config_schema
from archlint.errors import ConfigError
from archlint.packs import shipped_packs
from tests.conftest import ROOT, Run

PACKS = shipped_packs()
SCHEMA = config_schema(PACKS)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def texts(*words: str) -> st.SearchStrategy[object]:
    return st.lists(st.sampled_from(words), max_size=2)


def good(key: Key) -> st.SearchStrategy[object]:
    """Values that the reader accepts for a key."""
    match key.kind:
        case Kind.RULES:
            return texts("ALL", "SRV", "REL001", "online-bigsize")
        case Kind.PATTERNS:
            return st.lists(st.sampled_from(["a/", "*.yaml", "./x", "!b"]), min_size=int(key.required), max_size=2)
        case Kind.TEXTS:
            return st.just([])
        case Kind.FAMILIES:
            return st.one_of(st.booleans(), texts("timeouts", "owners", "all"))
        case Kind.FILE:
            return st.just("base.toml")
        case Kind.WORD:
            return st.sampled_from(key.words)
        case Kind.SWITCH:
            return st.booleans()
        case Kind.TEXT:
            return st.sampled_from(["a list", ""])
        case Kind.PRICE:
            return st.just("0.75 USD per h")
        case Kind.DATE:
            return st.sampled_from(["2026-11-01", date(2026, 11, 1), ""])
        case Kind.RULE_TABLE:
            return st.fixed_dictionaries({}, optional={"SRV005": table(RULE), "REL003": table(RULE)})
        case Kind.PRICE_TABLE:
            return st.fixed_dictionaries({}, optional={"l4": st.just("2 EUR per h"), "redis": table(PRICE)})
        case Kind.PARAMS:
            return st.just({})
        case Kind.LAYERS:
            return st.lists(table(PER_PATH), max_size=2)


def table(keys: dict[str, Key]) -> st.SearchStrategy[object]:
    required = {name: good(key) for name, key in keys.items() if key.required}
    return st.fixed_dictionaries(required, optional={n: good(k) for n, k in keys.items() if not k.required})


anything = st.recursive(
    st.sampled_from(["", " ", "SRV", "error", "2s", "1 USD per h", True, 0, 1.5, date(2026, 1, 1)]),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(
        [*TOP, *PER_PATH, *RULE, *PRICE, "SRV005", "slow", "l4", "selct"]), below, max_size=3),
    max_leaves=4,
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> object:
    """A good configuration with one value, at any depth, replaced by anything."""
    found = draw(table(TOP))
    place = found
    for _ in range(draw(st.integers(0, 3))):
        items = list(place.items() if isinstance(place, dict) else enumerate(place) if isinstance(place, list) else ())
        inner = [(key, value) for key, value in items if isinstance(value, dict | list) and value]
        if not inner:
            break
        place = draw(st.sampled_from(inner))[1]
    if isinstance(place, dict):
        place[draw(st.sampled_from([*place, "selct", "params", "amount"]))] = draw(anything)
    elif isinstance(place, list):
        place.append(draw(anything))
    return found


def toml(value: object) -> str:
    """A value in TOML, in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def document(value: object) -> str:
    assert isinstance(value, dict)
    return "".join(f"{json.dumps(key)} = {toml(inner)}\n" for key, inner in value.items())


def mistakes(folder: Path, value: object) -> list[str]:
    """The reader's errors."""
    (folder / "base.toml").touch()
    file = folder / "archlint.toml"
    file.write_text(document(value))
    try:
        validate(read_config(file), PACKS)
    except ConfigError as error:
        return [mistake.message for mistake in error.mistakes]
    return []


def as_json(value: object) -> object:
    """The values that an editor validates: dates are texts."""
    return json.loads(json.dumps(value, default=str))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


@given(value=table(TOP))
def test_both_accept_what_is_right(folder: Path, value: object) -> None:
    assert mistakes(folder, value) == []
    VALIDATOR.validate(as_json(value))


@given(value=mutated())
def test_what_the_schema_refuses_the_reader_refuses(folder: Path, value: object) -> None:
    if not VALIDATOR.is_valid(as_json(value)):
        assert mistakes(folder, value)


@given(value=mutated())
def test_what_the_reader_refuses_the_schema_refuses_unless_only_the_reader_can_see_it(folder: Path, value: object) -> None:
    said = mistakes(folder, value)
    if any("has no key" in one or "needs a list" in one or "needs a table" in one or "needs true" in one for one in said):
        assert not VALIDATOR.is_valid(as_json(value))


@given(value=mutated())
def test_editors_that_know_only_older_drafts_give_the_same_answer(value: object) -> None:
    editors = {kind(SCHEMA).is_valid(as_json(value)) for kind in (jsonschema.Draft4Validator, jsonschema.Draft7Validator)}
    assert editors == {VALIDATOR.is_valid(as_json(value))}


@pytest.mark.parametrize("name", list(TOP))
def test_a_value_of_the_wrong_type_is_refused_by_both(folder: Path, name: str) -> None:
    for wrong in (3, [3], {"a": 3}, [""], ""):
        by_schema, by_reader = not VALIDATOR.is_valid({name: wrong}), bool(mistakes(folder, {name: wrong}))
        assert by_schema == by_reader, (name, wrong)


def test_a_parameter_is_known_to_the_schema_with_its_type(folder: Path) -> None:
    for params, is_right in (({"slow": "2s"}, True), ({"slow": True}, False), ({"slw": "2s"}, False)):
        value = {"rules": {"SRV005": {"params": params}}}
        assert VALIDATOR.is_valid(value) is is_right
        assert (mistakes(folder, value) == []) is is_right
    assert VALIDATOR.is_valid({"rules": {"ACME001": {"params": {"mine": [1]}}}})


def test_its_id_is_where_the_docs_have_it() -> None:
    assert SCHEMA["$id"] == docs_url("schema/config.schema.json")


def test_the_documented_configuration_fits_the_schema() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    text = page.split("```toml\n", 1)[1].split("```", 1)[0]
    assert list(VALIDATOR.iter_errors(as_json(tomllib.loads(text)))) == []


def test_the_command_prints_it(archlint: Run) -> None:
    done = archlint("schema", "config")
    assert archlint("schema", "--of", "config").stdout == done.stdout
    assert json.loads(done.stdout) == SCHEMA
    assert json.loads((ROOT / "docs" / "schema" / "config.schema.json").read_text()) == SCHEMA
