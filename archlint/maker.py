"""Makes findings and open questions from what a rule says, with the lines of their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from archlint.about import docs_url
from archlint.analysis.described import not_described
from archlint.analysis.system import System
from archlint.analysis.unread import UnreadValues
from archlint.findings import fingerprint
from archlint.model.architecture import Architecture, Problem
from archlint.model.locate import locate
from archlint.model.mistakes import Mistakes
from archlint.model.places import Either, Place
from archlint.model.quantities import format_quantity
from archlint.packs import Pack, Rule
from archlint.shipped import shipped_folder
from archlint.source.document import Document
from archlint.source.nodes import Span
from archlint.verdicts import (
    MOST_NEEDS,
    Certainty,
    Cure,
    Finding,
    Hit,
    Location,
    OpenQuestion,
    Related,
    Severity,
    ShownRelated,
    ShownTerm,
    Term,
    Undecided,
    imported_term,
    reference_name,
)  # fmt: skip

if TYPE_CHECKING:
    from archlint.catalog.patterns import Pattern

Seen = dict[tuple[str, str], int]
"""How many findings had a rule and an identity."""

MOST_TOGETHER = 8
"""The maximum number of places that identify a finding that several places cause together."""
UNREAD = "a value that could not be read"
CONTRADICTED = "which of two facts that contradict each other is true"
_SEEN_IN_FILES = ("OPS",)
"""Families whose facts stand in deployment files, if at all: what is missing there is informative."""
_ABOUT_THEIR_KEYS = ("OPS", "DOC")
"""Families whose rules rest on keys that they name themselves."""


class Made(NamedTuple):
    """What one rule said; `silent` are the findings of a family that the file does not describe."""

    findings: list[Finding]
    questions: list[OpenQuestion]
    silent: list[OpenQuestion]


class Maker:
    """Makes findings from verdicts, with the lines of their places."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self.imported = architecture.is_imported
        self.deployment = architecture.deployment
        self.sources = {document.name: document for document in architecture.documents}
        self.seen: Seen = {}
        self._unread = architecture.unread
        self._unread_values = UnreadValues(architecture)
        self._mistakes = Mistakes(architecture.problems)
        self._contradicted = {
            problem.place.names: problem for problem in architecture.problems if problem.kind == "contradiction"
        }
        self._blockers = tuple(
            problem.lost for problem in architecture.problems
            if problem.loses_meaning and problem.place.names[:1] != ("accept",)
        )  # fmt: skip

    def run(self, system: System, rule: Rule) -> Made:
        """Run one rule. In a file that does not describe its facts, its findings are one question."""
        made = Made([], [], [])
        family = rule.pack.facts
        silent: list[Hit] | None = [] if family and not system.described(family) else None
        if silent is not None and self.imported and rule.pack.imported and rule.pack.family in _SEEN_IN_FILES:
            silent = None
        for verdict in rule.run(system, rule.params):
            if isinstance(verdict, Problem):
                made.findings.append(self.of_problem(rule, verdict))
            elif isinstance(verdict, Undecided):
                made.questions.append(self._question(rule, verdict))
            elif rule.pack.family != "DOC" and (wrong := self._contradiction(verdict)) is not None:
                made.questions.append(self._until_corrected(rule, verdict, wrong))
            else:
                proven = verdict.certainty is Certainty.PROVEN and rule.pack.family not in _ABOUT_THEIR_KEYS
                blockers = self._blocked_by(verdict) or (self._unread_values.under(verdict) if proven else ())
                if blockers:
                    made.questions.append(self._question(rule, Undecided(verdict.at, blockers, UNREAD)))
                elif silent is not None:
                    silent.append(verdict)
                else:
                    hit = self._unread_values.doubted(verdict) if proven else verdict
                    made.findings.append(self._of_hit(rule, hit))

        if silent:
            self._not_described(rule, family, silent, made)
        return made

    def _not_described(self, rule: Rule, family: str, hits: list[Hit], made: Made) -> None:
        """Add one question for all hits of a rule whose facts the file does not describe."""
        count = sum(len(hit.each) or 1 for hit in hits)
        key = Place(("described",), ("described",))
        question = self._question(rule, Undecided(Place((), ()), (key,), not_described(family, count)))
        made.questions.append(msgspec.structs.replace(question, family=family))
        made.silent.extend(self._question(rule, Undecided(hit.at, (key,))) for hit in hits)

    def _contradiction(self, hit: Hit) -> Problem | None:
        """Return the contradiction that a hit rests on: one of two facts is wrong, and DOC010 already reports it."""
        if not self._contradicted:
            return None
        places = (hit.at, *(term.at for term in hit.terms if term.at is not None))
        return next((self._contradicted[at.names] for at in places if at.names in self._contradicted), None)

    def _until_corrected(self, rule: Rule, hit: Hit, wrong: Problem) -> OpenQuestion:
        question = self._question(rule, Undecided(hit.at, (), CONTRADICTED))
        line = self.location(wrong.document, wrong.span)
        return msgspec.structs.replace(question, unread=(wrong.place.at,), mistakes=(line,))

    def _blocked_by(self, hit: Hit) -> tuple[Place, ...]:
        """Return the unreadable places that the hit needs to be absent: they may exist, so the hit is not proven."""
        if not self._unread:
            return ()
        if hit.whole_graph and self._blockers:
            return self._blockers[:3]
        return tuple(place for place in hit.absent if place.identity in self._unread)

    def location(self, document: Document, span: Span) -> Location:
        """Return the file, line and column of a span."""
        document, span = document.home(span)
        start, end = document.position(span.start), document.position(max(span.end, span.start + 1))
        return Location(document.name, start.line, start.column, end.line, end.column)

    def at(self, place: Place) -> Location:
        """Return where a place is written: in its deployment file, if it was imported."""
        site = self.deployment.site(place) if self.deployment is not None else None
        if self.deployment is not None and site is not None:
            if site.file not in self.sources:
                self.sources[site.file] = Document(site.file, self.deployment.cover(site.document.text), None)
            return self.location(site.document, site.span)
        return self.location(*locate(self.architecture.origins, place, self.architecture.document))

    def _fingerprint(self, rule: str, identity: str) -> str:
        ordinal = self.seen.get((rule, identity), 0)
        self.seen[rule, identity] = ordinal + 1
        return fingerprint(rule, identity, ordinal)

    def _question(self, rule: Rule, undecided: Undecided) -> OpenQuestion:
        at, wanted = undecided.at, _once(undecided.needs)
        wrong = {place: found for place in wanted if (found := self._mistakes.of(place)) is not None}
        places = [place for place in wanted if place not in wrong]
        names = tuple(dict.fromkeys(place.at for place in places[:MOST_NEEDS]))
        more = undecided.more + max(0, len(places) - MOST_NEEDS)
        lines = {(p.document.name, p.span.start): self.location(p.document, p.span) for p in wrong.values()}
        return OpenQuestion(
            rule.pack.id, rule.pack.name, at.at, names, self.at(at), undecided.because, more,
            unread=tuple(dict.fromkeys(place.at for place in wrong))[:MOST_NEEDS],
            mistakes=tuple(lines[key] for key in sorted(lines))[:MOST_NEEDS],
            instead=tuple(_instead(places)) if not wrong and not more else (),
        )  # fmt: skip

    def _of_hit(self, rule: Rule, hit: Hit) -> Finding:
        pack = rule.pack
        paths = sorted(place.names for place in hit.group or hit.each or (hit.at,))
        return Finding(
            pack.id,
            pack.name,
            severity_of(rule, hit, self.imported).value,
            hit.certainty.value,
            hit.at.at,
            self.at(hit.at),
            hit.message,
            tuple(self._term(term) for term in hit.terms),
            tuple(self._related(related) for related in hit.related),
            cures_of(pack, hit.cures),
            self._fingerprint(pack.id, ".".join(paths[0]) or "system"),
            rule_url(pack.folder, pack.docs),
            hit.cause,
            hit.band,
            path=tuple(self._related(step) for step in hit.path),
            paths=tuple(paths[:MOST_TOGETHER] if hit.group else paths),
            joint=bool(hit.group),
            loss=hit.loss,
            group=hit.decision or pack.facts or self._shared(pack),
        )

    def _shared(self, pack: Pack) -> str:
        """Return what groups the findings of a rule in an imported system: a base rate is one finding."""
        return pack.name if self.imported and (pack.imported or pack.is_deployment) else ""

    def of_problem(self, rule: Rule, problem: Problem) -> Finding:
        """Return a finding about the file itself: its span is given, because unreadable content has no place."""
        pack = rule.pack
        related = tuple(
            ShownRelated(problem.place.at, message, self.location(document, span))
            for message, document, span in problem.related
        )
        return Finding(
            pack.id, pack.name, rule.severity.value, Certainty.PROVEN.value, problem.place.at,
            self.location(problem.document, problem.span), problem.message, (), related, cures_of(pack, ()),
            self._fingerprint(pack.id, problem.place.identity), rule_url(pack.folder, pack.docs), "", None,
            problem.suggestion, paths=(problem.place.names,),
        )  # fmt: skip

    def _term(self, term: Term) -> ShownTerm:
        if self.architecture.document.imported:
            term = imported_term(term)
        return ShownTerm(
            term.name, term.label, term.value, term.unit, term.origin.value, format_quantity(term.value, term.unit),
            self.at(term.at) if term.at is not None else None, term.note, term.limit,
        )  # fmt: skip

    def _related(self, related: Related) -> ShownRelated:
        return ShownRelated(related.at.at, related.message, self.at(related.at))


