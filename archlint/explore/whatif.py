"""Compare a system with a changed version of it: numbers, facts and findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from archlint.analysis.numbers import Number
from archlint.analysis.quantity import Missing, Quantity
from archlint.changing import Setting
from archlint.compare.difference import Difference
from archlint.compare.systems import Snapshot, compare
from archlint.explore.variants import Variant, Variants
from archlint.verdicts import Severity

_SAME = 1e-9


class NumberChange(msgspec.Struct, frozen=True):
    """A computed number that changed; None on a side where it does not apply. One side at least has a value."""

    subject: str
    name: str
    old: Quantity | Missing | None
    new: Quantity | Missing | None


class WhatIf(msgspec.Struct, frozen=True):
    """A system before and after some settings: the numbers that changed, and the difference as `diff` shows it."""

    before: Variant
    after: Variant
    numbers: tuple[NumberChange, ...]
    difference: Difference

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return self.difference.is_empty and not self.numbers

    def found_at_least(self, severity: Severity) -> bool:
        """Whether the changed system has a finding at or above a severity."""
        return any(Severity(one.severity).rank >= severity.rank for one in self.after.report.findings)


def whatif(variants: Variants, settings: Iterable[Setting]) -> WhatIf:
    """Return what some settings change; raises `UsageError` for one that cannot be applied."""
    before, after = variants.of(), variants.of(settings)
    changes = tuple(number_changes(before, after))
    return WhatIf(before, after, changes, _difference(before, after))


def number_changes(before: Variant, after: Variant) -> Iterator[NumberChange]:
    """Yield the numbers that differ, in the order of the changed system, those of each part together."""
    old, new = before.numbers.flat(), after.numbers.flat()
    keys = (*new, *(key for key in old if key not in new))
    order = {subject: number for number, subject in enumerate(dict.fromkeys(subject for subject, _ in keys))}
    for subject, name in sorted(keys, key=lambda key: order[key[0]]):
        was, now = old.get((subject, name)), new.get((subject, name))
        if not _alike(was, now):
            yield NumberChange(subject, name, was, now)


def _alike(old: Number | None, new: Number | None) -> bool:
    """Return whether two numbers are equal, except for rounding; numbers without a value are."""
    if not isinstance(old, Quantity) or not isinstance(new, Quantity):
        return not isinstance(old, Quantity) and not isinstance(new, Quantity)
    close = abs(old.value - new.value) <= _SAME * max(abs(old.value), abs(new.value))
    return close and (old.unit, old.certainty) == (new.unit, new.certainty)


def _difference(before: Variant, after: Variant) -> Difference:
    one = compare(Snapshot(before.system, before.report), Snapshot(after.system, after.report))
    count = len(after.settings)
    named = f"{after.report.key} with {count} {'change' if count == 1 else 'changes'}"
    if one.is_empty:
        return Difference(before.report.key, named, (), 1)
    return Difference(before.report.key, named, (one,))
