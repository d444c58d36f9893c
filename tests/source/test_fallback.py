"""Without libyaml, a file gives the same report: the same values, places, errors and limits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.errors import UnreadableInputError
from archlint.source import events
from archlint.source.document import Document
from archlint.source.keys import has_top_key
from archlint.source.nodes import Mapping, Node, Scalar, Sequence
from archlint.source.parser import parse

LIBYAML_READS_OTHERWISE = {"[?]", "[" * 1_001}
"""Texts that libyaml reads as the fallback does only from 0.2.6 on."""
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path for folder in ("examples", "rules") for path in (ROOT / folder).rglob("*.yaml"))


def libyaml_version() -> tuple[int, ...]:
    return tuple(import_module("yaml._yaml").get_version())


@contextmanager
def python_parser() -> Iterator[None]:
    """Parse in Python, as if PyYAML had no C parser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "C_PARSER", None)
        patch.setattr(events, "_reported", [True])
        yield


def shown(node: Node | None) -> object:
    """A node with all of its places."""
    if isinstance(node, Mapping):
        return [*node.span, {key: (*entry.key_span, shown(entry.value)) for key, entry in node.entries.items()}]
    if isinstance(node, Sequence):
        return [*node.span, [shown(item) for item in node.items]]
    return [node.text, node.plain, *node.span] if isinstance(node, Scalar) else None


def outcome(text: str) -> object:
    """The complete result of parsing a text, or the error."""
    try:
        return [_known(document) for document in parse("a.yaml", text).systems], has_top_key(text, "archlint")
    except UnreadableInputError as error:
        return error.message, error.hint, has_top_key(text, "archlint")


def _known(document: Document) -> object:
    flaws = [(flaw.kind, flaw.message, flaw.span, flaw.related, flaw.key, flaw.mapping, shown(flaw.value)) for flaw in document.flaws]
    return shown(document.root), flaws, document.unlisted, document.extent, document.part


