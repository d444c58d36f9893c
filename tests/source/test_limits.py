"""No input makes the parser hang, crash, or use much more memory than its size."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.errors import UnreadableInputError
from archlint.source.document import Document
from archlint.source.nodes import Mapping, Node, Sequence
from archlint.source.parser import MAX_BYTES, MAX_DEPTH, MAX_FLAWS, decode, parse

MEGABYTE = 1_000_000


def kept_memory(text: str) -> int:
    """The bytes of a parsed document, without its text."""
    tracemalloc.start()
    try:
        document = parse("a.yaml", text)
        assert document.root is not None
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(UnreadableInputError) as caught:
        act()
    return caught.value.message


def peak_memory(act: Callable[[], object]) -> int:
    """The peak memory of an action in bytes, beyond the memory before."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("line", "most"), [("k{}: v\n", 250), ("- v{}\n", 150)], ids=["keys", "items"])
def test_a_value_with_its_place_takes_little_memory(line: str, most: int) -> None:
    count = 20_000
    text = "".join(map(line.format, range(100_000, 100_000 + count)))
    kept_memory(text)
    assert kept_memory(text) / count < most


@pytest.mark.parametrize("text", [
    "a: " + "[" * 200_000,
    "{a: " * 50_000,
    "- " * 100_000,
    "? " * 100_000,
    "".join(" " * depth + "a:\n" for depth in range(500)),
    "[" * 100_000 + "]" * 100_000,
], ids=["flow lists", "flow mappings", "block lists", "odd keys", "block mappings", "closed lists"])  # fmt: skip
def test_deep_nesting_is_refused_where_it_gets_too_deep(text: str) -> None:
    assert f"nests deeper than {MAX_DEPTH} levels" in refusal(lambda: parse("a.yaml", text))


def test_what_nests_to_the_limit_is_read() -> None:
    parse("a.yaml", "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert "nests deeper" in refusal(lambda: parse("a.yaml", "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)))


def test_limits_hold_for_all_documents_of_a_file_together() -> None:
    assert "nests deeper" in refusal(lambda: parse("a.yaml", "archlint: 1\n---\n" + "[" * 200_000))
    shared = "---\narchlint: 1\na: &a [" + "x, " * 99 + "]\nb: [*a, *a, *a, *a, *a, *a]\n"
    assert len(parse("a.yaml", shared * 3).systems) == 3
    assert "aliases expand to more than" in refusal(lambda: parse("a.yaml", shared * 999))
    assert "more than 1,000 documents" in refusal(lambda: parse("a.yaml", "---\narchlint: 1\n" * 1_001))


def test_documents_of_one_text_share_its_lines() -> None:
    text = "---\narchlint: 1\n" * 1_000
    documents = parse("a.yaml", text).systems
    assert peak_memory(lambda: [document.position(len(text)) for document in documents]) < MEGABYTE


def nested_aliases(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, levels)]
    return "\n".join(lines)


def merged_chain(links: int) -> str:
    return "x0: &m0 {k0: 1}\n" + "".join(f"x{i}: &m{i} {{<<: *m{i - 1}, k{i}: 1}}\n" for i in range(1, links))


WIDE = "d: &d {" + ", ".join(f"k{i}: 1" for i in range(2_000)) + "}\n"


@pytest.mark.parametrize("text", [
    nested_aliases(9),
    nested_aliases(60),
    "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: [" + "*a, " * 20_000 + "]",
    merged_chain(2_000),
    WIDE + "".join(f"m{i}: {{<<: *d}}\n" for i in range(500)),
    WIDE + "m: {<<: [" + "*d, " * 500 + "]}",
], ids=["nested", "nested deep", "wide", "merged chain", "merged often", "merged at once"])  # fmt: skip
def test_multiplied_aliases_are_refused_before_they_cost_memory(text: str) -> None:
    def act() -> None:
        assert "aliases expand to more than" in refusal(lambda: parse("a.yaml", text))

    assert peak_memory(act) < 10 * MEGABYTE + 60 * len(text)


