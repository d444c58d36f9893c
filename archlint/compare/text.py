"""A difference for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archlint.compare.difference import ADDED, CHANGED, REMOVED, RENAMED, Difference, PartChange, SystemDifference
from archlint.compare.facts import Change
from archlint.report.frame import place_rows
from archlint.report.layout import Ink, flat, hanging, joined, plural
from archlint.verdicts import Finding

LEAST_WIDTH = 40
MOST_ROWS = 40
_MARKS = {ADDED: ("+", "good"), REMOVED: ("-", "error"), CHANGED: ("~", "warning"), RENAMED: (">", "info")}
_NOUNS = {
    "system": "system", "workloads": "workload", "models": "model", "components": "component",
    "relations": "relation", "accept": "acceptance",
}  # fmt: skip


def render_text(difference: Difference, color: bool = False, width: int = 100, end: str = "") -> str:
    """Return a difference as text that ends with a line break; `end` replaces its last sentence."""
    ink, width = Ink(color), max(LEAST_WIDTH, width)
    blocks = []
    for error in difference.errors:
        hint = hanging("  hint: ", flat(error.hint), width) if error.hint else []
        blocks.append([*hanging("error: ", flat(error.message), width, 4), *hint])
    blocks.append([line for note in difference.notes for line in hanging("note: ", flat(note), width, 4)])
    for system in difference.systems:
        blocks += _System(system, ink, width).blocks()
    blocks.append(_summary(difference, end, width, ink))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _summary(difference: Difference, end: str, width: int, ink: Ink) -> list[str]:
    if end:
        return [ink(line, "strong") for line in hanging("", end, width)]
    between = f"between {flat(difference.old)} and {flat(difference.new)}"
    if not difference.systems:
        unread = f"; {plural(len(difference.errors), 'file')} could not be read" if difference.errors else ""
        what = "Nothing to compare" if difference.errors and not difference.same else "No difference"
        return [ink(line, "strong") for line in hanging("", f"{what} {between}{unread}.", width)]
    same = f"; {plural(difference.same, 'system')} the same" if difference.same else ""
    said = f"{plural(len(difference.systems), 'system')} changed {between}{same}: {findings_text(difference)}."
    return [ink(line, "strong") for line in hanging("", said, width)]


def findings_text(difference: Difference) -> str:
    """Return how many findings are new and how many are resolved, in words."""
    new = sum(len(system.found) for system in difference.systems)
    healed = sum(len(system.healed) for system in difference.systems)
    said = [f"{plural(new, 'new finding')}"] if new else []
    said += [f"{healed:,} resolved" if new else f"{plural(healed, 'finding')} resolved"] if healed else []
    undecided = sum(len(system.undecided) for system in difference.systems)
    said += [f"{plural(undecided, 'finding')} undecided now"] if undecided else []
    return joined(said) or "no new or resolved findings"


class _System:
    """The rows of one system."""

    def __init__(self, system: SystemDifference, ink: Ink, width: int) -> None:
        self.system = system
        self.ink = ink
        self.width = width

    def blocks(self) -> Iterator[list[str]]:
        system = self.system
        yield self._head()
        yield self._limited(row for part in system.parts for row in self._part(part))
        if system.derived:
            yield self._limited(["Derived facts:", *(row for row in self._derived())])
        yield from self._some("New", system.found, "error")
        yield from self._some("Resolved", system.healed, "good")
        yield from self._some("Accepted now", system.accepted, "info")
        yield from self._some("Undecided now", system.undecided, "info")
        if system.regraded:
            rows = [f"{flat(r.finding.rule)} at {flat(r.finding.at)}: {r.was} -> {r.finding.severity}"
                    for r in system.regraded]  # fmt: skip
            yield ["Severity changed:", *(line for row in rows for line in hanging("  ", row, self.width, 4))]
        if system.unchanged:
            yield [f"{plural(system.unchanged, 'finding')} unchanged."]

    def _head(self) -> list[str]:
        system = self.system
        files = system.new or system.old
        if system.old and system.new and not system.old.endswith(system.new):
            files = f"{system.old} -> {system.new}"
        state = "" if system.old and system.new else " is new" if system.new else " is gone"
        named = f" ({flat(files)})" if flat(files) != flat(system.system) else ""
        lines = hanging("", f"{flat(system.system)}{named}{state}", self.width)
        notes = [line for note in system.notes for line in hanging("  note: ", flat(note), self.width)]
        return [*(self.ink(line, "strong") for line in lines), *notes]

    def _limited(self, rows: Iterable[str]) -> list[str]:
        listed = list(rows)
        if len(listed) <= MOST_ROWS:
            return listed
        return [*listed[:MOST_ROWS], f"  and {len(listed) - MOST_ROWS:,} more lines: `--output json` lists all"]

    def _part(self, part: PartChange) -> Iterator[str]:
        mark, style = _MARKS[part.state]
        kind = f" ({flat(part.kind)})" if part.kind and part.section == "components" else ""
        was = f", was {flat(part.was)}: {flat(part.evidence)}" if part.was else ""
        place = f"  {flat(part.location.file)}:{part.location.line}" if part.location else ""
        head = f"{_NOUNS[part.section]} {flat(part.name)}{kind}{was}{place}"
        for index, line in enumerate(hanging("  ", head, self.width, 6)):
            yield f"{self.ink(mark, style)} {line[2:]}" if index == 0 else line
        for change in part.changes:
            yield from hanging("      ", described(change, part.state == ADDED), self.width, 8)

    def _derived(self) -> Iterator[str]:
        for one in self.system.derived:
            row = f"{flat(one.subject)}: {flat(one.fact)}: {_from_to(one.old, one.new)}"
            yield from hanging("  ", row, self.width, 6)

    def _some(self, title: str, findings: Sequence[Finding], style: str) -> Iterator[list[str]]:
        if not findings:
            return
        rows = [self.ink(f"{title}: {plural(len(findings), 'finding')}", style)]
        for finding in findings[:MOST_ROWS]:
            head = f"{finding.severity}[{flat(finding.rule)}] "
            rows += hanging(f"  {head}", f"{flat(finding.name)}: {flat(finding.message)}", self.width, 6)
            rows += place_rows("    -->", finding.location, finding.at, self.width, self.ink)
        if len(findings) > MOST_ROWS:
            rows.append(f"  and {len(findings) - MOST_ROWS:,} more")
        yield rows


def described(change: Change, is_new: bool = False) -> str:
    """Describe the change of a fact.

    >>> described(Change("timeout", "1 s", "2 s")), described(Change("zones", None, "a"))
    ('timeout: 1 s -> 2 s', 'zones: added (a)')
    >>> described(Change("timeout", "1 s", None))
    'timeout: removed (was 1 s)'
    """
    if is_new:
        return f"{flat(change.fact)}: {flat(change.new or '')}"
    if change.old is None:
        return f"{flat(change.fact)}: added ({flat(change.new or '')})"
    if change.new is None:
        return f"{flat(change.fact)}: removed (was {flat(change.old)})"
    return f"{flat(change.fact)}: {_from_to(change.old, change.new)}"


def _from_to(old: str | None, new: str | None) -> str:
    return f"{flat(old) if old is not None else 'none'} -> {flat(new) if new is not None else 'none'}"
