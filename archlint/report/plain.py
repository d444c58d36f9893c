"""Texts that several formats share: certainty, arithmetic, fixes, open questions; and paths, relative and escaped."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import Final

from archlint.inputs import InputError
from archlint.model.quantities import format_quantity
from archlint.report.layout import flat, joined, plural
from archlint.report.undecided import MissingFact
from archlint.verdicts import Certainty, Cure, Finding, Location, OpenQuestion, Report, ShownTerm

_UNREADABLE: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
_ADD: Final = "add these keys (the first one decides the most)"
_CORRECT: Final = "correct the lines below"
_BOTH: Final = "correct the lines and add the keys below (the first key decides the most)"
MOST_PLACES: Final = 8
"""Places of one finding that short reports name; the others are counted."""
NO_KEY: Final = "No key can decide these"
TO_CORRECT: Final = "Correct these lines first"
_MOST_LINES: Final = 5
_SINGULAR: Final = frozenset({"monitoring", "access"})
_PLACE: Final = r":([0-9]+)(?::([0-9]+))?"


def certainty_text(finding: Finding) -> str:
    """Return how certain a finding is; empty if it is proven and has no arithmetic."""
    if finding.certainty == Certainty.PROVEN.value:
        return "proven" if finding.terms else ""
    if finding.certainty == Certainty.HEURISTIC.value:
        return "heuristic: based on a hint"
    if finding.band is None:
        return "estimated"
    units = (
        [term.unit for term in finding.terms if term.limit] or [term.unit for term in finding.terms] or [""]
    )
    low, high = (format_quantity(bound, units[0]) for bound in finding.band)
    return f"estimated: {low} to {high}"


def term_label(term: ShownTerm) -> str:
    """Return the label of a term; the term that the others are compared with is marked as the limit."""
    label = flat(term.label)
    return f"limit: {label}" if term.limit and not label.startswith("limit") else label


def skipped_text(report: Report) -> str:
    """Count the YAML files that were not checked, with the reason."""
    count = plural(report.skipped, "YAML file")
    if any(file.imported for file in report.files):
        return f"{count} skipped: no part of this system."
    return f"{count} skipped: no key `archlint` at the top."


def imported_text(files: Sequence[str], root: str = "", shown: Callable[[str], str] = flat) -> str:
    """Say which deployment files the facts of a system come from; `shown` makes the name of each safe.

    >>> imported_text(["deploy/compose.yaml", "deploy/.env"])
    'Facts imported from 2 deployment files: deploy/compose.yaml, deploy/.env'
    """
    names = [shown(relative_path(name, root)) for name in files]
    more = f" and {len(names) - MOST_PLACES:,} more" if len(names) > MOST_PLACES else ""
    return f"Facts imported from {plural(len(names), 'deployment file')}: {', '.join(names[:MOST_PLACES])}{more}"


def term_source(term: ShownTerm, place: str) -> str:
    """Return where a value comes from: its origin, its place (as given), and its note."""
    return ", ".join(part for part in (flat(term.origin), place, flat(term.note)) if part)


def arithmetic(finding: Finding, root: str) -> Iterator[str]:
    """Yield a line for each term: `label: value (origin, file:line, note)`."""
    for term in finding.terms:
        place = place_text(term.location, root) if term.location else ""
        yield f"{term_label(term)}: {flat(term.text)} ({term_source(term, place)})"


def place_lines(finding: Finding, root: str, most: int = MOST_PLACES) -> Iterator[str]:
    """Yield a line for each further place of a finding, and for many only the number of the others."""
    others = finding.elsewhere
    for other in others[:most]:
        yield f"{place_text(other.location, root)}: {flat(other.message)}"
    if len(others) > most:
        yield f"and {len(others) - most:,} more"


def fix_lines(cures: Sequence[Cure]) -> list[str]:
    """Write the best fix in full, and only the names of the others.

    >>> fix_lines((Cure("batch", "Batch", "A job scores ahead.", "", "batch"), Cure("prep-pred", "Prep-pred", "", "")))
    ['fix: batch: A job scores ahead. Try it: archlint reference batch', 'or: prep-pred']
    """
    if not cures:
        return []
    best, *others = cures
    names = joined((flat(cure.pattern or cure.title) for cure in others), "or")
    return [f"fix: {_fix_text(best)}", *([f"or: {names}"] if others else [])]


def _fix_text(cure: Cure) -> str:
    start = f"{start_after(cure)}{cure.start}" if cure.start else ""
    return f"{flat(cure.pattern or cure.title)}: {flat(cure.text)}{start}"


def start_after(cure: Cure) -> str:
    """Write the words between the text of a fix and the command that starts it: they end the sentence first."""
    return " Try it: " if flat(cure.text).endswith((".", "!", "?")) else ". Try it: "


def question_text(question: OpenQuestion) -> str:
    """Return what decides an open question, and why it is open.

    >>> here = Location("arch.yaml", 9, 5, 9, 12)
    >>> question_text(OpenQuestion("SRV001", "online-bigsize", "components.api", (), here, mistakes=(here,)))
    'undecided: correct line 9 first'
    """
    if question.mistakes:
        return f"undecided: {first_correct((question,), question.location.file)}"
    if question.family:
        facts = "it" if question.family in _SINGULAR else "them"
        return f"undecided: {flat(question.because)}; state {facts}, or `described: [{question.family}]`"
    ways = [joined([*(f"`{flat(need)}`" for need in question.needs), *more_needs(question)])]
    ways += [joined(f"`{flat(need)}`" for need in keys) for keys in question.instead]
    needs = ", or ".join(ways)
    comma = "," if question.instead else ""
    text = f"undecided: add {needs}{comma} to decide it" if needs else "undecided: no key can decide it"
    return f"{text}; unknown: {flat(question.because)}" if question.because else text


def first_correct(questions: Sequence[OpenQuestion], home: str) -> str:
    """Write which lines to correct before questions can be decided; lines of another file than `home` name it."""
    places = sorted({(one.file != home, one.file, one.line) for each in questions for one in each.mistakes})
    shown = [f"{flat(file)}:{line}" if far else str(line) for far, file, line in places[:_MOST_LINES]]
    shown += [f"{len(places) - _MOST_LINES:,} more"] if len(places) > _MOST_LINES else []
    return f"correct {'line' if len(places) == 1 else 'lines'} {joined(shown)} first"


def remarks(question: OpenQuestion, key: str, mark: str = "") -> str:
    """Return what else a question needs beside a key, and why it is open; `mark` goes around each key."""
    if question.mistakes:
        return first_correct((question,), question.location.file)
    others = [*(f"{mark}{flat(need)}{mark}" for need in question.needs if need != key), *more_needs(question)]
    told = [f"also needs {joined(others)}"] if others else []
    told += [f"or add {joined(f'{mark}{flat(need)}{mark}' for need in keys)} instead" for keys in question.instead]
    told += [why_open(question)] if question.because else []
    return "; ".join(told)


def why_open(question: OpenQuestion) -> str:
    """Return why a question is open: what is unknown, or what the file does not mention."""
    return flat(question.because) if question.family else f"unknown: {flat(question.because)}"


def more_needs(question: OpenQuestion) -> list[str]:
    """Return how many more keys a question needs than it names; nothing if it names all."""
    return [f"{question.more:,} more"] if question.more else []


def to_do(facts: Iterable[MissingFact]) -> str:
    """Return what decides open questions, as the heading of a list of them.

    >>> to_do([MissingFact("a.yaml", "replicas", (), ())])
    'add these keys (the first one decides the most)'
    >>> to_do([MissingFact("a.yaml", "", (), (), to_correct=True)])
    'correct the lines below'
    """
    listed = list(facts)
    wrong, keys = any(fact.to_correct for fact in listed), any(fact.key for fact in listed)
    if not keys:
        return _CORRECT if wrong else "why each is open"
    return _BOTH if wrong else _ADD


def keyless(fact: MissingFact) -> str:
    """Return the heading of questions that no key to add decides."""
    return TO_CORRECT if fact.to_correct else NO_KEY


def fact_text(fact: MissingFact, count: int) -> str:
    """Return how many of `count` open questions a key decides, and how many of them only with other keys.

    >>> here = Location("arch.yaml", 9, 5, 9, 12)
    >>> one, two = (OpenQuestion("SRV001", "a", "b", needs, here) for needs in (("c",), ("c", "d")))
    >>> [fact_text(MissingFact("", "c", some, ()), 9) for some in ((one,), (two, two), (one, two))]
    ['decides 1 of 9', 'decides 2 of 9, with other keys', 'decides 2 of 9, 1 of them with other keys']
    """
    waiting = len(fact.questions)
    together = waiting - fact.alone
    some = f"{together:,} of them " if fact.alone else ""
    return f"decides {waiting:,} of {count:,}{f', {some}with other keys' if together else ''}"


def readable(text: str) -> str:
    r"""Escape the characters that XML 1.0 or UTF-8 cannot hold; line breaks and tabs stay.

    >>> print(readable("red \x1b[31m"))
    red \x1b[31m
    """
    if text.isprintable():
        return text
    return re.sub(_UNREADABLE, lambda match: match[0].encode("unicode_escape").decode(), text)


@lru_cache(maxsize=4096)
def relative_path(file: str, root: str) -> str:
    """Return a path with forward slashes: relative to the root if it is below the root, otherwise unchanged.

    >>> relative_path("/repo/a/../b.yaml", "/repo"), relative_path("./x.yaml", "/repo")
    ('b.yaml', 'x.yaml')
    >>> relative_path("../y.yaml", "/repo/sub"), relative_path("../y.yaml", "")
    ('/repo/y.yaml', '../y.yaml')
    """
    path = posixpath.normpath(PurePath(file).as_posix()) if file else file
    whole = path if _is_absolute(path) or not root else posixpath.normpath(f"{root}/{path}")
    if root and whole.startswith(f"{root.rstrip('/')}/"):
        return whole[len(root.rstrip("/")) + 1 :]
    return whole


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or path[1:3] == ":/"


def path_uri(file: str, root: str) -> str:
    """Return a path as a URI: a relative reference below the root, else a `file:` URI; percent-encoded.

    >>> path_uri("mein modell/ä:#.yaml", "/repo"), path_uri("/etc/a.yaml", "/repo")
    ('mein%20modell/%C3%A4%3A%23.yaml', 'file:///etc/a.yaml')
    """
    from urllib.parse import quote

    path = relative_path(file, root)
    # Python reads bytes of a file name that are not Unicode as surrogates: write these bytes again.
    data = path.encode("utf-8", "surrogateescape") if _has_real_bytes(path) else path.encode("utf-8", "replace")
    if not _is_absolute(path):
        return quote(data, safe="/")
    return f"file://{quote(data, safe='/')}" if path.startswith("/") else f"file:///{quote(data, safe='/:')}"


def _has_real_bytes(path: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in path)


def place_text(location: Location, root: str) -> str:
    """Return `file:line` on one line."""
    return f"{flat(relative_path(location.file, root))}:{location.line}"


def without_place(error: InputError) -> str:
    """Return the message of an error without the place at its start, for formats that have fields for the place.

    >>> without_place(InputError("a.yaml:2:1: a tab is no indent", "", "a.yaml"))
    'a tab is no indent'
    """
    if not error.file or not error.message.startswith(error.file):
        return error.message
    rest = error.message[len(error.file) :]
    match = re.match(f"(?:{_PLACE})?: ", rest)
    return rest[match.end() :] if match else error.message


def error_place(error: InputError) -> tuple[int, int] | None:
    """Return the line and column of an error about an input, if it has a line.

    >>> error_place(InputError("archlint.toml:3:7: no key `selct`", "", "archlint.toml", 3, 7))
    (3, 7)
    """
    if error.line:
        return error.line, error.column or 1
    if not error.file or not error.message.startswith(error.file):
        return None
    match = re.match(_PLACE, error.message[len(error.file) :])
    return (int(match[1]), int(match[2] or 1)) if match else None
