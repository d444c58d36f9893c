"""Entries that a baseline no longer needs, and how to remove them: the same words in every format."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.baselined import BaselineEntry, BaselineUse
from archlint.report.layout import flat, plural
from archlint.verdicts import Report

MOST_ENTRIES = 20
"""At most so many resolved entries are listed by name, and as many accepted ones."""


def overdue(report: Report) -> tuple[BaselineUse, ...]:
    """Return the baselines that fail the check: strict ones with entries that are no longer needed."""
    return tuple(use for use in report.baselines if use.strict and use.spent)


def spent_groups(use: BaselineUse) -> Iterator[tuple[str, list[str]]]:
    """Yield how many findings are resolved or accepted, each with the first entries and the number of the others.

    >>> old = BaselineEntry("arch.yaml", "REL001", "components.old", 2)
    >>> list(spent_groups(BaselineUse("known.jsonl", (old,))))
    [('2 findings in known.jsonl are resolved', ['REL001  components.old  in arch.yaml (2 times)'])]
    """
    for entries, what in ((use.healed, "resolved"), (use.accepted, "now accepted")):
        if entries:
            count = sum(entry.count for entry in entries)
            verb = "is" if count == 1 else "are"
            named = [_named(entry) for entry in entries[:MOST_ENTRIES]]
            if len(entries) > MOST_ENTRIES:
                named.append(f"and {len(entries) - MOST_ENTRIES:,} more")
            yield f"{plural(count, 'finding')} in {flat(use.file)} {verb} {what}", named


def _named(entry: BaselineEntry) -> str:
    times = f" ({entry.count} times)" if entry.count > 1 else ""
    return f"{flat(entry.rule)}  {flat(entry.at)}  in {flat(entry.file)}{times}"


def next_step(use: BaselineUse) -> str:
    """Return how to remove entries that are no longer needed; until then, a strict baseline fails the check.

    >>> next_step(BaselineUse("known.jsonl", strict=True))
    'known.jsonl is strict, so the check fails: run `archlint baseline --update`.'
    """
    if use.strict:
        return f"{flat(use.file)} is strict, so the check fails: run `archlint baseline --update`."
    return "Remove old entries with `archlint baseline --update`."


def spent_text(use: BaselineUse) -> str:
    """Return in one line how many findings are resolved or accepted, and the next step, without the entries.

    >>> spent_text(BaselineUse("known.jsonl", (BaselineEntry("arch.yaml", "REL001", "components.old"),)))
    '1 finding in known.jsonl is resolved. Remove old entries with `archlint baseline --update`.'
    """
    return " ".join([*(f"{head}." for head, _ in spent_groups(use)), next_step(use)])
