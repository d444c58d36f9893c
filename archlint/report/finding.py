"""One finding as the best compilers print it: what, where, the arithmetic, and what helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archlint.report.frame import DOTS, Frame, Mark, place_rows
from archlint.report.layout import Ink, columns_of, flat, hanging, joined, plural
from archlint.report.outline import Outline
from archlint.report.plain import certainty_text
from archlint.report.terms import term_lines
from archlint.source.document import Document
from archlint.verdicts import Cure, Finding, Location, ShownRelated

NEAR_LINES = 6
"""Related places at most so many lines away stand in the finding's own frame."""
MOST_RELATED = 6
MOST_CURES = 3
MOST_INLINE = 40

Sources = Mapping[str, Document]


class FindingWriter:
    """Writes the findings of one report; what was said in full once is only named again."""

    __slots__ = ("_cured", "_explained", "_ink", "_outlines", "_width")

    def __init__(self, width: int, ink: Ink) -> None:
        self._width = width
        self._ink = ink
        self._explained: set[str] = set()
        self._cured: set[Cure] = set()
        self._outlines: dict[Document, Outline] = {}

    def full(self, finding: Finding, sources: Sources) -> list[str]:
        """Write all that is known of a finding."""
        shown, hidden = finding.related, 0
        if len(shown) > MOST_RELATED + 1:
            shown, hidden = shown[:MOST_RELATED], len(shown) - MOST_RELATED
        frames = self._frames(finding, shown, sources)
        gutter = max(2, *(len(str(number)) for frame in frames for number in frame.lines))
        lines = [*self._head(finding)]
        for index, frame in enumerate(frames):
            if index:
                lines.append(self._ink(f"{' ' * gutter} |", "frame"))
            lines += frame.rows(":::" if index else "-->", gutter, self._width, finding.severity, self._ink)
        notes = self._notes(finding, frames[0].document, hidden, gutter + 1)
        if notes and frames[-1].document is not None:
            lines.append(self._ink(f"{' ' * gutter} |", "frame"))
        return lines + notes

    def short(self, finding: Finding, first: Finding) -> list[str]:
        """Write a finding that shares its cause with one that stands above."""
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
        if ink.on:
            lines[0] = ink(tag, finding.severity) + ink(lines[0][len(tag) :], "strong")
            lines[1:] = [ink(line, "strong") for line in lines[1:]]
        return lines

    def _frames(self, finding: Finding, related: Sequence[ShownRelated], sources: Sources) -> list[Frame]:
        here = finding.location
        main = Frame(here, sources.get(here.file), _path(finding))
        main.add(here.line, _mark_of(here, main.document, self._inline(finding, main.document), chief=True))
        entity = self._entity_line(finding.at, here.line, main.document)
        if entity is not None:
            main.lines.setdefault(entity, [])
        frames = [main]
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
                frames.append(Frame(there, sources.get(there.file)))
                frames[-1].add(there.line, mark)
        return frames

    def _entity_line(self, at: str, line: int, document: Document | None) -> int | None:
        if document is None:
            return None
        outline = self._outlines.get(document)
        if outline is None:
            outline = self._outlines[document] = Outline(document)
        return outline.entity_line(at, line)

    def _inline(self, finding: Finding, document: Document | None) -> str:
        """Return a suggestion that is short enough to stand beside the underlined text."""
        text = flat(finding.suggestion)
        return text if document is not None and columns_of(text) <= MOST_INLINE else ""

    def _notes(self, finding: Finding, document: Document | None, hidden: int, indent: int) -> list[str]:
        lines = self._note(f"and {plural(hidden, 'more place')}", indent) if hidden else []
        lines += term_lines(finding.terms, indent, self._width, finding.location, self._ink)
        remarks = [certainty_text(finding)]
        plain = finding.suggestion and not finding.terms and not finding.cures
        if finding.rule not in self._explained and not plain:
            self._explained.add(finding.rule)
            remarks.append(f"more: archlint explain {flat(finding.rule)}")
        remarks = [remark for remark in remarks if remark]
        if remarks and indent + 2 + columns_of("; ".join(remarks)) <= self._width:
            remarks = ["; ".join(remarks)]
        for remark in remarks:
            lines += self._note(remark, indent)
        suggestion = "" if self._inline(finding, document) else flat(finding.suggestion)
        return lines + self._help(suggestion, finding.cures, indent)

    def _note(self, text: str, indent: int) -> list[str]:
        return _marked(hanging(f"{' ' * indent}= ", text, self._width), self._ink("=", "frame"))

    def _help(self, suggestion: str, cures: Sequence[Cure], indent: int) -> list[str]:
        """Write the suggestion and the first cures, each in full once a report; of the others the names."""
        said: list[tuple[str, str]] = [(suggestion, "")] if suggestion else []
        for cure in cures[:MOST_CURES]:
            name = flat(cure.pattern or cure.title)
            if cure in self._cured:
                said.append((f"{name} (see above)", ""))
                continue
            self._cured.add(cure)
            links = ", ".join(flat(link) for link in (cure.docs, cure.start) if link)
            said.append((f"{name}: {flat(cure.text)}", links))
        others = [flat(cure.pattern or cure.title) for cure in cures[MOST_CURES:]]
        if others:
            said.append((joined(others, "or"), ""))
        lines = []
        for index, (text, links) in enumerate(said):
            lines += self._helping("  or: " if index else "help: ", text, indent)
            if links:
                linked = hanging(" " * (indent + 6), links, self._width)
                lines += [self._ink(line, "faint") for line in linked]
        return lines

    def _helping(self, word: str, text: str, indent: int) -> list[str]:
        lines = hanging(f"{' ' * indent}{word}", text, self._width)
        return _marked(lines, self._ink(word.strip(), "help"), word.strip())


def _marked(lines: list[str], painted: str, mark: str = "=") -> list[str]:
    """Paint the mark that a note begins with."""
    return [lines[0].replace(mark, painted, 1), *lines[1:]]


def _path(finding: Finding) -> str:
    """Return the structural path, which acceptances name; the file as a whole needs none."""
    return "" if finding.at == "system" else finding.at


def _mark_of(location: Location, document: Document | None, message: str, chief: bool) -> Mark:
    """Mark the part of a place that is underlined: of a stretch of several lines, its first."""
    start = location.column - 1
    if location.end_line <= location.line:
        return Mark(start, location.end_column - 1, message, chief)
    if document is None:
        return Mark(start, start + 1, message, chief)
    text = document.line(location.line).rstrip()
    until = f"{DOTS} to line {location.end_line}"
    return Mark(start, max(start + 1, len(text)), f"{until}: {message}" if message else until, chief)
