"""What a baseline holds for nothing, and what to do about it: the same words in every format."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.report.layout import flat, plural
from archlint.verdicts import BaselineEntry, BaselineUse, Report

MOST_ENTRIES = 20
"""How many entries are named of a baseline, of those that are healed and of those that are accepted by now."""


def overdue(report: Report) -> tuple[BaselineUse, ...]:
    """Return the baselines that fail the check: strict ones that hold what is no longer found."""
    return tuple(use for use in report.baselines if use.strict and use.spent)


def spent_groups(use: BaselineUse) -> Iterator[tuple[str, list[str]]]:
    """Yield what became of how many findings, and the entries; those that are too many to name are counted.

    >>> old = BaselineEntry("arch.yaml", "REL001", "components.old", 2)
    >>> list(spent_groups(BaselineUse("known.jsonl", (old,))))
    [('2 findings of known.jsonl are healed', ['REL001  components.old  in arch.yaml (2 times)'])]
    """
    for entries, what in ((use.healed, "healed"), (use.accepted, "accepted by now")):
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
    """Say how to take out of a baseline what it holds for nothing, and that it has to be where it is strict.

    >>> next_step(BaselineUse("known.jsonl", strict=True))
    'known.jsonl is strict: take them out with `archlint baseline --update`.'
    """
    text = "take them out with `archlint baseline --update`."
    return f"{flat(use.file)} is strict: {text}" if use.strict else f"{text[0].upper()}{text[1:]}"


def spent_text(use: BaselineUse) -> str:
    """Say in one line what became of how many findings, and the next step; the entries are not named.

    >>> spent_text(BaselineUse("known.jsonl", (BaselineEntry("arch.yaml", "REL001", "components.old"),)))
    '1 finding of known.jsonl is healed. Take them out with `archlint baseline --update`.'
    """
    return " ".join([*(f"{head}." for head, _ in spent_groups(use)), next_step(use)])
