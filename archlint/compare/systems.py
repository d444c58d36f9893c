"""Compare two versions of a system: parts, derived facts, findings."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from archlint.analysis.system import System
from archlint.compare.baseline import is_open
from archlint.compare.derived import MOST_COMPONENTS, SYSTEM, derived, subject
from archlint.compare.difference import ADDED, REMOVED, DerivedChange, PartChange, Regraded, SystemDifference
from archlint.compare.entries import Occurrence, entries_of, occurrences
from archlint.compare.matching import Matched, match
from archlint.compare.parts import Sides
from archlint.compare.renames import find_renames
from archlint.findings import count_of, grouped
from archlint.verdicts import FileReport, Finding


class Snapshot(msgspec.Struct, frozen=True):
    """One version of a system with its report, which needs signatures."""

    system: System
    report: FileReport

    @property
    def name(self) -> str:
        """The name of the system, otherwise of its file."""
        return self.report.system or self.report.key


def compare(old: Snapshot | None, new: Snapshot | None) -> SystemDifference:
    """Compare two versions of a system; None on a side without it."""
    if old is None or new is None:
        return _one_side(old, new)
    before, after = old.system.architecture, new.system.architecture
    renames = find_renames(before, after)
    sides = Sides(before, after, renames)
    parts = tuple(sides.changes())
    findings = _Findings(old.report, new.report, sides)
    return SystemDifference(
        old.report.key, new.report.key, new.name, parts, _derived(old.system, new.system, sides, parts),
        grouped(findings.new), grouped(findings.healed), findings.accepted, findings.undecided, findings.regraded,
        findings.unchanged, _notes(old, new), old.system, new.system,
        {name: to.name for (section, name), to in renames.items() if section == "components"},
    )  # fmt: skip


def _one_side(old: Snapshot | None, new: Snapshot | None) -> SystemDifference:
    """Describe a system that was added or removed as a whole."""
    there = new or old
    if there is None:
        raise ValueError("nothing to compare")
    architecture = there.system.architecture
    nothing = msgspec.structs.replace(
        architecture, name=None, description=None, owner=None, team=None, workloads={}, models={}, components={},
        accept=(),
    )  # fmt: skip
    sides = Sides(architecture, nothing, {}) if new is None else Sides(nothing, architecture, {})
    # The system itself did not change: it was added or removed.
    parts = tuple(part for part in sides.changes() if part.section != "system")
    findings = there.report.grouped
    return SystemDifference(
        old.report.key if old else "", new.report.key if new else "", there.name, parts,
        found=findings if new else (), healed=() if new else findings, notes=_notes(there),
        before=old.system if old else None, after=new.system if new else None,
    )  # fmt: skip


def _notes(*snapshots: Snapshot) -> tuple[str, ...]:
    """Say what could not be compared."""
    notes = [
        f"{snapshot.report.key} could be read only in part: the rest is not compared"
        for snapshot in snapshots if snapshot.system.architecture.incomplete
    ]  # fmt: skip
    if any(len(snapshot.system.components) > MOST_COMPONENTS for snapshot in snapshots):
        notes.append(f"what is lost with each component is not compared beyond {MOST_COMPONENTS:,} components")
    return tuple(notes)


def _derived(old: System, new: System, sides: Sides, parts: Sequence[PartChange]) -> tuple[DerivedChange, ...]:
    """Compare the derived facts of parts in both versions, and those of added parts."""
    before, after = derived(old, sides.now), derived(new)
    lone = {subject(part.section, part.name): part.state for part in parts if part.state in {ADDED, REMOVED}}
    found = []
    for key in (*after, *(key for key in before if key not in after)):
        one, other = before.get(key), after.get(key)
        state = lone.get(key[0]) if key[0] != SYSTEM else None
        if state == REMOVED or (state == ADDED and (other is None or other.text == "nothing")):
            continue
        if one is None or other is None:
            found.append(DerivedChange(*key, one.text if one else None, other.text if other else None))
        elif not one.is_like(other):
            texts = (one.text, other.text) if one.text != other.text else (one.exact, other.exact)
            found.append(DerivedChange(*key, *texts))
    return tuple(found)


class _Findings:
    """The findings of both versions, matched in the same way as with a baseline."""

    def __init__(self, old: FileReport, new: FileReport, sides: Sides) -> None:
        found = occurrences(old.findings)
        renames = {part: to.name for part, to in sides.renames.items()}
        both = [*new.findings, *(one.finding for one in new.accepted)]
        entries = entries_of("", found, old.signatures)
        matched = match(entries, both, new.signatures, renames, old.signatures)
        taken = {id(one.finding) for one in new.accepted}
        self.new = tuple(finding for finding in matched.new if id(finding) not in taken)
        still = _still(found, matched)
        gone = [finding for finding in old.findings if id(finding) not in still]
        unclear = {entry.fingerprint for entry, _ in matched.gone if is_open(entry, new.undecided)}
        open_ = {id(one.finding) for one in found if one.fingerprint in unclear}
        self.undecided = tuple(finding for finding in gone if id(finding) in open_)
        self.healed = tuple(finding for finding in gone if id(finding) not in open_)
        pairs = [(finding, still[id(finding)]) for finding in old.findings if id(finding) in still]
        self.accepted = tuple(now for _, now in pairs if id(now) in taken)
        fresh = {id(finding) for finding in self.new}
        known = [(was, now) for was, now in pairs if id(now) not in taken and id(now) not in fresh]
        self.regraded = tuple(Regraded(now, was.severity) for was, now in known if was.severity != now.severity)
        changed = fresh | {id(one.finding) for one in self.regraded}
        self.unchanged = count_of(finding for finding in new.findings if id(finding) not in changed)


def _still(found: Sequence[Occurrence], matched: Matched) -> dict[int, Finding]:
    """Return the current finding of each old one, by the identity of the old one."""
    waiting: dict[str, list[Finding]] = {}
    for one in reversed(found):
        waiting.setdefault(one.fingerprint, []).append(one.finding)
    return {id(waiting[pair.entry.fingerprint].pop()): pair.found.finding for pair in matched.pairs}
