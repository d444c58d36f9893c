"""What a check says: verdicts on places, the terms they rest on, and the report that they end in.

A check yields `Hit` where a rule is violated and `Undecided` where a fact is missing; what it says nothing about
is satisfied. `Finding` and `Report` are what the engine makes of them.
"""

from __future__ import annotations

import re
from enum import Enum
from importlib import import_module
from typing import Final

import msgspec

from archlint.errors import ArchlintError, Spot
from archlint.model.places import Place
from archlint.source.document import Document

_PLACED: Final = re.compile(r"([^\n]+?\.(?:ya?ml|toml|jsonl|json|py)|[^\n:]+(?=:\d+:\d+: ))(?::(\d+))?(?::(\d+))?: ")


class Severity(Enum):
    """How bad a finding is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return _RANKS[self]


_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


class Certainty(Enum):
    """What a finding rests on: a bound or structure alone, a model with a band, or a hint."""

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

    `name` is stable per rule (acceptances bound it: `while: rate < 50/s`), `label` is what a reader sees. `unit`
    is `s`, `B`, `/s`, `B/s`, `share`, `h`, `count` or "" (see `archlint.model.quantities.FORMATS`); a value may be
    text. `at` is where a stated fact is said; `note` names the formula of a derived one or the source of an assumed
    one. `limit` marks the term that the others are held against.
    """

    name: str
    label: str
    value: float | str | bool
    unit: str
    origin: Origin
    at: Place | None = None
    note: str = ""
    limit: bool = False


class Related(msgspec.Struct, frozen=True):
    """Another place that belongs to a finding, with what it has to do with it."""

    at: Place
    message: str


class Hit(msgspec.Struct, frozen=True):
    """A violation, at the place where the fix belongs.

    `absent` are places that must be absent: if one of them is in the file but could not be read, the hit becomes
    `Undecided`; `whole_graph` requires the same of the whole graph. `cures` are the keys of the pack's fixes that
    apply here, best first (empty: all of them). `severity` may lower the rule's own. `cause` groups findings with
    one cause. `band_beyond` is true if the whole band of an estimate is beyond the limit. `path` lists the places
    that a request passes, in order, if the finding is about a path.
    `loss` ranks hits of one severity, from 0 to 1: the share of traffic that is lost, or 1 - limit / value for a
    value beyond its limit.
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


class Undecided(msgspec.Struct, frozen=True):
    """A rule that cannot be judged at a place: `needs` are the places of the keys that would decide it."""

    at: Place
    needs: tuple[Place, ...]
    because: str = ""


Verdict = Hit | Undecided


class Location(msgspec.Struct, frozen=True):
    """A stretch of a file, as editors count it: lines and columns from 1, the end column exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class ShownTerm(msgspec.Struct, frozen=True, omit_defaults=True):
    """A term of a finding with where its fact was said."""

    name: str
    label: str
    value: float | str | bool
    unit: str
    origin: str
    text: str
    location: Location | None = None
    note: str = ""
    limit: bool = False


class ShownRelated(msgspec.Struct, frozen=True):
    """A related place of a finding."""

    at: str
    message: str
    location: Location


class Cure(msgspec.Struct, frozen=True):
    """A fix: a pattern, how it helps here, and where it is described and implemented.

    `docs` is the address of the pattern's page, `reference` the name of its implementation, as `archlint reference`
    takes it; each is empty if there is none.
    """

    pattern: str
    title: str
    text: str
    docs: str
    reference: str = ""

    @property
    def start(self) -> str:
        """The command that starts the reference implementation; empty if there is none.

        >>> Cure("batch", "Batch", "A job scores ahead.", "", "batch").start
        'archlint reference batch'
        """
        return start_command(self.reference)


def reference_name(folder: str) -> str:
    """Return the name of the implementation in a folder, as `archlint reference` takes it; empty for none.

    >>> reference_name("reference_impls/prep_pred")
    'prep-pred'
    """
    return folder.rpartition("/")[2].replace("_", "-")


def start_command(reference: str) -> str:
    """Return the command that starts an implementation, given its name or its folder; empty for none."""
    name = reference_name(reference)
    return f"archlint reference {name}" if name else ""


class Finding(msgspec.Struct, frozen=True):
    """A violation of a rule at a line of a file; `path` are the places that a request passes, in its order.

    `paths` are the structural paths that stay the same when lists are reordered, of all places that are at fault; the
    fingerprint is made of the first. Where it is `joint`, they are so together, and any one of them tells which finding
    this is; else each is so by itself.
    """

    rule: str
    name: str
    severity: str
    certainty: str
    at: str
    location: Location
    message: str
    terms: tuple[ShownTerm, ...]
    related: tuple[ShownRelated, ...]
    cures: tuple[Cure, ...]
    fingerprint: str
    docs: str
    cause: str = ""
    band: tuple[float, float] | None = None
    suggestion: str = ""
    path: tuple[ShownRelated, ...] = ()
    paths: tuple[tuple[str, ...], ...] = ()
    joint: bool = False
    loss: float = 0.0


def order_of(finding: Finding) -> tuple[int, float, str, int, int, str]:
    """The order of findings in every report: by severity, then by what is lost, then by place."""
    here = finding.location
    severity = -Severity(finding.severity).rank
    return severity, -round(finding.loss, 9), here.file, here.line, here.column, finding.rule


