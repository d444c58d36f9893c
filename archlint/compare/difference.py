"""The differences of two versions, as values: parts, derived facts, and findings."""

from __future__ import annotations

import msgspec

from archlint.analysis.system import System
from archlint.compare.facts import Change
from archlint.inputs import InputError
from archlint.verdicts import Finding, Location, Severity

ADDED, REMOVED, CHANGED, RENAMED = "added", "removed", "changed", "renamed"


class PartChange(msgspec.Struct, frozen=True):
    """A part that changed.

    `section` is `system`, `workloads`, `models`, `components`, `relations` or `accept`; `state` is added, removed,
    changed or renamed (a renamed part may have changed as well). `was` is the old name, and `evidence` says why it is
    the same part. `source` and `target` are the ends of a relation. `location` is its place, or its last place.
    """

    section: str
    name: str
    state: str
    kind: str = ""
    was: str = ""
    evidence: str = ""
    changes: tuple[Change, ...] = ()
    source: str = ""
    target: str = ""
    location: Location | None = None


class DerivedChange(msgspec.Struct, frozen=True):
    """A derived fact that changed; None on the side where it does not apply."""

    subject: str
    fact: str
    old: str | None
    new: str | None


class Regraded(msgspec.Struct, frozen=True):
    """A finding that is still there with another severity."""

    finding: Finding
    was: str


class SystemDifference(msgspec.Struct, frozen=True):
    """The differences of two versions of one system.

    `old` and `new` are the files, empty on a side without one; `before` and `after` are the systems in them. `names`
    are the current names of renamed components, by their old ones. `notes` say what could not be compared.
    """

    old: str
    new: str
    system: str
    parts: tuple[PartChange, ...] = ()
    derived: tuple[DerivedChange, ...] = ()
    found: tuple[Finding, ...] = ()
    healed: tuple[Finding, ...] = ()
    accepted: tuple[Finding, ...] = ()
    undecided: tuple[Finding, ...] = ()
    regraded: tuple[Regraded, ...] = ()
    unchanged: int = 0
    notes: tuple[str, ...] = ()
    before: System | None = None
    after: System | None = None
    names: dict[str, str] = {}

    @property
    def is_empty(self) -> bool:
        """Whether the two versions are the same."""
        one_side = not self.old or not self.new
        findings = self.found or self.healed or self.accepted or self.undecided or self.regraded
        return not (one_side or self.parts or self.derived or findings)


class Difference(msgspec.Struct, frozen=True):
    """The differences of two versions, system by system; `old` and `new` name the versions.

    Systems that are the same are only counted. `errors` are files that could not be read, on either side. `notes` say
    what was not compared.
    """

    old: str
    new: str
    systems: tuple[SystemDifference, ...] = ()
    same: int = 0
    errors: tuple[InputError, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not self.systems

    def found_at_least(self, severity: Severity) -> bool:
        """Whether a finding at or above a severity is new, or has been raised to it."""
        levels = [finding.severity for system in self.systems for finding in system.found]
        levels += [
            one.finding.severity for system in self.systems for one in system.regraded
            if Severity(one.finding.severity).rank > Severity(one.was).rank
        ]  # fmt: skip
        return any(Severity(level).rank >= severity.rank for level in levels)
