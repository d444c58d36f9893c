"""YAML text to nodes with positions: valid input, flaws, and rejected input."""

from __future__ import annotations

import pytest

from archlint.errors import UnreadableInputError
from archlint.source.document import Document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence
from archlint.source.parser import decode, parse

Plain = str | list["Plain"] | dict[str, "Plain"]


def plain(node: Node | None) -> Plain:
    """The texts of a node, without places."""
    if isinstance(node, Mapping):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert node is not None
    return node.text


def root(text: str) -> Mapping:
    node = parse("a.yaml", text).root
    assert isinstance(node, Mapping)
    return node


def said(document: Document, start: int, end: int) -> str:
    return document.text[start:end]


def refusal(text: str) -> UnreadableInputError:
    with pytest.raises(UnreadableInputError) as caught:
        parse("a.yaml", text)
    return caught.value


def test_values_keep_the_text_as_written() -> None:
    assert plain(root("a: 1.10\nb: NO\nc: 0o17\nd: 2027-03-31\ne: .inf\nf: '007'\n")) == {
        "a": "1.10", "b": "NO", "c": "0o17", "d": "2027-03-31", "e": ".inf", "f": "007",
    }  # fmt: skip


def test_numbers_booleans_and_quoted_words_are_keys_as_written() -> None:
    assert plain(root("1: a\ntrue: b\n'x y': c\n\"한국\": d\n")) == {"1": "a", "true": "b", "x y": "c", "한국": "d"}


@pytest.mark.parametrize("text", [
    "a: {b: [x, y]}", "a:\n  b:\n    - x\n    - y\n", "a:\n  b:\n  - x\n  - y", "{a: {b: [x, y,]}}",
])  # fmt: skip
def test_flow_and_block_style_say_the_same(text: str) -> None:
    assert plain(root(text)) == {"a": {"b": ["x", "y"]}}


def test_keys_and_values_stand_where_they_were_written() -> None:
    document = parse("a.yaml", "name:  value\nlist: [one, 'two']\nblock:\n  key: |\n    text\n")
    assert isinstance(document.root, Mapping)
    entries = document.root.entries
    assert said(document, *entries["name"].key_span) == "name"
    assert said(document, entries["name"].value.start, entries["name"].value.end) == "value"
    items = entries["list"].value
    assert isinstance(items, Sequence)
    assert [said(document, *item.span) for item in items.items] == ["one", "'two'"]
    assert said(document, *items.span) == "[one, 'two']"


def test_a_block_mapping_ends_with_its_last_value() -> None:
    document = parse("a.yaml", "a:\n  b: 1\n  c: 2\n\n# a comment\nd: 3\n")
    assert isinstance(document.root, Mapping)
    assert said(document, *document.root.entries["a"].value.span) == "b: 1\n  c: 2"


@pytest.mark.parametrize("text", ["a:\n\n\nb: 1\n", "a: # nothing\n\nb: 1\n", "{a: , b: 1}", "{a, b: 1}"])
def test_nothing_stands_at_its_key(text: str) -> None:
    document = parse("a.yaml", text)
    assert isinstance(document.root, Mapping)
    entry = document.root.entries["a"]
    assert isinstance(entry.value, Scalar)
    assert entry.value.is_null
    assert entry.value.start == entry.end


@pytest.mark.parametrize(("written", "is_null"), [
    ("~", True), ("null", True), ("Null", True), ("NULL", True), ("", True),
    ("'null'", False), ('""', False), ("nil", False), ("none", False), ("!!str null", False),
])  # fmt: skip
def test_null_is_what_yaml_1_2_says(written: str, is_null: bool) -> None:
    value = root(f"a: {written}\n").entries["a"].value
    assert isinstance(value, Scalar)
    assert value.is_null is is_null


@pytest.mark.parametrize("text", ["", "   ", "# only a comment\n", "---\n", "---\n...\n", "null\n", "~", "\ufeff"])
def test_an_empty_text_has_no_root(text: str) -> None:
    assert parse("a.yaml", text).root is None


