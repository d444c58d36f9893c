"""A rule has nothing to say about a system that does not mention what the rule needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archlint.analysis.mentioned import MAX_CHARACTERS, Searched, mentioned
from archlint.analysis.system import System
from archlint.api import load
from archlint.packs import Pack, bind, shipped_packs
from tests.conftest import ROOT
from tests.examples.stripping import Tree, dump, parse

RULES = [bind(pack) for pack in shipped_packs() if pack.needs]
REFERRED_TO = frozenset(
    "CAP009 OPS009 REL009 REL010 REL012 REL017 SRV006 SRV010 SRV013 SRV014".split()
)
"""Rules whose examples have mistakes without these words: other keys refer to them. Then every rule may speak."""
EXAMPLES = sorted((ROOT / "examples").glob("*/*.yaml"))


def verdicts_of_silent_rules(system: System) -> list[str]:
    """Return what the rules have to say whose words the system does not mention."""
    words = mentioned(system)
    return [
        f"{rule.pack.id}: {verdict}"
        for rule in RULES if not rule.pack.may_speak(words)
        for verdict in rule.run(system, rule.params)
    ]  # fmt: skip


def without(tree: Tree, word: str) -> Tree:
    """Return a tree without a key; components of a kind become services."""
    if isinstance(tree, list):
        return [without(item, word) for item in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: "service" if (key, value) == ("kind", word) else without(value, word)
        for key, value in tree.items() if key != word
    }  # fmt: skip


def words_of(pack: Pack) -> Iterator[frozenset[str]]:
    """Yield what to leave out so that the rule's words are missing: one of its sets at a time."""
    for words in pack.needs:
        yield frozenset(word.rpartition(".")[2] for word in words)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_in_an_example_rules_without_their_words_have_nothing_to_say(path: Path) -> None:
    assert verdicts_of_silent_rules(load(path)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.pack.id)
def test_without_its_words_a_rule_has_nothing_to_say_about_its_own_examples(rule: object) -> None:
    pack = next(one.pack for one in RULES if one is rule)
    stripped = 0
    for path in (*pack.examples("bad"), *pack.examples("good")):
        for words in words_of(pack):
            tree = parse(path.read_text(encoding="utf-8"))
            for word in words:
                tree = without(tree, word)
            system = load(dump(tree))
            stripped += not pack.may_speak(mentioned(system))
            assert verdicts_of_silent_rules(system) == []
    assert bool(stripped) == (pack.id not in REFERRED_TO)


def test_keys_kinds_and_keys_of_components_are_mentioned() -> None:
    system = load("""
        archlint: 1
        workloads: {ask: {from: page, rate: 1/s, slo: {availability: 99%}}}
        components: {page: {kind: client, calls: [{to: api, timeout: 1s}]}, api: {kind: service, mtbf: 3d}}
    """)
    words = mentioned(system)
    assert isinstance(words, frozenset)
    assert {"rate", "availability", "timeout", "client", "service", "component.mtbf", "component.calls"} <= words
    assert not words & {"component.availability", "component.timeout", "generator", "queue"}


def test_a_technology_that_generates_tokens_is_mentioned() -> None:
    words = mentioned(load("""
        archlint: 1
        models: {writer: {}}
        components: {server: {kind: model-server, uses: vllm, serves: [writer]}}
    """))
    assert isinstance(words, frozenset)
    assert "generator" in words


def test_with_mistakes_every_rule_may_speak() -> None:
    words = mentioned(load("archlint: 1\ncomponents: {a: {kind: client, tymeout: 1s}}\n"))
    assert words is None
    assert all(rule.pack.may_speak(words) for rule in RULES)


LONG = f"x-note: {'y' * MAX_CHARACTERS}"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_of_a_large_file_the_text_is_searched(path: Path) -> None:
    small, large = load(path), load(f"{path.read_text()}\n{LONG}\n")
    words, found = mentioned(small), mentioned(large)
    assert (words is None) == (found is None)
    if words is not None and found is not None:
        assert isinstance(words, frozenset) and isinstance(found, Searched)
        for rule in RULES:                         # a word that is no key may stand in the text
            assert rule.pack.may_speak(found) or not rule.pack.may_speak(words), rule.pack.id
        assert verdicts_of_silent_rules(large) == []


def test_in_a_large_file_with_escapes_every_rule_may_speak() -> None:
    parts = f"components: {{a: {{kind: service}}}}\n{LONG}\n"
    assert mentioned(load(f'archlint: 1\nsystem: "a\\x62"\n{parts}')) is None
    assert mentioned(load(f"archlint: 1\nsystem: ab\n{parts}")) is not None