def _once(needs: Iterable[Place]) -> list[Place]:
    """Return each key once, in order, with what can be stated in its place."""
    found: dict[str, Place] = {}
    for place in needs:
        if place.at not in found or isinstance(place, Either):
            found[place.at] = place
    return list(found.values())


def _instead(needs: Sequence[Place]) -> Iterator[tuple[str, ...]]:
    """Yield the sets of keys that decide a question in place of all that it needs, each once."""
    others = dict.fromkeys(keys for need in needs if isinstance(need, Either) for keys in need.instead)
    for keys in others:
        whole = chain.from_iterable(
            keys if isinstance(need, Either) and keys in need.instead else (need,) for need in needs
        )
        yield tuple(dict.fromkeys(place.at for place in whole))


def severity_of(rule: Rule, hit: Hit, imported: bool = False) -> Severity:
    """Return the severity of a finding: the user's choice, or the rule's, lowered by the hit or by its certainty.

    In a system that is imported from deployment files, a rule may have a lower one.
    """
    if rule.chosen:
        return rule.severity
    level = rule.severity
    if imported and rule.pack.imported:
        level = min(level, Severity(rule.pack.imported), key=lambda one: one.rank)
    if hit.severity is not None and hit.severity.rank < level.rank:
        level = hit.severity
    if hit.certainty is not Certainty.PROVEN and not hit.band_beyond and level is Severity.ERROR:
        level = Severity.WARNING
    return level


def cures_of(pack: Pack, chosen: tuple[str, ...]) -> tuple[Cure, ...]:
    """Return the pack's fixes that apply here, in the check's order; all of them if the check does not choose."""
    if not pack.cures:
        return ()
    from archlint.catalog.patterns import pattern_named  # needed only for findings

    by_pattern = {cure.pattern: cure for cure in pack.cures}
    names = [name for name in chosen if name in by_pattern] or list(by_pattern)
    return tuple(_cure(pattern_named(name), name, by_pattern[name].text) for name in names)


def _cure(pattern: Pattern | None, name: str, text: str) -> Cure:
    if pattern is None:
        return Cure(name, name, text, "")
    return Cure(name, pattern.title, text, docs_url(pattern.docs), reference_name(pattern.reference))


@cache
def rule_url(folder: Path, page: str) -> str:
    """Return the address of a rule's page in the docs; empty for rules that archlint does not ship."""
    return docs_url(page) if folder.parent == shipped_folder("rules") else ""