def test_positions_count_characters_and_lines_as_editors_do() -> None:
    document = parse("a.yaml", "이름: 값\r\nb: 😀x\rc: 1\n")
    assert isinstance(document.root, Mapping)
    entries = document.root.entries
    assert document.position(entries["이름"].value.start) == (1, 5)
    assert document.position(entries["b"].value.start) == (2, 4)
    assert document.position(entries["c"].start) == (3, 1)
    assert [document.line(number) for number in (1, 2, 3, 4, 5)] == ["이름: 값", "b: 😀x", "c: 1", "", ""]


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("more", ["", "\ue000\ue001\ue002"])
def test_only_editors_line_breaks_break_lines(sign: str, more: str) -> None:
    text = f"# a{sign}b: hidden{more}\na: 'x{sign}y' # c{sign}d: 1\ne{sign}f: |\n  g{sign}h\n"
    document = parse("a.yaml", text)
    assert plain(document.root) == {"a": f"x{sign}y", f"e{sign}f": f"g{sign}h\n"}
    assert isinstance(document.root, Mapping)
    assert document.position(document.root.entries[f"e{sign}f"].start) == (3, 1)
    assert [document.position(flaw.span.start) for flaw in document.flaws] == [(1, 4), (2, 6), (2, 13), (3, 2), (4, 4)]
    assert {(flaw.kind, flaw.loses_meaning) for flaw in document.flaws} == {("line-separator", False)}
    broken = refusal(f"# a{sign}b\na: [{sign}\n")
    assert broken.message.startswith("a.yaml:3:1: not YAML")


def test_an_escaped_separator_is_no_flaw() -> None:
    document = parse("a.yaml", 'a: "x\\Ny\\Lz\\P"\n')
    assert (plain(document.root), document.flaws) == ({"a": "x\x85y\u2028z\u2029"}, ())


@pytest.mark.parametrize(("offset", "position"), [
    (0, (1, 1)), (3, (1, 4)), (5, (2, 1)), (10, (3, 1)), (99, (3, 1)), (-1, (1, 1)),
])  # fmt: skip
def test_positions_stay_inside_the_text(offset: int, position: tuple[int, int]) -> None:
    assert parse("a.yaml", "a: 1\nb: 2\n").position(offset) == position


def test_an_alias_stands_where_its_anchor_does() -> None:
    document = parse("a.yaml", "a: &x {b: 1}\nc: *x\n")
    assert isinstance(document.root, Mapping)
    assert document.root.entries["c"].value is document.root.entries["a"].value


@pytest.mark.parametrize("text", [
    "d: &d {x: 1, y: 2}\nm: {<<: *d, y: 3}",
    "d: &d {x: 1, y: 2}\nm:\n  y: 3\n  <<: *d",
    "d: &d {x: 1}\ne: &e {x: 9, y: 4}\nm: {<<: [*d, *e], y: 3}",
    "m: {<<: {x: 1}, y: 3}",
])  # fmt: skip
def test_merge_keys_add_what_is_not_there(text: str) -> None:
    assert plain(root(text).entries["m"].value) == {"y": "3", "x": "1"}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert plain(root("d: &d {x: 1}\nm: {'<<': *d}").entries["m"].value) == {"<<": {"x": "1"}}


def test_an_anchor_on_a_key_can_be_used() -> None:
    assert plain(root("&k a: 1\nb: *k\n*k : 2\n")) == {"a": "1", "b": "a"}


@pytest.mark.parametrize("key", ["&m <<", "!!merge <<", "&m !!merge <<", "!!merge &m <<", "? <<\n ", "!<tag:yaml.org,2002:merge> <<"])
def test_a_merge_key_may_have_an_anchor_or_its_tag(key: str) -> None:
    document = parse("a.yaml", f"d: &d {{x: 1}}\nm:\n {key}: *d\n")
    assert plain(document.root) == {"d": {"x": "1"}, "m": {"x": "1"}}
    assert document.flaws == ()


