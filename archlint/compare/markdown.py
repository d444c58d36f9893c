"""A difference as Markdown, for a comment on a pull request: findings, changes, and a picture of both versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from archlint.compare.difference import ADDED, CHANGED, REMOVED, RENAMED, Difference, PartChange, SystemDifference
from archlint.compare.picture import picture_of
from archlint.compare.text import described
from archlint.diagram.mermaid import mermaid
from archlint.report.layout import plural
from archlint.report.markup import plain, prose
from archlint.verdicts import Finding, Severity

MOST_ROWS: Final = 50
_STATES: Final = {ADDED: "added", REMOVED: "removed", CHANGED: "changed", RENAMED: "renamed"}
_HASH: Final = re.compile(r"^(?:[0-9a-f]{64}|[0-9a-f]{40})(?=:|$)")
_SHORT: Final = 10


def render_markdown(difference: Difference) -> str:
    """Return a difference as Markdown for GitHub and GitLab; text from files is escaped."""
    title = f"## Architecture: {plain(_short(difference.old))} to {plain(_short(difference.new))}"
    rows = [title, "", *_overview(difference)]
    for error in difference.errors:
        rows += ["", f"**Could not be read:** {plain(_short(error.message))}"]
    for note in difference.notes:
        rows += ["", f"> {plain(_short(note))}"]
    for system in difference.systems:
        rows += ["", *_system(system)]
    return "\n".join(rows) + "\n"


def _short(text: str) -> str:
    """Shorten the hash of a commit, alone or before one of its files; GitHub and GitLab still link it.

    >>> _short("0123456789abcdef0123456789abcdef01234567:arch.yaml"), _short("main:arch.yaml")
    ('0123456789:arch.yaml', 'main:arch.yaml')
    """
    return _HASH.sub(lambda match: match[0][:_SHORT], text)


def _overview(difference: Difference) -> list[str]:
    if not difference.systems:
        return ["No difference."]
    systems = difference.systems
    new, healed = (sum(map(len, some)) for some in ([s.found for s in systems], [s.healed for s in systems]))
    same = f", {difference.same:,} the same" if difference.same else ""
    unchanged = sum(system.unchanged for system in systems)
    found = f"**{plural(new, 'new finding')}**, {healed:,} resolved, {unchanged:,} unchanged"
    return [f"{plural(len(systems), 'system')} changed{same}; {found}."]


def _system(system: SystemDifference) -> Iterator[str]:
    state = "" if system.old and system.new else " (new)" if system.new else " (gone)"
    yield f"### {plain(system.system)}{state}"
    for note in system.notes:
        yield from ("", f"> {plain(_short(note))}")
    yield from _findings("New findings", system.found)
    yield from _findings("Resolved", system.healed)
    yield from _findings("Accepted now", system.accepted)
    yield from _findings("Undecided now", system.undecided)
    if system.regraded:
        rows = [f"- {plain(r.finding.rule)} at {plain(r.finding.at)}: {r.was} to {r.finding.severity}"
                for r in system.regraded]  # fmt: skip
        yield from ("", "**Severity changed**", "", *rows)
    if system.parts:
        head = ("", "| | part | what changed |", "|---|---|---|")
        yield from (*head, *_limited([_row(part) for part in system.parts], "| | {} more | |"))
    if system.derived:
        cells = [(one.subject, one.fact, one.old or "–", one.new or "–") for one in system.derived]
        rows = [f"| {' | '.join(plain(text, cell=True) for text in row)} |" for row in cells]
        yield from ("", "| derived fact of | fact | before | after |", "|---|---|---|---|")
        yield from _limited(rows, "| {} more | | | |")
    yield from _picture(system)


def _limited(rows: list[str], more: str) -> list[str]:
    return rows if len(rows) <= MOST_ROWS else [*rows[:MOST_ROWS], more.format(f"{len(rows) - MOST_ROWS:,}")]


def _row(part: PartChange) -> str:
    section = {"system": "system", "accept": "acceptance"}.get(part.section, part.section.removesuffix("s"))
    changes = [plain(described(change, part.state == ADDED), cell=True) for change in part.changes]
    if part.was:
        changes.insert(0, f"was {plain(part.was, cell=True)} ({plain(part.evidence, cell=True)})")
    kind = f" ({plain(part.kind, cell=True)})" if part.kind and part.section == "components" else ""
    return f"| {_STATES[part.state]} | {section} {plain(part.name, cell=True)}{kind} | {'<br>'.join(changes)} |"


def _findings(title: str, findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield from ("", f"**{title}**", "")
    rows = []
    # The most severe come first, because long lists are cut.
    for one in sorted(findings, key=lambda finding: -Severity(finding.severity).rank):
        place = plain(f"{_short(one.location.file)}:{one.location.line}")
        rows.append(f"- {one.severity} {plain(one.rule)} {plain(one.name)}, {place}: {prose(one.message)}")
    yield from _limited(rows, "- {} more")


def _picture(system: SystemDifference) -> Iterator[str]:
    """Draw what changed in one picture, if a component or a relation did, or something that its card shows."""
    picture = picture_of(system)
    if picture.nodes:
        text = mermaid(replace(picture, title="", notes=()))
        yield from ("", "```mermaid", *text.rstrip("\n").split("\n"), "```")
        yield from (line for note in picture.notes[1:] for line in ("", note))
