"""Laws for any file."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.errors import UnreadableInputError
from archlint.model.architecture import Architecture, Component
from archlint.model.locate import locate
from archlint.model.read import no_includes, read
from archlint.source.parser import decode, parse
from tests.model.help import architecture
from tests.model.strategies import systems, to_yaml
from tests.model.test_mistakes import TEN
from tests.model.test_read import WHOLE

KINDS_OF_PROBLEM = {
    "dangling-reference", "unknown-key", "duplicate-name", "wrong-quantity", "wrong-shape", "unknown-word",
    "unknown-kind",
    "missing-key", "wrong-name", "contradiction", "several-documents", "unknown-version", "bad-include",
}  # fmt: skip


def check_problems(found: Architecture) -> None:
    """Check the laws of every problem: a known kind, one line, and places inside the text."""
    assert list(found.problems) == sorted(found.problems, key=lambda p: (found.documents.index(p.document), p.span))
    for problem in found.problems:
        size = len(problem.document.text)
        assert problem.kind in KINDS_OF_PROBLEM
        assert 0 <= problem.span.start <= problem.span.end <= size
        assert problem.message
        assert "\n" not in problem.message + problem.suggestion
        for _, document, span in problem.related:
            assert 0 <= span.start <= span.end <= len(document.text)
        document, span = locate(found.origins, problem.place, found.document)
        assert 0 <= span.start <= span.end <= len(document.text) + 1
        assert found.is_unread(problem.place) or not problem.loses_meaning


def refusal(data: bytes) -> str:
    """Read a file, check the laws of its problems, and return the message if it is refused as a whole."""
    try:
        check_problems(read(parse("a.yaml", decode("a.yaml", data)), no_includes))
    except UnreadableInputError as error:
        return error.message
    return ""


@given(st.binary())
def test_any_bytes_end_in_problems_or_are_refused(data: bytes) -> None:
    assert "\n" not in refusal(data)


@given(st.text())
def test_any_text_ends_in_problems_or_is_refused(text: str) -> None:
    assert "\n" not in refusal(text.encode(errors="replace"))


PIECES = st.sampled_from(
    ["", "~", "[]", "{}", "[a]", "{a: b}", "{to: b}", "{<<: x}", "null", "&x", "*x", "!t ", "'", '"', ": ", "- ",
     ", ", "#", "\n", "\t", "  ", "999999999999999999999", "-1", "0", "1e99", "NaN", "a b", "한", "components:", "{",
     "}", "[", "]", "\ufeff", "---\n"]
)  # fmt: skip


EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=4)


@settings(max_examples=300)
@given(st.sampled_from([WHOLE, TEN]), EDITS)
def test_any_edit_of_a_file_ends_in_problems_or_is_refused(text: str, edits: list[tuple[float, int, str]]) -> None:
    for where, length, piece in edits:
        start = int(where * len(text))
        text = text[:start] + piece + text[start + length :]
    assert "\n" not in refusal(text.encode())


TEXTS = st.one_of(st.text(max_size=8), st.sampled_from(["api", "m", "5s", "0"]))
KEYS = st.sampled_from(["to", "kind", "p99", "min", "a"])
VALUES: st.SearchStrategy[object] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=60)
@given(systems(), st.data())
def test_any_value_in_any_place_ends_in_problems(system: dict[str, object], data: st.DataObject) -> None:
    holder: object = system
    while isinstance(holder, dict) and holder:
        key = data.draw(st.sampled_from(sorted(holder)))
        if not isinstance(holder[key], dict) or not holder[key] or data.draw(st.booleans()):
            holder[key] = data.draw(VALUES)
            break
        holder = holder[key]
    assert "\n" not in refusal(to_yaml(system).encode())


def without_order(component: Component) -> Component:
    ordered = tuple(sorted(component.relations, key=lambda relation: (relation.verb, relation.index)))
    return msgspec.structs.replace(component, relations=ordered)


def shuffled(value: dict[str, object], data: st.DataObject) -> dict[str, object]:
    return dict(data.draw(st.permutations(list(value.items()))))


@settings(max_examples=60)
@given(systems(), st.data())
def test_the_order_of_names_and_keys_changes_nothing(system: dict[str, object], data: st.DataObject) -> None:
    other = shuffled(system, data)
    components = other["components"]
    assert isinstance(components, dict)
    other["components"] = shuffled({name: shuffled(facts, data) for name, facts in components.items()}, data)
    one, two = architecture(to_yaml(system)), architecture(to_yaml(other))
    assert (one.models, one.workloads, one.owner) == (two.models, two.workloads, two.owner)
    assert {name: without_order(c) for name, c in one.components.items()} == {
        name: without_order(c) for name, c in two.components.items()
    }
    kinds = [Counter((p.kind, p.place.identity, p.message) for p in found.problems if p.kind != "contradiction")
             for found in (one, two)]  # fmt: skip
    assert kinds[0] == kinds[1]
    assert one.unread == two.unread


@settings(max_examples=60)
@given(systems())
def test_comments_and_blank_lines_change_nothing_but_lines(system: dict[str, object]) -> None:
    text = to_yaml(system)
    spaced = "# first\n\n" + text.replace("\n", "   # a comment\n\n") if "|" not in text else text
    one, two = architecture(text), architecture(spaced)
    assert (one.components, one.models, one.workloads) == (two.components, two.models, two.workloads)
    assert [(p.kind, p.place, p.message) for p in one.problems] == [(p.kind, p.place, p.message) for p in two.problems]