@pytest.mark.parametrize("key", ["!!str <<", "! <<", "'<<'", "&m '<<'"])
def test_what_is_tagged_or_quoted_as_a_text_merges_nothing(key: str) -> None:
    assert plain(root(f"d: &d {{x: 1}}\nm: {{{key} : *d}}").entries["m"].value) == {"<<": {"x": "1"}}


@pytest.mark.parametrize(("written", "is_plain"), [
    ("!!int 3", True), ("!!int '3'", True), ("!!bool true", True), ("!!float 1.5", True), ("!!null ~", True), ("!!null", True),
    ("!!str true", False), ("! true", False),
])  # fmt: skip
def test_a_value_with_a_tag_of_its_type_reads_as_that_type(written: str, is_plain: bool) -> None:
    document = parse("a.yaml", f"a: {written}\n")
    assert isinstance(document.root, Mapping)
    value = document.root.entries["a"].value
    assert isinstance(value, Scalar)
    assert (value.plain, document.flaws) == (is_plain, ())
    assert value.is_null is written.startswith("!!null")


@pytest.mark.parametrize("written", ["!!int x", "!!int 1.5", "!!bool yes", "!!null x", "!!float [1]", "!!bool {a: 1}"])
def test_a_value_that_is_not_of_its_tags_type_is_a_flaw(written: str) -> None:
    (flaw,) = parse("a.yaml", f"a: {written}\n").flaws
    assert flaw.kind == "unsupported-yaml"
    assert "is not of this type" in flaw.message


def test_tags_of_the_core_schema_are_accepted() -> None:
    document = parse("a.yaml", "a: !!str 1\nb: !!int 2\nc: ! x\nd: !!map {}\ne: !!seq []\n")
    assert plain(document.root) == {"a": "1", "b": "2", "c": "x", "d": {}, "e": []}
    assert document.flaws == ()


@pytest.mark.parametrize(("text", "kind", "underlined"), [
    ("a: 1\na: 2\n", "duplicate-key", "a"),
    ("a: {b: 1, 'b': 2}\n", "duplicate-key", "'b'"),
    ("a: !secret x\n", "unsupported-yaml", "!secret x"),
    ("a: !!binary aGk=\n", "unsupported-yaml", "!!binary aGk="),
    ("[a, b]: 1\n", "unsupported-yaml", "[a, b]"),
    ("? {a: 1}\n: 2\n", "unsupported-yaml", "{a: 1}"),
    ("a: {<<: x}\n", "unsupported-yaml", "x"),
    ("a: 1\n---\nb: 2\n", "several-documents", "---"),
    ("a: x\u2028y\n", "line-separator", "\u2028"),
    ("a: 1\n...\n---\nb: 2\n", "several-documents", "---"),
])  # fmt: skip
def test_a_flaw_says_what_and_where(text: str, kind: str, underlined: str) -> None:
    document = parse("a.yaml", text)
    (flaw,) = document.flaws
    assert flaw.kind == kind
    assert said(document, *flaw.span) == underlined


def test_the_first_of_two_equal_keys_counts_and_both_are_shown() -> None:
    document = parse("a.yaml", "a: 1\nb: 2\na: 3\n")
    (flaw,) = document.flaws
    assert plain(document.root) == {"a": "1", "b": "2"}
    assert flaw.related is not None
    assert document.position(flaw.span.start) == (3, 1)
    assert document.position(flaw.related.start) == (1, 1)


@pytest.mark.parametrize("text", [
    "---\na: 1\n", "%YAML 1.2\n---\na: 1\n", "a: 1\n...\n", "a: 1\n---\n", "a: 1\n--- # end\n...\n",
])  # fmt: skip
def test_one_document_with_marks_is_one_document(text: str) -> None:
    document = parse("a.yaml", text)
    assert plain(document.root) == {"a": "1"}
    assert document.flaws == ()


