"""The facts of a part that changed between two versions."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from archlint.analysis.stated import Fact
from archlint.errors import ArchlintError


class Change(msgspec.Struct, frozen=True):
    """A fact that changed; None on the side where it is not set."""

    fact: str
    old: str | None
    new: str | None


def changes_of(old: Mapping[str, Fact], new: Mapping[str, Fact]) -> tuple[Change, ...]:
    """Return the facts that changed: those of the new side in its order, then the removed ones."""
    found = []
    for key in (*new, *(key for key in old if key not in new)):
        before, after = old.get(key), new.get(key)
        if before is None or after is None:
            found.append(Change(key, before.text if before else None, after.text if after else None))
        elif not before.is_like(after):
            alike = before.text == after.text
            pair = (before.exact, after.exact) if alike and before.exact else (before.text, after.text)
            found.append(Change(key, *pair))
    return tuple(found)


class DiffError(ArchlintError):
    """Two versions that cannot be compared."""
