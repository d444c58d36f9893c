"""Findings, accepted findings and open questions as SARIF results."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from archlint.findings import fingerprint
from archlint.report.layout import flat
from archlint.report.plain import (
    certainty_text,
    fix_lines,
    path_uri,
    place_text,
    question_text,
    readable,
    term_label,
    term_source,
)
from archlint.report.sarif import records as sarif
from archlint.report.sarif.fingerprints import LineHashes
from archlint.report.sarif.rules import LEVELS
from archlint.source.document import Document
from archlint.verdicts import Accepted, Baselined, Finding, Location, OpenQuestion, ShownRelated, ShownTerm

BASE: Final = "%SRCROOT%"
NEW: Final = "new"
UNCHANGED: Final = "unchanged"
"""The state of a result compared with the baseline (section 3.27.24 of the standard)."""
_MOST_LINES = 20
_MOST_SNIPPET = 1_000


class Files:
    """The files of a report, by their numbers in the list of artifacts."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._locations: dict[str, sarif.ArtifactLocation] = {}

    def location(self, file: str) -> sarif.ArtifactLocation:
        """Return a reference to a file, and add the file to the list if it is new."""
        known = self._locations.get(file)
        if known is None:
            uri = path_uri(file, self.root)
            base = "" if uri.startswith("file:") else BASE
            known = self._locations[file] = sarif.ArtifactLocation(uri, base, len(self._locations))
        return known

    def listed(self) -> list[sarif.ArtifactLocation]:
        """Return every file that was referred to."""
        return list(self._locations.values())

    def place(
        self, location: Location, at: str = "", message: str = "", number: int = -1, snippet: str = ""
    ) -> sarif.Location:
        """Return a place, with its structural path, its relation to the result, and its text."""
        content = sarif.Content(readable(snippet)) if snippet else None
        region = sarif.Region(
            location.line, location.column, location.end_line, location.end_column, content
        )
        return sarif.Location(
            number,
            sarif.PhysicalLocation(self.location(location.file), region),
            [sarif.LogicalLocation(readable(at))] if at else [],
            sarif.Message(literal(message)) if message else None,
        )


def literal(text: str) -> str:
    """Escape a text so that SARIF reads no placeholder and no link in it.

    Sources: sections 3.11.5 (`{0}` is a placeholder, doubled braces are braces) and 3.11.6 (links) of the standard.

    >>> literal("{0} [a](1)")
    '{{0}} [a\\\\](1)'
    """
    return readable(text).replace("{", "{{").replace("}", "}}").replace("](", "\\](")


