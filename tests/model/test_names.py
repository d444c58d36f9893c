"""The nearest valid name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.model.names import Names, nearest
from archlint.model.reading import names_with_synonyms
from archlint.model.words import BALANCING, KINDS

KEYS = ["replicas", "zones", "load-balancer", "service_time", "dead_letter", "client"]


@pytest.mark.parametrize(("word", "name"), [
    ("replcias", "replicas"), ("replica", "replicas"), ("Replicas", "replicas"), ("loadbalancer", "load-balancer"),
    ("load_balancer", "load-balancer"), ("service-time", "service_time"), ("servicetime", "service_time"),
    ("deadletter", "dead_letter"), ("clinet", "client"), ("zone", "zones"), ("service_times_p99", "service_time"),
])  # fmt: skip
def test_a_misspelt_word_finds_its_name(word: str, name: str) -> None:
    assert nearest(word, KEYS) == name


@pytest.mark.parametrize("word", ["xyzzy", "", "q", "w" * 200, "!!"])
def test_a_word_far_from_all_finds_none(word: str) -> None:
    assert nearest(word, KEYS) is None


@pytest.mark.parametrize(("word", "name"), [("SRV1", "SRV001"), ("SRV01", "SRV001"), ("srv10", "SRV010"), ("REL010", "REL010")])
def test_a_number_of_a_rule_may_lack_its_zeros(word: str, name: str) -> None:
    """Otherwise `SRV01` would mean `SRV014`, which is one edit away too."""
    assert nearest(word, ["SRV010", "SRV014", "SRV001", "REL010"]) == name


def test_a_synonym_finds_what_it_means() -> None:
    assert nearest("Instances", KEYS, {"instances": "replicas"}) == "replicas"


def test_one_edit_is_found_without_comparing() -> None:
    names = Names(f"service-{i}" for i in range(20_000))
    assert names.nearest("sevrice-19999", thorough=False) == "service-19999"
    assert names.compared == 0


def test_who_is_in_a_hurry_does_not_decide_for_others() -> None:
    names = Names(KEYS)
    assert names.nearest("my_service_times", thorough=False) is None
    assert names.nearest("my_service_times") == "service_time"


@given(st.lists(st.text(max_size=12), max_size=30), st.text(max_size=12))
def test_what_is_found_is_one_of_the_names(names: list[str], word: str) -> None:
    found = nearest(word, names)
    assert found is None or found in names


@given(st.text("abcdefghij", min_size=4, max_size=10), st.integers(0, 9), st.sampled_from("xyz"), st.data())
def test_a_name_with_one_wrong_letter_is_found(name: str, at: int, letter: str, data: st.DataObject) -> None:
    at %= len(name)
    wrong = data.draw(st.sampled_from([
        name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :], name[:at] + name[at + 1 :],
    ]))  # fmt: skip
    assert nearest(wrong, [name, "qqqqqqqq"]) == name


@pytest.mark.parametrize(
    ("table", "word", "meant"),
    [
        (BALANCING, "least-requests", "least-loaded"),
        (BALANCING, "robin-round", "round-robin"),
        (BALANCING, "ring-hash", "consistent-hash"),
        (BALANCING, "prefix", "prefix-aware"),
        (KINDS, "model-servers", "model-server"),
        (KINDS, "server-model", "model-server"),
        (KINDS, "vector-database", "vector-store"),
        (KINDS, "spaceship", None),
        (BALANCING, "sticky", None),
    ],
)
def test_words_of_the_format_are_found_by_one_word(table: dict[str, str], word: str, meant: str | None) -> None:
    assert names_with_synonyms(table).nearest(word) == meant


def test_names_of_parts_are_not_found_by_one_word() -> None:
    assert Names(["search-backend", "page-gateway"]).nearest("search-page-store") is None
