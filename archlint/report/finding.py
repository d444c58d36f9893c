"""One finding in the terminal: what is wrong, where, the arithmetic, and the fix, on one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from archlint.report.frame import DOTS, Frame, Mark, place_rows
from archlint.report.layout import Ink, columns_of, flat, hanging, joined, plural
from archlint.report.outline import Outline
from archlint.report.plain import certainty_text
from archlint.report.terms import most_telling, term_lines
from archlint.source.document import Document
from archlint.verdicts import Cure, Finding, Location, ShownRelated

NEAR_LINES = 6
"""Related places at most this many lines away are shown in the finding's own frame."""
SCREEN = 22
"""Most lines of a finding without `--verbose`: with the summary below, it fits a terminal of 24 lines."""
MOST_INLINE = 40

Sources = Mapping[str, Document]


class _Detail(msgspec.Struct, frozen=True):
    """How much of a finding is shown: source lines of far places or not, how many places and terms."""

    far_source: bool
    places: int
    terms: int


_ALL = _Detail(True, 1_000_000, 1_000_000)
_DETAILS = (
    *(_Detail(far, places, 1_000_000) for far, places in ((True, 7), (False, 7), (False, 4))),
    *(_Detail(False, 4, terms) for terms in range(10, 4, -1)),
    *(_Detail(False, places, 4) for places in range(3, -1, -1)),
    *(_Detail(False, 0, terms) for terms in range(3, 0, -1)),
)
"""From the most to the least detail; the first that fits the screen is used."""