def test_an_ordinary_use_of_anchors_is_far_below_the_limit() -> None:
    shared = "x-web: &web {kind: service, replicas: 2, zones: [a, b], hardware: {cpu: 4, memory: 8GB}}\n"
    document = parse("a.yaml", shared + "components:\n" + "".join(f"  c{i}: {{<<: *web}}\n" for i in range(500)))
    assert document.flaws == ()


def test_an_anchor_said_again_is_measured_again() -> None:
    text = "a: &a [x]\nb: *a\nc: &a [" + "x, " * 3_000 + "]\nd: [*a, *a, *a, *a]\n"
    assert "aliases expand to more than" in refusal(lambda: parse("a.yaml", text))


def test_a_file_beyond_the_limit_is_refused_by_its_size() -> None:
    assert "too large" in refusal(lambda: decode("a.yaml", b"a" * (MAX_BYTES + 1)))


def test_a_text_with_too_many_values_is_refused_before_they_are_made() -> None:
    text = "a: [" + "1," * 6_500_000 + "]"
    assert peak_memory(lambda: refusal(lambda: parse("a.yaml", text))) < MEGABYTE


@pytest.mark.parametrize("text", [
    "a: " + "x " * 2_000_000,
    'a: "' + "x " * 2_000_000 + '"',
    "a: 1 # " + "x " * 2_000_000,
    "? " + "x" * 2_000_000 + "\n: 1",
], ids=["plain", "quoted", "comment", "key"])  # fmt: skip
def test_a_line_of_megabytes_is_read(text: str) -> None:
    assert isinstance(parse("a.yaml", text).root, Mapping)


def test_of_countless_duplicate_keys_some_are_listed_and_all_counted() -> None:
    document = parse("a.yaml", "a: 1\n" * (MAX_FLAWS + 501))
    assert len(document.flaws) + document.unlisted == MAX_FLAWS + 500
    assert document.unlisted == 500


def test_memory_is_a_multiple_of_the_text() -> None:
    text = "a: [" + "ab," * 60_000 + "]"
    assert peak_memory(lambda: parse("a.yaml", text)) < 100 * len(text)


YAML_WORDS = st.sampled_from(
    ["a", "b: ", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "&x ", "*x", "<<: ", "? ", "|\n", ">", "'", '"', "#",
     "!!str ", "!t ", "---\n", "...\n", "%YAML 1.2\n", "\t", "\r\n", "\ufeff", "~", "null", "한", "😀", "\x85",
     "\u2028"]
)  # fmt: skip


def spans_of(node: Node) -> list[tuple[int, int]]:
    if isinstance(node, Mapping):
        return [node.span, *(entry.key_span for entry in node.entries.values())] + [
            span for entry in node.entries.values() for span in spans_of(entry.value)
        ]
    if isinstance(node, Sequence):
        return [node.span, *(span for item in node.items for span in spans_of(item))]
    return [node.span]


def holds(document: Document) -> None:
    """Check the laws of every document: all places are inside the text, and in order."""
    size = len(document.text)
    spans = spans_of(document.root) if document.root is not None else []
    spans += [flaw.span for flaw in document.flaws]
    for start, end in spans:
        assert 0 <= start <= end <= size + 3
        line, column = document.position(start)
        assert 1 <= column <= len(document.line(line)) + 3


def refusal_of(act: Callable[[], Document]) -> str:
    """Return the message of a text that is refused; empty for a document, which must hold together."""
    try:
        holds(act())
    except UnreadableInputError as error:
        return error.message
    return ""


@given(st.one_of(st.text(), st.lists(YAML_WORDS, max_size=40).map("".join)))
def test_any_text_is_a_document_or_is_refused(text: str) -> None:
    assert "\n" not in refusal_of(lambda: parse("a.yaml", text))


@given(st.binary())
def test_any_bytes_are_a_document_or_are_refused(data: bytes) -> None:
    assert "\n" not in refusal_of(lambda: parse("a.yaml", decode("a.yaml", data)))
