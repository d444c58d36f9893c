"""The results of checks: verdicts on places, the terms of their arithmetic, and the report.

A check yields a `Hit` for each violation of its rule, and an `Undecided` for each missing fact. Everything else passes.
The engine makes a `Finding` of each hit, and a `Report` of all findings.
"""

from __future__ import annotations

from enum import Enum
from importlib import import_module

import msgspec

from archlint.baselined import BaselineUse
from archlint.findings import (
    Cure,
    Finding,
    Location,
    Severity,
    ShownPlace,
    ShownRelated,
    ShownTerm,
    grouped,
    order_of,
    reference_name,
    start_command,
)
from archlint.inputs import InputError
from archlint.model.places import Place
from archlint.source.document import Document

__all__ = [
    "MOST_NEEDS", "Accepted", "ActiveRule", "Baselined", "Certainty", "Cure", "FileReport", "Finding", "Hit",
    "Location", "OpenQuestion", "Origin", "RecognisedPattern", "Related", "Report", "Severity", "ShownPlace",
    "ShownRelated", "ShownTerm", "Term", "Undecided", "Verdict", "order_of", "reference_name", "start_command",
]  # fmt: skip


class NoParams(msgspec.Struct, frozen=True):
    """The parameters of a check that has none."""


class Certainty(Enum):
    """What a finding is based on: a bound or the structure (proven), a model with an error band, or a hint."""

    PROVEN = "proven"
    ESTIMATED = "estimated"
    HEURISTIC = "heuristic"


class Origin(Enum):
    """Where a fact comes from."""

    STATED = "stated"
    IMPORTED = "imported"
    DERIVED = "derived"
    ASSUMED = "assumed"


class Term(msgspec.Struct, frozen=True):
    """One line of a finding's arithmetic.

    `name` is stable within the rule, for acceptances (`while: rate < 50/s`); `label` is for readers. `unit` is `s`,
    `B`, `/s`, `B/s`, `share`, `h`, `count` or "" (see `archlint.model.quantities.FORMATS`). A value may be text. `at`
    is the place of a stated fact. `note` is the formula of a derived value, or the source of an assumed one. `limit`
    marks the term that the others are compared with.
    """

    name: str
    label: str
    value: float | str | bool
    unit: str
    origin: Origin
    at: Place | None = None
    note: str = ""
    limit: bool = False


def imported_term(term: Term) -> Term:
    """Return a term of a system that deployment files describe: what a check takes as stated is imported."""
    return msgspec.structs.replace(term, origin=Origin.IMPORTED) if term.origin is Origin.STATED else term


class Related(msgspec.Struct, frozen=True):
    """Another place that belongs to a finding, with a message that says how."""

    at: Place
    message: str


class Hit(msgspec.Struct, frozen=True):
    """A violation, at the place where the fix belongs.

    `absent` are places that must be absent: if one of them is in the file but could not be read, the hit becomes
    `Undecided`; `whole_graph` requires the same of the whole graph. `cures` are the keys of the pack's fixes that
    apply here, best first (empty: all of them). `severity` may lower the rule's own. `cause` names the fact to
    change, if several findings need the same change; `decision` names what fixes all hits of the rule with the same
    text, so that reports show them as one finding (by default, hits about a family of facts are one). `band_beyond`
    is true if all of an estimate's band is beyond the limit. `path` lists the places that a request passes, in
    order, if the finding is about a path.
    `loss` ranks hits of one severity, from 0 to 1: the share of traffic that is lost; for a value beyond its limit, the
    share of traffic that it concerns, times 1 - limit / value.
    If a hit has several places, `each` lists those that violate the rule by themselves, and `group` those that violate
    it only together (`at` is one of them). So neither names nor the order of the file identify the finding.
    """

    at: Place
    message: str
    terms: tuple[Term, ...] = ()
    related: tuple[Related, ...] = ()
    certainty: Certainty = Certainty.PROVEN
    absent: tuple[Place, ...] = ()
    whole_graph: bool = False
    cures: tuple[str, ...] = ()
    severity: Severity | None = None
    cause: str = ""
    band: tuple[float, float] | None = None
    band_beyond: bool = False
    path: tuple[Related, ...] = ()
    each: tuple[Place, ...] = ()
    group: tuple[Place, ...] = ()
    loss: float = 0.0
    decision: str = ""


MOST_NEEDS = 8
"""Of the keys that would decide a question, this many are named; the others are only counted."""


class Undecided(msgspec.Struct, frozen=True):
    """A rule that cannot be decided at a place: `needs` are the places of the keys that together would decide it.

    A key in whose place others can be stated is an `Either`. If there are very many, a check names the first ones, and
    `more` is the number of the others.
    """

    at: Place
    needs: tuple[Place, ...]
    because: str = ""
    more: int = 0


Verdict = Hit | Undecided


class OpenQuestion(msgspec.Struct, frozen=True):
    """A rule that is undecided at a place, with the keys that would decide it.

    `needs` names the first of the keys to add; `more` is the number of the others, which are needed too. Each of
    `instead` are keys that may decide it in place of `needs`.
    `unread` are the keys that the file has but archlint cannot read: correct the lines `mistakes` first.
    `family` is set if the file does not describe this family of facts at all.
    """

    rule: str
    name: str
    at: str
    needs: tuple[str, ...]
    location: Location
    because: str = ""
    more: int = 0
    family: str = ""
    unread: tuple[str, ...] = ()
    mistakes: tuple[Location, ...] = ()
    instead: tuple[tuple[str, ...], ...] = ()

    @property
    def needs_total(self) -> int:
        """How many keys it needs, the named ones and the others."""
        return len(set(self.needs)) + self.more