@pytest.mark.parametrize(("text", "message", "hint"), [
    ("a: [1, 2\nb: 3\n", "a.yaml:2:2: not YAML: did not find expected ',' or ']'", "a bracket before this place"),
    ("a: 'open\n", "a.yaml:2:1: not YAML: found unexpected end of stream", "a quote before this place"),
    ("a: b: c\n", "a.yaml:1:5: not YAML: mapping values are not allowed in this context", "quote a text that contains"),
    ("a:\n\tb: 1\n", "a.yaml:2:1: not YAML: found character that cannot start any token", "replace this tab"),
    ("a: 1\n b: 2\n", "a.yaml:2:3: not YAML: mapping values are not allowed in this context", "check the indentation of this line"),
    ("a: *x\n", "a.yaml:1:4: the alias *x has no anchor before it", "define it with &x"),
    ("a: &x [*x]\n", "a.yaml:1:8: the alias *x is inside its own anchor", "write the value out"),
    ("a: &x {b: {c: *x}}\n", "a.yaml:1:15: the alias *x is inside its own anchor", "write the value out"),
    ("a: @b\n", "a.yaml:1:4: not YAML: found character that cannot start any token", "check the indentation"),
    ("%FOO\n", "a.yaml:1:5: not YAML: found unknown directive name", ""),
    ("한: \x08\n", "a.yaml:1:4: not YAML: control characters are not allowed", "is this a text file?"),
    ("a: \ud800\n", "a.yaml: not YAML", "is this a text file?"),
    ("a: !%ed%a0%80 x\n", "a.yaml: not YAML: a tag is not UTF-8", "remove the tag"),
])  # fmt: skip
def test_a_refusal_says_where_and_what_next(text: str, message: str, hint: str) -> None:
    error = refusal(text)
    assert error.message.startswith(message)
    assert hint in error.hint
    assert "\n" not in error.message


@pytest.mark.parametrize("data", [
    "archlint: 1\nsystem: 한국\n".encode(),
    b"\xef\xbb\xbf" + "archlint: 1\nsystem: 한국\n".encode(),
    "archlint: 1\nsystem: 한국\n".encode("utf-16"),
    b"\xfe\xff" + "archlint: 1\nsystem: 한국\n".encode("utf-16-be"),
    "archlint: 1\r\nsystem: 한국\r\n".encode(),
])  # fmt: skip
def test_the_encodings_of_editors_are_read(data: bytes) -> None:
    assert plain(parse("a.yaml", decode("a.yaml", data)).root) == {"archlint": "1", "system": "한국"}


@pytest.mark.parametrize(("data", "message", "hint"), [
    (b"a: \xff\n", "a.yaml: not text: byte 3 is not UTF-8", "UTF-8"),
    (b"\x89PNG\r\n\x1a\n\0\0\0", "a.yaml: not text: byte 0 is not UTF-8", "UTF-8"),
    (b"PK\x03\x04\0\0", "a.yaml: not text: it contains a NUL character", "binary"),
    ("a: 1\n".encode("utf-16-le"), "a.yaml: not text: it contains a NUL character", "UTF-16 without a byte order mark"),
    ("a: 1\n".encode("utf-16-be"), "a.yaml: not text: it contains a NUL character", "UTF-16 without a byte order mark"),
    (b"\xff\xfe\0\0a\0\0\0", "a.yaml: not text: it contains a NUL character", "UTF-32"),
    (b"\xff\xfea", "a.yaml: not text: byte 2 is not UTF-16", "UTF-16"),
])  # fmt: skip
def test_what_is_no_text_is_refused(data: bytes, message: str, hint: str) -> None:
    with pytest.raises(UnreadableInputError) as caught:
        decode("a.yaml", data)
    assert caught.value.message == message
    assert hint in caught.value.hint
