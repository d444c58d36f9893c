"""Entries that a baseline no longer needs, and what to do about them: the same words in every format."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.report.layout import flat, plural
from archlint.verdicts import BaselineEntry, BaselineUse, Report

MOST_ENTRIES = 20
"""Most entries of a baseline that are named, of those that are resolved and of those that are accepted now."""


def overdue(report: Report) -> tuple[BaselineUse, ...]:
    """Return the baselines that fail the check: strict ones with entries that are no longer needed."""
    return tuple(use for use in report.baselines if use.strict and use.spent)


def spent_groups(use: BaselineUse) -> Iterator[tuple[str, list[str]]]:
    """Yield how many findings are resolved or accepted, and their entries; beyond the first ones they are counted.

    >>> old = BaselineEntry("arch.yaml", "REL001", "components.old", 2)
    >>> list(spent_groups(BaselineUse("known.jsonl", (old,))))
    [('2 findings of known.jsonl are resolved', ['REL001  components.old  in arch.yaml (2 times)'])]
    """
    for entries, what in ((use.healed, "resolved"), (use.accepted, "accepted now")):
        if entries:
            count = sum(entry.count for entry in entries)
            verb = "is" if count == 1 else "are"
            named = [_named(entry) for entry in entries[:MOST_ENTRIES]]
            if len(entries) > MOST_ENTRIES:
                named.append(f"and {len(entries) - MOST_ENTRIES:,} more")
            yield f"{plural(count, 'finding')} of {flat(use.file)} {verb} {what}", named


def _named(entry: BaselineEntry) -> str:
    times = f" ({entry.count} times)" if entry.count > 1 else ""
    return f"{flat(entry.rule)}  {flat(entry.at)}  in {flat(entry.file)}{times}"


def next_step(use: BaselineUse) -> str:
    """Say how to remove the entries that a baseline no longer needs; a strict baseline fails the check until then.

    >>> next_step(BaselineUse("known.jsonl", strict=True))
    'known.jsonl is strict: remove them with `archlint baseline --update`.'
    """
    text = "remove them with `archlint baseline --update`."
    return f"{flat(use.file)} is strict: {text}" if use.strict else f"{text[0].upper()}{text[1:]}"


def spent_text(use: BaselineUse) -> str:
    """Say in one line how many findings are resolved or accepted, and the next step, without the entries.

    >>> spent_text(BaselineUse("known.jsonl", (BaselineEntry("arch.yaml", "REL001", "components.old"),)))
    '1 finding of known.jsonl is resolved. Remove them with `archlint baseline --update`.'
    """
    return " ".join([*(f"{head}." for head, _ in spent_groups(use)), next_step(use)])