class FindingWriter:
    """Writes the findings of one report. A fix or rule is explained once; later findings only name it."""

    __slots__ = ("_explained", "_fixes", "_ink", "_outlines", "_verbose", "_width")

    def __init__(self, width: int, ink: Ink, verbose: bool = False) -> None:
        self._width = width
        self._ink = ink
        self._verbose = verbose
        self._explained: set[str] = set()
        self._fixes: set[Cure] = set()
        self._outlines: dict[Document, Outline] = {}

    def full(self, finding: Finding, sources: Sources) -> list[str]:
        """Write a finding so that it fits one screen; with `verbose`, write all of it."""
        shown = [finding.location, *(other.location for other in finding.all_related)]
        gutter = max(2, *(len(str(location.line)) for location in shown))
        head = self._head(finding)
        fixes = self._fix_lines(finding, sources.get(finding.location.file), gutter + 1)
        explain = self._explain(finding)
        lines: list[str] = []
        for detail in (_ALL,) if self._verbose else _DETAILS:
            frames, seen = self._places(finding, sources, detail, gutter)
            notes = self._notes(finding, detail, explain, gutter + 1) + fixes
            bar = [self._ink(f"{' ' * gutter} |", "frame")] if notes and seen else []
            lines = [*head, *frames, *bar, *notes]
            if len(lines) <= SCREEN:
                break
        return lines

    def short(self, finding: Finding, first: Finding) -> list[str]:
        """Write a finding in short form, because one with the same cause was written before."""
        place = f"{flat(first.location.file)}:{first.location.line}"
        return [
            *self._head(finding),
            *place_rows("  -->", finding.location, _path(finding), self._width, self._ink),
            *self._note(f"same cause as {flat(first.rule)} at {place}", 3),
        ]

    def _head(self, finding: Finding) -> list[str]:
        tag = f"{finding.severity}[{flat(finding.rule)}]"
        lines = hanging(f"{tag}: ", f"{flat(finding.name)}: {flat(finding.message)}", self._width, indent=4)
        ink = self._ink
        linked = ink.link(ink(tag, finding.severity), finding.docs)
        lines[0] = linked + ink(lines[0][len(tag) :], "strong")
        lines[1:] = [ink(line, "strong") for line in lines[1:]]
        return lines

    def _places(
        self, finding: Finding, sources: Sources, detail: _Detail, gutter: int
    ) -> tuple[list[str], bool]:
        """Draw the places; also return whether they end with source lines, which need a closing bar."""
        frames, far = self._frames(finding, finding.all_related[: detail.places], sources, detail.far_source)
        bar = self._ink(f"{' ' * gutter} |", "frame")
        lines: list[str] = []
        for index, frame in enumerate(frames):
            lines += [bar] if index else []
            lines += frame.rows(":::" if index else "-->", gutter, self._width, finding.severity, self._ink)
        lines += [bar] if far and frames[-1].document is not None else []
        for other in far:
            there = other.location
            here = f"line {there.line}" if there.file == finding.location.file else f"{flat(there.file)}:{there.line}"
            rows = hanging(f"{' ' * gutter}::: {here}: ", flat(other.message), self._width)
            lines += [rows[0].replace(":::", self._ink(":::", "frame"), 1), *rows[1:]]
        return lines, bool(far) or frames[-1].document is not None

    def _frames(
        self, finding: Finding, related: Sequence[ShownRelated], sources: Sources, far_source: bool
    ) -> tuple[list[Frame], list[ShownRelated]]:
        """Make the frames; without `far_source`, return the places outside of the first frame as a list instead."""
        here = finding.location
        main = Frame(here, sources.get(here.file), _path(finding))
        main.add(here.line, _mark_of(here, main.document, self._inline(finding, main.document), chief=True))
        entity = self._entity_line(finding.at, here.line, main.document)
        if entity is not None:
            main.lines.setdefault(entity, [])
        frames, far = [main], []
        room = self._width - 12
        for other in related:
            there = other.location
            mark = _mark_of(there, sources.get(there.file), flat(other.message), chief=False)
            for frame in frames:
                near = frame is not main or abs(there.line - here.line) <= NEAR_LINES
                if frame.file == there.file and near and frame.accepts(there.line, mark, room):
                    frame.add(there.line, mark)
                    break
            else:
                if not far_source:
                    far.append(other)
                    continue
                frames.append(Frame(there, sources.get(there.file)))
                frames[-1].add(there.line, mark)
        return frames, far

    def _entity_line(self, at: str, line: int, document: Document | None) -> int | None:
        if document is None:
            return None
        outline = self._outlines.get(document)
        if outline is None:
            outline = self._outlines[document] = Outline(document)
        return outline.entity_line(at, line)

    def _inline(self, finding: Finding, document: Document | None) -> str:
        """Return a suggestion that is short enough to be written beside the underlined text."""
        text = flat(finding.suggestion)
        return text if document is not None and columns_of(text) <= MOST_INLINE else ""

    def _explain(self, finding: Finding) -> str:
        """Return the command that explains the rule, once per rule; a finding with only a suggestion needs none."""
        plain = finding.suggestion and not finding.terms and not finding.cures
        if finding.rule in self._explained or plain:
            return ""
        self._explained.add(finding.rule)
        return f"archlint explain {flat(finding.rule)}"

    def _notes(self, finding: Finding, detail: _Detail, explain: str, indent: int) -> list[str]:
        """Write the terms, how certain the finding is, and what is hidden."""
        shown = (other.location for other in finding.all_related[: detail.places])
        terms = most_telling(finding.terms, detail.terms, shown)
        lines = term_lines(terms, indent, self._width, finding.location, self._ink, self._verbose)
        places = max(0, len(finding.all_related) - detail.places)
        hidden = [plural(count, f"more {what}") for count, what in
                  ((len(finding.terms) - len(terms), "term"), (places, "place")) if count]  # fmt: skip
        remarks = [certainty_text(finding), f"--verbose shows {joined(hidden)}" if hidden else "", explain]
        remarks = [remark for remark in remarks if remark]
        if remarks and indent + 2 + columns_of("; ".join(remarks)) <= self._width:
            remarks = ["; ".join(remarks)]
        for remark in remarks:
            lines += self._note(remark, indent)
        return lines

    def _note(self, text: str, indent: int) -> list[str]:
        return _marked(hanging(f"{' ' * indent}= ", text, self._width), self._ink("=", "frame"))

    def _fix_lines(self, finding: Finding, document: Document | None, indent: int) -> list[str]:
        """Write the suggestion, the best fix (in full once per report), and the names of the other fixes."""
        lines: list[str] = []
        if finding.suggestion and not self._inline(finding, document):
            lines += self._helping("help:", flat(finding.suggestion), indent)
        if not finding.cures:
            return lines
        best, *others = finding.cures
        name = flat(best.pattern or best.title)
        if best in self._fixes:
            lines += self._linked(self._helping("fix:", f"{name} (see above)", indent), best)
        else:
            self._fixes.add(best)
            lines += self._linked(self._helping("fix:", f"{name}: {flat(best.text)}", indent), best)
            commands = fix_commands(best)
            together = ", ".join(commands)
            if indent + 5 + columns_of(together) <= self._width:
                commands = [together] if commands else []
            rows = [row for text in commands for row in hanging(" " * (indent + 5), text, self._width)]
            lines += [self._ink(row, "faint") for row in rows]
        if others:
            names = joined((flat(cure.pattern or cure.title) for cure in others), "or")
            lines += self._helping(" or:", names, indent)
        return lines

    def _linked(self, lines: list[str], cure: Cure) -> list[str]:
        name = flat(cure.pattern or cure.title)
        return [lines[0].replace(name, self._ink.link(name, cure.docs), 1), *lines[1:]]

    def _helping(self, word: str, text: str, indent: int) -> list[str]:
        lines = hanging(f"{' ' * indent}{word} ", text, self._width)
        return _marked(lines, self._ink(word.strip(), "help"), word.strip())


def fix_commands(cure: Cure) -> list[str]:
    """Return the commands that describe a fix and start an implementation of it, if there are any.

    >>> fix_commands(Cure("batch", "Batch", "A job scores ahead.", "https://example.com/batch", "batch"))
    ['archlint patterns batch', 'archlint reference batch']
    """
    described = [f"archlint patterns {flat(cure.pattern)}"] if cure.pattern and cure.docs else []
    return [*described, *([flat(cure.start)] if cure.start else [])]


def _marked(lines: list[str], painted: str, mark: str = "=") -> list[str]:
    """Paint the mark that a note begins with."""
    return [lines[0].replace(mark, painted, 1), *lines[1:]]


def _path(finding: Finding) -> str:
    """Return the structural path, as acceptances name it; empty for the file as a whole."""
    return "" if finding.at == "system" else finding.at


def _mark_of(location: Location, document: Document | None, message: str, chief: bool) -> Mark:
    """Mark the part of a place to underline; if it spans several lines, only the first."""
    start = location.column - 1
    if location.end_line <= location.line:
        return Mark(start, location.end_column - 1, message, chief)
    if document is None:
        return Mark(start, start + 1, message, chief)
    text = document.line(location.line).rstrip()
    until = f"{DOTS} to line {location.end_line}"
    return Mark(start, max(start + 1, len(text)), f"{until}: {message}" if message else until, chief)
