"""The documents of one file: which of them describe a system, and which are not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Final

from archlint.errors import UsageError
from archlint.source.document import Document, Flaw
from archlint.source.nodes import Mapping, Scalar, Span

MAX_PART: Final = 80
"""The longest name of a system that tells it apart from the others of its file; longer ones have a number."""
_MOST_NAMED: Final = 20
_STRAY: Final = "this document has no key `archlint`, so it is not checked"
_SECOND: Final = "another document starts here; only the first one is read"


def join_documents(name: str, text: str, documents: list[Document]) -> Document:
    """Return the first document that describes a system, with the others; documents without a system are its flaws."""
    if not documents:
        return Document(name, text, None)
    systems = [document for document in documents if _is_system(document)]
    main = (systems or documents)[0]
    message, lost = (_STRAY, False) if systems else (_SECOND, True)
    strays = [document for document in documents if document is not main and document not in systems]
    main.flaws += tuple(Flaw("several-documents", message, _start_of(stray), loses_meaning=lost) for stray in strays)
    if len(systems) > 1:
        named = Counter(map(_system_name, systems))
        for number, system in enumerate(systems[1:], start=2):
            title = _system_name(system)
            system.part = title if title and named[title] == 1 else str(number)
        main.others = tuple(systems[1:])
    return main


def system_names(document: Document) -> list[str]:
    """Name the systems of a document's file: as they name themselves, else by their numbers, from 1."""
    return [one.part or _system_name(one) or str(number) for number, one in enumerate(document.systems, start=1)]


def picked_systems(document: Document, name: str) -> tuple[Document, ...]:
    """Return the system of a document's file that a name or a number picks; all for an empty name, none for others."""
    if not name:
        return document.systems
    names = system_names(document)
    numbers = [str(number) for number in range(1, len(names) + 1)]
    found = next((words.index(name) for words in (names, numbers) if name in words), None)
    return () if found is None else (document.systems[found],)


def pick_system(document: Document, name: str) -> Document:
    """Return one system of a document's file, by its name or its number; raises `UsageError` for any other word."""
    found = picked_systems(document, name)
    if not found:
        raise no_such_system(document.name, name, system_names(document))
    return found[0]


def no_such_system(where: str, name: str, names: Iterable[str]) -> UsageError:
    """Return the error for a name that picks no system; `names` are those that there are."""
    known = ", ".join(shorten(one) for one in islice(dict.fromkeys(names), _MOST_NAMED))
    return UsageError(f"{where} has no system `{shorten(name)}`", f"systems: {known}" if known else "")


def shorten(text: str) -> str:
    """Show a text on one line of bounded length."""
    flat = " ".join(text.split())
    return flat if len(flat) <= MAX_PART else f"{flat[: MAX_PART - 1]}…"


def _is_system(document: Document) -> bool:
    return isinstance(document.root, Mapping) and "archlint" in document.root.entries


def _system_name(document: Document) -> str:
    """Return the name that a document gives its system, if it is one short line."""
    entry = document.root.entries.get("system") if isinstance(document.root, Mapping) else None
    name = entry.value.text if entry is not None and isinstance(entry.value, Scalar) else ""
    return name if len(name) <= MAX_PART and name.isprintable() and not set(name) & {"/", "\\"} else ""


def _start_of(document: Document) -> Span:
    """Where a document starts: at its `---`, else at its value."""
    start = document.extent.start
    if not document.text.startswith("---", start) and document.root is not None:
        start = document.root.start
    return Span(start, start + 3)