def outcomes(text: str) -> tuple[object, object]:
    fast = outcome(text)
    with python_parser():
        return fast, outcome(text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_example_is_read_alike(path: Path) -> None:
    fast, slow = outcomes(path.read_text(encoding="utf-8"))
    assert fast == slow


@pytest.mark.parametrize("text", [
    "a: [1, 2\nb: 3\n", "a: 'open\n", "a: b: c\n", "a:\n\tb: 1\n", "a: 1\n b: 2\n", "a: *x\n", "a: &x [*x]\n", "a: @b\n",
    "%FOO\n", "%YAML 1.1\n%YAML 1.1\n---\n", "%YAML 1.3\n---\n", "%YAML 1\n", "%YAML 1234567890.1\n", "%TAG ! a\n%TAG ! b\n---\n",
    "%TAG !e! tag:e,[]\n--- !e!x {a: 1}\n", "%TAG !e\n", "%TAG !a! b \n--- &x !e!x - i\n", "%TAG ! \n", "%\n", "%A!\n", "a: !e!x y\n", "a: !<x\n", "a: !<> x\n",
    "a: !%zz x\n", "a: !%80 x\n", "a: !%c3%28 x\n", "a: !%c3%a9 x\n", "a: !x,y z\n", "[!a,b]", "[!a[b]", "a: !%ed%a0%80 x\n", "a: ! x\n",
    "a: \ud800\n", "한: \x08\n", "a: [\n" + "#" * 20_000 + "\n\x08", "a: \ufeffb\n", "# c\n\ufeffa: 1\n", "\ufeff\ufeffa: 1\n", "\ufeff\ufeffarchlint: 1\n",
    "a: |0\n", "a: |2x\n", "a: |-1+\n", "a: |\n\tb\n", "a: >\n  b\n\n   c\n d\n", "a: |+\n  b\n\n\n", "a: >-\r\n  b\r  c\r\n",
    "a: \"\\q\"\n", "a: \"\\x4\"\n", "a: \"\\ud800\"\n", "a: \"\\U00110000\"\n", "a: \"b\\\n   c\\\n\n  d\"\n", "a: \"b\n---\nc\"\n",
    "a: 'b''c\n\n\n d'\n", "a: b\n\tc\n", "a: b\n  c\n\n  d # e\n", "[a:b]", "[a:]", "{a:,}", "{a: , b, ? c, : d}", "[a ?b, ?, ? c]",
    "[2: ,]", "[?, a]", "[?]", "[? : b]", "[?: a, ?]", "]", "a: [}", "- a\nb\n", "- a\n - b\n", "[]-", "- - ? a\n", "a:\tb\n", "-\tb\n", "&a b: *a\n", "&\n", "*\n", "&a*", "key: v\n[",
    "a" * 1_100 + ": b\n", "'" + "a" * 1_100 + "': b\n", "a: 1\n...\nb: 2\n", "archlint: 1\n---\n---\narchlint: 1\nsystem: x\n", "a\n%b",
    "a: " + "[" * 65 + "]" * 65, "[" * 1_000, "[" * 1_001, "{a: " * 2_000, "- " * 2_000, "? " * 2_000, "x: x\u2028y\n# c\x85d: 1\n",
])  # fmt: skip
def test_hard_and_malformed_texts_are_read_alike(text: str) -> None:
    if text in LIBYAML_READS_OTHERWISE and libyaml_version() < (0, 2, 6):
        pytest.skip("libyaml before 0.2.6 reads this text otherwise")
    fast, slow = outcomes(text)
    assert fast == slow


def test_a_byte_order_mark_hides_no_key() -> None:
    assert outcome("\ufeff\ufeff# a comment\narchlint: 1\n") == outcome("# a comment\narchlint: 1\n")


PIECES = st.sampled_from([
    "a", "b: ", "- ", "? ", ": ", ":", "\n", "\n  ", " ", "\t", "[", "]", "{", "}", ",", "#", " # c", "'", '"', "|", ">-\n", "|2\n", "&x ",
    "*x", "!t ", "!!str ", "!<u> ", "%YAML 1.2\n", "%TAG !e! tag:e\n", "--- ", "\n---\n", "\n...\n", "<<: ", "\\", "\\u00e9", "\\\n", "~",
    "\u2028", "\ufeff", "\r\n", "\x08", "archlint: 1\n", "x: {a: 1}\n", "a:\n  b: c\n", "한", "😀", "`", "%41", "+", "1",
])  # fmt: skip


@settings(max_examples=400)
@given(st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=40)))
def test_any_text_is_read_alike(text: str) -> None:
    fast, slow = outcomes(text)
    assert fast == slow


CUTS = st.tuples(st.sampled_from(EXAMPLES), st.floats(0, 1), st.integers(20, 400), st.lists(st.tuples(st.floats(0, 1), PIECES), max_size=4))


@settings(max_examples=200)
@given(CUTS)
def test_any_edit_of_an_example_is_read_alike(cut: tuple[Path, float, int, list[tuple[float, str]]]) -> None:
    path, start, length, edits = cut
    text = path.read_text(encoding="utf-8")
    text = text[int(start * len(text)) :][:length]
    for where, piece in edits:
        text = text[: int(where * len(text))] + piece + text[int(where * len(text)) :]
    fast, slow = outcomes(text)
    assert fast == slow


HIDDEN = "import sys; sys.modules['yaml._yaml'] = None; from archlint.cli import start; sys.argv[0] = 'archlint'; start()"


@pytest.mark.parametrize("words", [
    ("check", "examples", "-o", "json"), ("check", "rules", "examples", "-o", "text"), ("render", "examples/passing/bank-fraud.yaml", "-f", "mmd"),
], ids=["json", "text", "render"])  # fmt: skip
def test_reports_are_the_same_byte_for_byte(words: tuple[str, ...]) -> None:
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    fast = subprocess.run([sys.executable, "-m", "archlint", *words], cwd=ROOT, capture_output=True, env=here, check=False)
    slow = subprocess.run([sys.executable, "-c", HIDDEN, *words], cwd=ROOT, capture_output=True, env=here, check=False)
    assert (slow.returncode, slow.stdout) == (fast.returncode, fast.stdout)
    note, _, rest = slow.stderr.decode().partition("\n")
    assert note.startswith("note: PyYAML has no C parser here")
    assert "PyYAML" not in rest
    assert rest == fast.stderr.decode()