class OpenQuestion(msgspec.Struct, frozen=True):
    """A rule that is undecided at a place, with the keys that would decide it."""

    rule: str
    name: str
    at: str
    needs: tuple[str, ...]
    location: Location
    because: str = ""


class Accepted(msgspec.Struct, frozen=True):
    """A finding taken on purpose: kept, never dropped."""

    finding: Finding
    reason: str
    until: str | None
    location: Location


class Baselined(msgspec.Struct, frozen=True):
    """A finding that a baseline holds already: kept, never dropped.

    `fingerprint` is the one under which it was frozen. `was` is the structural path that it had then, where something
    on it was renamed since, `was_file` the file in which it stood, where that has another name now. Else both are "".
    """

    finding: Finding
    fingerprint: str
    was: str = ""
    was_file: str = ""


class BaselineEntry(msgspec.Struct, frozen=True):
    """What a baseline holds of one finding, as often as it occurs (`count`) at one structural path of one file.

    `line` is where it stands in the baseline, counted from 1; 0 where that is not known.
    """

    file: str
    rule: str
    at: str
    count: int = 1
    line: int = 0


class BaselineUse(msgspec.Struct, frozen=True):
    """What became of one baseline: the entries whose findings are gone, and those that are accepted by now.

    `file` is the baseline as messages name it. Where it is `strict`, an entry that is not needed fails the check.
    """

    file: str
    healed: tuple[BaselineEntry, ...] = ()
    accepted: tuple[BaselineEntry, ...] = ()
    strict: bool = False

    @property
    def spent(self) -> int:
        """How many findings it still holds for nothing."""
        return sum(entry.count for entry in (*self.healed, *self.accepted))

    @property
    def line(self) -> int:
        """The line of the first entry that is not needed; 0 where that is not known."""
        return min((entry.line for entry in (*self.healed, *self.accepted) if entry.line), default=0)


class RecognisedPattern(msgspec.Struct, frozen=True):
    """A pattern of the catalogue that the system follows, with the components that play its roles."""

    pattern: str
    workload: str
    roles: dict[str, tuple[str, ...]]


class ActiveRule(msgspec.Struct, frozen=True):
    """A rule that was run: its own severity, whatever a configuration made of it, and the folder that describes it."""

    id: str
    name: str
    severity: str
    folder: str


class FileReport(msgspec.Struct, frozen=True):
    """What was found in one system: its file and those that it includes.

    `sources` holds their texts by name; `fail_on` is the level that the configuration sets for it, or empty. `rules`
    are those that were run, in the order of their ids. `baselined` are findings that a baseline holds: not among
    `findings`. Only where reports are compared are there `signatures`: what each part is like without names, by section
    and name. `baseline` is the file of the baseline that holds for it, or empty; `baseline_home` is where one would
    stand. If a file describes several systems, `part` tells those after the first apart (see `Document.part`).
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

    @property
    def key(self) -> str:
        """What tells this system apart from all others of a report: its file, and its part of that file."""
        return f"{self.file}#{self.part}" if self.part else self.file


class InputError(msgspec.Struct, frozen=True):
    """An input or a configuration that could not be read, or a file on which archlint itself failed.

    `file` is its name, or empty if the error is not of one file alone; `line` and `column` are counted from 1, or 0 if
    they are not known. `traceback` is that of a defect of archlint.
    """

    message: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    traceback: str = ""


def input_errors(error: ArchlintError, file: str = "") -> tuple[InputError, ...]:
    """The mistakes of an error, each with its place; `file` is the input it is about, if the error does not say.

    >>> from archlint.errors import ConfigError
    >>> input_errors(ConfigError.at("archlint.toml:3:1", "no key `selct`", "did you mean `select`?"))[0].line
    3
    """
    if not error.mistakes:
        return (InputError(error.message, error.hint, *_spot(error.message, file)),)
    return tuple(InputError(mistake.said, mistake.hint, *mistake.spot) for mistake in error.mistakes)


def _spot(message: str, file: str) -> Spot:
    """Read the place that a message begins with."""
    match = _PLACED.match(message) if not file else re.match(f"({re.escape(file)})(?::(\\d+):(\\d+))?: ", message)
    return Spot(match[1], int(match[2] or 0), int(match[3] or 0)) if match is not None else Spot(file)


class Report(msgspec.Struct, frozen=True):
    """What one call of archlint found, over all files.

    `others` are the names of the `skipped` files: YAML that a search came upon, without the key `archlint`. `excluded`
    are the paths that the call names and --force-exclude leaves out. `notes` are worth a line, but are no error.
    """

    files: tuple[FileReport, ...]
    errors: tuple[InputError, ...] = ()
    skipped: int = 0
    baselines: tuple[BaselineUse, ...] = ()
    others: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ordered(self) -> tuple[tuple[FileReport, Finding], ...]:
        """All findings with the file that was checked, in the order of `order_of`."""
        found = [(file, finding) for file in self.files for finding in file.findings]
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
        """All findings taken on purpose."""
        return tuple(entry for file in self.files for entry in file.accepted)

    @property
    def baselined(self) -> tuple[Baselined, ...]:
        """All findings that a baseline holds already."""
        return tuple(known for file in self.files for known in file.baselined)

    @property
    def rules(self) -> tuple[ActiveRule, ...]:
        """Every rule that was run over any of the files, in the order of their ids."""
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