class Accepted(msgspec.Struct, frozen=True):
    """An accepted finding: kept, never dropped."""

    finding: Finding
    reason: str
    until: str | None
    location: Location


class Baselined(msgspec.Struct, frozen=True):
    """A finding in the baseline: kept, never dropped.

    `fingerprint` is the one in the baseline. If something on its path was renamed since, `was` is the old structural
    path; if its file was renamed, `was_file` is the old name. Otherwise, both are "".
    """

    finding: Finding
    fingerprint: str
    was: str = ""
    was_file: str = ""


class RecognisedPattern(msgspec.Struct, frozen=True):
    """A pattern of the catalogue that the system follows, with the components in its roles."""

    pattern: str
    workload: str
    roles: dict[str, tuple[str, ...]]


class ActiveRule(msgspec.Struct, frozen=True):
    """A rule that ran: its own severity (not that of a configuration), and the folder that describes it."""

    id: str
    name: str
    severity: str
    folder: str


class FileReport(msgspec.Struct, frozen=True):
    """The results for one system: its file and the included files.

    `sources` has their texts by name. `fail_on` is the level that the configuration sets, or empty. `rules` are those
    that ran, in the order of their ids. `baselined` are findings in the baseline; they are not in `findings`.
    `signatures` describe each part without names, by section and name; only comparisons of reports set them. `baseline`
    is the baseline file of the system, or empty; `baseline_home` is where it would be. If a file describes several
    systems, `part` identifies those after the first (see `Document.part`). `hints` are facts to know that no rule
    judges: what gets more requests when a cache fails. `imported` are the deployment files that the facts come from;
    empty for an architecture file.
    """

    file: str
    system: str
    findings: tuple[Finding, ...]
    undecided: tuple[OpenQuestion, ...]
    accepted: tuple[Accepted, ...] = ()
    patterns: tuple[RecognisedPattern, ...] = ()
    rules_run: int = 0
    fail_on: str = ""
    sources: dict[str, Document] = {}
    rules: tuple[ActiveRule, ...] = ()
    baselined: tuple[Baselined, ...] = ()
    signatures: dict[tuple[str, str], str] = {}
    baseline: str = ""
    baseline_home: str = ""
    baseline_strict: bool = False
    part: str = ""
    hints: tuple[ShownRelated, ...] = ()
    imported: tuple[str, ...] = ()

    @property
    def grouped(self) -> tuple[Finding, ...]:
        """The findings in order; those that one decision fixes are one, with its places."""
        return grouped(self.findings)

    @property
    def key(self) -> str:
        """The unique name of this system in a report: its file, and its part of that file."""
        return f"{self.file}#{self.part}" if self.part else self.file


class Report(msgspec.Struct, frozen=True):
    """The results of one call of archlint, for all files.

    `others` are the names of the `skipped` files: YAML files in searched folders without the key `archlint`. `excluded`
    are paths that the call names and --force-exclude excludes. `notes` are messages that are not errors. If
    `partial`, the files may describe further systems, which the call does not pick.
    """

    files: tuple[FileReport, ...]
    errors: tuple[InputError, ...] = ()
    skipped: int = 0
    baselines: tuple[BaselineUse, ...] = ()
    others: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    partial: bool = False

    @property
    def ordered(self) -> tuple[tuple[FileReport, Finding], ...]:
        """All findings with the file that was checked, in the order of `order_of`; see `FileReport.grouped`."""
        found = [(file, finding) for file in self.files for finding in file.grouped]
        return tuple(sorted(found, key=lambda pair: order_of(pair[1])))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of `order_of`."""
        return tuple(finding for _, finding in self.ordered)

    @property
    def undecided(self) -> tuple[OpenQuestion, ...]:
        """All open questions."""
        return tuple(question for file in self.files for question in file.undecided)

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        """All accepted findings."""
        return tuple(entry for file in self.files for entry in file.accepted)

    @property
    def baselined(self) -> tuple[Baselined, ...]:
        """All findings in a baseline."""
        return tuple(known for file in self.files for known in file.baselined)

    @property
    def rules(self) -> tuple[ActiveRule, ...]:
        """Every rule that ran for any of the files, in the order of their ids."""
        return tuple(sorted({rule.id: rule for file in self.files for rule in file.rules}.values(), key=lambda r: r.id))

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings at or above a severity."""
        return tuple(f for f in self.findings if Severity(f.severity).rank >= severity.rank)

    def to_json(self) -> str:
        """Return the report as JSON, as `archlint check --output json` writes it.

        >>> import archlint, json
        >>> report = archlint.check("archlint: 1\\nsystem: shop\\nworkload: {}\\n")
        >>> [finding["rule"] for finding in json.loads(report.to_json())["findings"]]
        ['DOC002']
        """
        text: str = import_module("archlint.report.json").render_json(self)
        return text

    def to_sarif(self, root: str = "", run_id: str = "", alerts_only: bool = False) -> str:
        """Return the report as SARIF 2.1.0, as `archlint check --output sarif` writes it.

        Paths are relative to the folder `root`, an absolute path; without it, they stay as they are. `run_id` names the
        run, for tools that compare runs. With `alerts_only`, accepted, undecided and baselined results are left out.

        >>> import archlint, json
        >>> report = archlint.check("archlint: 1\\nsystem: shop\\nworkload: {}\\n")
        >>> [result["ruleId"] for result in json.loads(report.to_sarif())["runs"][0]["results"]]
        ['DOC002']
        """
        options = import_module("archlint.report.options").ReportOptions(
            root=root.replace("\\", "/"), version=import_module("archlint").__version__, run_id=run_id
        )
        writer = import_module("archlint.report.sarif")
        text: str = (writer.render_alerts if alerts_only else writer.render_sarif)(self, options)
        return text