class _Links:
    """The related places of one result: each once, with the number that the message uses as a link."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.places: list[sarif.Location] = []
        self._numbers: dict[Location, int] = {}

    def add(self, location: Location, at: str, message: str) -> int:
        """Add a place, and return its number."""
        number = self._numbers.get(location)
        if number is None:
            number = self._numbers[location] = len(self.places) + 1
            self.places.append(self.files.place(location, at, message, number))
        return number

    def link(self, location: Location) -> str:
        """Return a link to a place that was added."""
        shown = literal(place_text(location, self.files.root)).replace("[", "\\[").replace("]", "\\]")
        return f"[{shown}]({self._numbers[location]})"


class ResultWriter:
    """Writes the results of one system; if it has a baseline, findings outside of it are marked as new."""

    def __init__(
        self, files: Files, rules: Mapping[str, int], sources: Mapping[str, Document], baseline: bool = False
    ) -> None:
        self.state = NEW if baseline else ""
        self.files = files
        self.rules = rules
        self.sources = sources
        self._hashes: dict[str, LineHashes] = {}

    def finding(self, finding: Finding) -> sarif.Result:
        """Write a finding; its message has the arithmetic, with a link to the place of each fact."""
        links = _Links(self.files)
        for other in finding.all_related:
            links.add(other.location, other.at, flat(other.message))
        for term in finding.terms:
            if term.location is not None:
                links.add(term.location, "", f"{term_label(term)}: {flat(term.text)}")
        return sarif.Result(
            readable(finding.rule),
            self.rules[finding.rule],
            LEVELS.get(finding.severity, "warning"),
            sarif.Message(_message(finding, links)),
            [self._here(finding.location, finding.at)],
            related_locations=links.places,
            code_flows=self._flows(finding.path),
            partial_fingerprints=self._fingerprints(finding.fingerprint, finding.location, bool(finding.places)),
            baseline_state=self.state,
            properties=_properties(finding),
        )

    def baselined(self, known: Baselined) -> sarif.Result:
        """Write a finding in the baseline, with the fingerprint that it has there."""
        return msgspec.structs.replace(
            self.finding(msgspec.structs.replace(known.finding, fingerprint=known.fingerprint)),
            baseline_state=UNCHANGED,
        )

    def accepted(self, entry: Accepted) -> sarif.Result:
        """Write an accepted finding: marked as suppressed, never dropped."""
        until: dict[str, sarif.Value] = {"until": readable(entry.until)} if entry.until else {}
        suppression = sarif.Suppression(
            "inSource", readable(entry.reason), self.files.place(entry.location), until
        )
        return msgspec.structs.replace(self.finding(entry.finding), baseline_state="", suppressions=[suppression])

    def question(self, question: OpenQuestion) -> sarif.Result:
        """Write an open question, which is neither a pass nor a failure."""
        identity = "\n".join(("undecided", question.at, *question.needs, *question.unread))
        return sarif.Result(
            readable(question.rule),
            self.rules[question.rule],
            "none",
            sarif.Message(literal(f"`{flat(question.name)}` is {question_text(question)}.")),
            [self._here(question.location, question.at)],
            kind="open",
            partial_fingerprints=self._fingerprints(fingerprint(question.rule, identity), question.location),
            properties={
                "at": readable(question.at), "needs": [readable(need) for need in question.needs],
                **({"unread": [readable(key) for key in question.unread]} if question.unread else {}),
                **({"instead": [list(map(readable, keys)) for keys in question.instead]} if question.instead else {}),
                **({"needsTotal": question.needs_total} if question.more else {}),
            },
        )

    def _here(self, location: Location, at: str) -> sarif.Location:
        document = self.sources.get(location.file)
        return self.files.place(location, at, snippet=_stretch(document, location) if document is not None else "")

    def _flows(self, path: Iterable[ShownRelated]) -> list[sarif.CodeFlow]:
        steps = [
            sarif.ThreadFlowLocation(self.files.place(step.location, step.at, flat(step.message))) for step in path
        ]
        return [sarif.CodeFlow([sarif.ThreadFlow(steps)])] if steps else []

    def _fingerprints(self, identity: str, location: Location, many: bool = False) -> dict[str, str]:
        """Return the fingerprints of a result.

        GitHub compares the second one. Where a result has the places of one decision, it is made of the decision, not
        of the first place: that place may be mended before the others.
        """
        if many:
            return {"archlint/v1": readable(identity), "primaryLocationLineHash": f"{readable(identity)}:1"}
        document = self.sources.get(location.file)
        line = ""
        if document is not None:
            hashes = self._hashes.get(location.file)
            if hashes is None:
                hashes = self._hashes[location.file] = LineHashes(document.text)
            line = hashes.of(location.line)
        prints = {"archlint/v1": readable(identity)}
        return {**prints, "primaryLocationLineHash": line} if line else prints


def _stretch(document: Document, location: Location) -> str:
    """Return the text of a place, unless it is long."""
    if not 0 <= location.end_line - location.line <= _MOST_LINES:
        return ""
    lines = [document.line(number) for number in range(location.line, location.end_line + 1)]
    lines[-1] = lines[-1][: location.end_column - 1]
    lines[0] = lines[0][location.column - 1 :]
    text = "\n".join(lines)
    return text if len(text) <= _MOST_SNIPPET else ""


def _message(finding: Finding, links: _Links) -> str:
    text = literal(flat(finding.message))
    lines = [text if text.endswith((".", "!", "?")) else f"{text}."]
    for term in finding.terms:
        place = links.link(term.location) if term.location else ""
        label, value = literal(term_label(term)), literal(flat(term.text))
        told = term_source(msgspec.structs.replace(term, note=literal(flat(term.note))), place)
        lines.append(f"{label}: {value} ({told})")
    lines += [literal(said) for said in (certainty_text(finding), flat(finding.suggestion)) if said]
    lines += [literal(line) for line in fix_lines(finding.cures)]
    return "\n".join(lines)


def _properties(finding: Finding) -> dict[str, sarif.Value]:
    said: dict[str, sarif.Value] = {"at": readable(finding.at), "certainty": finding.certainty}
    if finding.band is not None:
        said["band"] = [_finite(bound) for bound in finding.band]
    if finding.cause:
        said["cause"] = readable(finding.cause)
    if finding.places:
        said["places"] = [readable(place.at) for place in finding.places]
    if finding.terms:
        said["terms"] = [_term(term) for term in finding.terms]
    if finding.cures:
        said["cures"] = [readable(cure.pattern) for cure in finding.cures]
    return said


def _term(term: ShownTerm) -> dict[str, sarif.Value]:
    value = readable(term.value) if isinstance(term.value, str) else _finite(term.value)
    return {
        "name": readable(term.name), "value": value, "unit": readable(term.unit), "origin": term.origin,
        "limit": term.limit,
    }  # fmt: skip


def _finite(value: float | bool) -> float | bool | None:
    return value if math.isfinite(value) else None
