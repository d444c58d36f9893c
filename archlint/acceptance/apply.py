"""Applies acceptances to findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from archlint.acceptance.comments import comment_grants
from archlint.acceptance.elsewhere import Elsewhere
from archlint.acceptance.grants import Grant, grant_of, lapse
from archlint.acceptance.patterns import Patterns, holders
from archlint.model.architecture import Architecture, Problem
from archlint.model.names import Names
from archlint.verdicts import Accepted, Finding, Location, OpenQuestion, ShownRelated


class Acceptances:
    """The acceptances of a system; `apply` uses them, and fills `problems`.

    `active` are the ids and names of the rules that run, `known` those of all rules; `today` is an ISO date.
    """

    def __init__(self, architecture: Architecture, active: frozenset[str], known: frozenset[str], today: str) -> None:
        self.architecture = architecture
        self.today = today
        self.active = active
        self.known = known
        self.incomplete = architecture.incomplete
        self.problems: list[Problem] = []
        self.grants: list[Grant] = []
        for entry in architecture.accept:
            self._add(grant_of(architecture, entry))
        for document in architecture.documents:
            for found in comment_grants(document):
                if isinstance(found, Problem):
                    self.problems.append(found)
                else:
                    self._add(found)
        self.index = _Index(self.grants)

    def _add(self, grant: Grant) -> None:
        if grant.reason:
            self.grants.append(grant)
            return
        message = f"the acceptance of {grant.rule} has an empty reason"
        hint = "explain why the finding is accepted"
        self.problems.append(
            Problem("missing-key", grant.place, message, grant.document, grant.span, hint, loses_meaning=False)
        )

    def apply(
        self, findings: Sequence[Finding], questions: Iterable[OpenQuestion] = ()
    ) -> tuple[list[Finding], tuple[Accepted, ...]]:
        """Split findings into those that stay open and those that are accepted.

        An acceptance is not unused while its rule is undecided at that place (`questions`).
        """
        if not self.grants:
            return list(findings), ()
        still_open: list[Finding] = []
        accepted: list[Accepted] = []
        used: set[int] = set()
        for finding in findings:
            covering = self.index.covering(finding.rule, finding.name, finding.at, finding.location)
            used.update(covering)
            held, lapsed = None, []
            for grant in (self.grants[number] for number in covering):
                why = lapse(grant, finding, self.today)
                if why is None:
                    held = held or grant
                else:
                    lapsed.append(ShownRelated(grant.place.at, why, grant.location))
            if held is not None:
                accepted.append(Accepted(finding, held.reason, held.until, held.location))
            elif lapsed:
                still_open.append(msgspec.structs.replace(finding, related=(*finding.related, *lapsed)))
            else:
                still_open.append(finding)
        for question in questions:
            used.update(self.index.covering(question.rule, question.name, question.at, question.location))
        self._report_unused(used, findings)
        return still_open, tuple(accepted)

    def _report_unused(self, used: set[int], findings: Sequence[Finding]) -> None:
        """Report acceptances without a finding, if their rule runs and the files could be read."""
        rules: Names | None = None
        elsewhere = Elsewhere(self.architecture, findings)
        for number, grant in enumerate(self.grants):
            is_rule = grant.rule in self.known
            if number in used or (is_rule and (grant.rule not in self.active or self.incomplete)):
                continue
            where = f" at {grant.at}" if grant.at else " here" if grant.line is not None else ""
            message = f"this accepts {grant.rule}{where}, but there is no such finding"
            suggestion = elsewhere.suggestion(grant)
            if not is_rule:
                rules = rules or Names(sorted(self.known))
                likely = rules.nearest(grant.rule)
                message = f"this accepts {grant.rule}, but there is no such rule"
                suggestion = f"did you mean `{likely}`?" if likely else "see `archlint rules`"
            self.problems.append(
                Problem(
                    "unused-acceptance",
                    grant.place,
                    message,
                    grant.document,
                    grant.span,
                    suggestion,
                    loses_meaning=False,
                )
            )


class _Index:
    """Grants by rule and place, to find them quickly."""

    def __init__(self, grants: Sequence[Grant]) -> None:
        self.by_line: dict[tuple[str, str, int], list[int]] = {}
        self.by_place: dict[tuple[str, str | None], list[int]] = {}
        self.patterns: dict[str, Patterns] = {}
        for number, grant in enumerate(grants):
            if grant.line is not None:
                self.by_line.setdefault((grant.rule, grant.document.name, grant.line), []).append(number)
                if grant.part is not None:
                    self.by_place.setdefault((grant.rule, grant.part), []).append(number)
            elif grant.at is not None and "*" in grant.at:
                self.patterns.setdefault(grant.rule, Patterns()).add(number, grant.at)
            else:
                self.by_place.setdefault((grant.rule, grant.at), []).append(number)

    def covering(self, rule: str, name: str, at: str, location: Location) -> list[int]:
        """Return the numbers of the grants for a rule, by id or name, at a place or at a part that contains it."""
        found: list[int] = []
        for word in (rule, name):
            found += self.by_line.get((word, location.file, location.line), ())
            found += self.by_place.get((word, None), ())
            for holder in holders(at):
                found += self.by_place.get((word, holder), ())
            if word in self.patterns:
                found += self.patterns[word].matching(at)
        return sorted(set(found))
