"""Whether a system may have acceptances; most have none, and the modules that apply them are then not loaded."""

from __future__ import annotations

from archlint.model.architecture import Architecture


def may_accept(architecture: Architecture) -> bool:
    """Return whether a file has the key `accept`, or what may be a comment that accepts findings."""
    return bool(architecture.accept) or any(may_hold_comments(document.text) for document in architecture.documents)


def may_hold_comments(text: str) -> bool:
    """Return whether `archlint` follows a `#` somewhere: nearly always it is the key at the start of the file only."""
    lowered = text.lower()
    at = lowered.find("archlint")
    while at >= 0:
        before = at
        while before and lowered[before - 1] in " \t":
            before -= 1
        if before and lowered[before - 1] == "#":
            return True
        at = lowered.find("archlint", at + 1)
    return False
