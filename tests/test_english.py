"""Words that archlint does not use in messages, rules, documents, docstrings, comments and names of tests.

Each has a plain word instead. Names that users may have written down stay: the key `cures` of a rule and of a report, and
names in code.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

BANNED = {
    r"cures?\b|cured\b|curing\b": "fix, or mitigation",
    r"heal(s|ed|ing)?\b": "resolved, or fixed",
    r"healthy\b|unhealthy\b|sick\b": "passing or failing",
    r"told\b": "reported, shown",
    r"what of (that|it|them)\b": "which of them",
    r"at the very (line|place)\b": "to the line",
    r"stands? on\b": "appears on, or depends on",
    r"(closer|closest) word\b": "the more specific selector",
    r"(its|his|their|whose|the) word counts\b": "takes precedence",
    r"no place to get\b": "cannot be restored",
    r"nothing ties\b|tied to\b|\bties\b": "is connected to",
    r"for ever\b": "forever, or without a limit",
    r"no quantity of\b": "invalid value, or wrong unit",
    r"nobody says which\b": "not stated",
    r"all at once\b": "together, or in parallel",
    r"in silence\b": "silently",
    r"only poorer\b": "degraded",
    r"more replicas cannot\b": "more replicas won't help",
    r"nothing is assumed\b": "no defaults apply",
    r"(?:first|last|one) in line\b": "first in the queue",
    r"looked at by\b": "seen by",
    r"go(es)? on without\b": "continue without",
    r"put the one before back\b|the one before back\b": "roll back",
    r"whichever of the two\b": "either",
    r"whence\b|whither\b|wherein\b|thereof\b|therein\b|hereof\b|anew\b": "a plain word",
}
"""A pattern, and what to write instead."""

_FIRST = "".join(sorted(set(re.findall(r"(?:^|[(|:])([a-z])", "\n".join(BANNED), re.MULTILINE))))
_WORDS = "|".join(f"(?P<w{number}>{words})" for number, words in enumerate(BANNED))
_PATTERN = re.compile(rf"\b(?=[{_FIRST}])(?:{_WORDS})")
"""Matches lower-case text. Both that and the set of first letters make it ten times as fast."""
_PLAIN = list(BANNED.values())
_CODE = re.compile(
    r"```.*?```|`[^`\n]*`|<!--.*?-->|\]\([^)]*\)|https?://\S+|(?m:^ *(?:>>>|\.\.\.) [^\n]*)"
    r"|(?m:^#+ [A-Z][A-Za-z]+$)",                 # a heading that is the name of a class
    re.DOTALL,
)
_KEY = re.compile(r"^(\s*(?:- )?\{?)cures:", re.MULTILINE)


def mistakes(text: str) -> list[str]:
    """Return the banned words of a text, each with its line and the plain word.

    >>> mistakes("The cures\\nare told.")
    ['1: `cures`: write fix, or mitigation', '2: `told`: write reported, shown']
    """
    found = []
    for match in _PATTERN.finditer(text.lower()):
        line = text.count("\n", 0, match.start()) + 1
        found.append(f"{line}: `{match[0]}`: write {_PLAIN[int(str(match.lastgroup)[1:])]}")
    return found


def _blank(match: re.Match[str]) -> str:
    """Remove code from a text, and keep its lines."""
    return "\n" * match[0].count("\n")


def _prose(text: str) -> str:
    """Return the prose of a document, without code, addresses, and the public key `cures`."""
    return _CODE.sub(_blank, _KEY.sub(r"\1", text))


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module with their lines; single words are names, and code is not prose."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, node.value


def _in_module(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        f"{path.relative_to(ROOT)}:{line}: {mistake.partition(': ')[2]}"
        for line, text in _strings(tree)
        for mistake in mistakes(_prose(text))
    ]


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of a module, and of everything in it, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments of a Python text with their lines; none if no line has a banned word after a `#`."""
    if not any(_PATTERN.search(line.lower()) for line in re.findall("#.*", text)):
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _test_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the names of tests, in words, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name.lower().startswith("test"):
            yield node.lineno, node.name.replace("_", " ")


def _in_notes(text: str) -> list[str]:
    """Return the banned words in docstrings, comments and names of tests of a Python text, each with its line.

    >>> _in_notes("def test_it_is_told():  # at once\\n    pass  # no cure here\\n    told = 'told'")
    ['1: `told`: write reported, shown', '2: `cure`: write fix, or mitigation']
    """
    if not _PATTERN.search(text.replace("_", " ").lower()):         # most files have none of the words, also not in code
        return []
    tree = ast.parse(text)
    notes = sorted([*_docstrings(tree), *_comments(text), *_test_names(tree)])
    return [f"{line}: {mistake.partition(': ')[2]}" for line, note in notes for mistake in mistakes(_prose(note))]


def _in_document(path: Path) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{mistake}" for mistake in mistakes(_prose(path.read_text(encoding="utf-8")))]


RULES = sorted(path for path in (ROOT / "rules").rglob("*") if path.suffix in {".yaml", ".md"})
MODULES = sorted((ROOT / "archlint").rglob("*.py"))
REFERENCES = ROOT / "reference_impls"
SERVICES = sorted(path for path in REFERENCES.rglob("*.py") if not path.name.startswith("test_"))
SETTINGS = sorted(path for path in REFERENCES.rglob("*") if path.suffix in {".yaml", ".template", ".txt"})
CODE = sorted(
    path for folder in ("archlint", "benchmarks", "docs", "gate", "reference_impls", "tests")
    for path in (ROOT / folder).rglob("*.py") if path != Path(__file__)
)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(REFERENCES.rglob("*.md"))]
@pytest.mark.parametrize(("text", "found"), [
    ("Its cure is told at the very line.", 3),
    ("A health check told nothing.", 1),
    ("`cures` of a rule; the key is `told`", 0),
    ("- {pattern: batch}\ncures:\n", 0),
    (">>> Cure(1)\nThe fix.", 0),
    ("### Cure\n", 0),
    ("### Cure of it\n", 1),
    ("secure, obscure, bold, healthcare and tiesto", 0),
])  # fmt: skip
def test_the_words_are_found_in_prose_and_not_in_code(text: str, found: int) -> None:
    assert len(mistakes(_prose(text))) == found


def test_rules_and_patterns_use_plain_words() -> None:
    assert [mistake for path in RULES for mistake in _in_document(path)] == []


def test_messages_use_plain_words() -> None:
    assert [mistake for path in MODULES for mistake in _in_module(path)] == []


def test_reference_implementations_use_plain_words() -> None:
    assert [mistake for path in SERVICES for mistake in _in_module(path)] == []
    assert [mistake for path in SETTINGS for mistake in _in_document(path)] == []


def test_documents_use_plain_words() -> None:
    assert [mistake for path in DOCUMENTS for mistake in _in_document(path)] == []


@pytest.mark.parametrize("planted", [
    '"""The module is told."""',
    'class C:\n    """Nothing is told."""',
    'x = 1\n"""It is told."""',
    "x = 1  # told",
    "def test_a_mistake_is_told(): ...",
    "class TestToldMistakes: ...\n# told",
])  # fmt: skip
def test_a_word_is_found_wherever_it_is_planted(planted: str) -> None:
    text = MODULES[0].read_text(encoding="utf-8")
    assert _in_notes(text) == []
    assert len(_in_notes(f"{text}\n\n{planted}\n")) == 1


def test_docstrings_comments_and_names_of_tests_use_plain_words() -> None:
    found = [f"{path.relative_to(ROOT)}:{one}" for path in CODE for one in _in_notes(path.read_text(encoding="utf-8"))]
    assert found == []
