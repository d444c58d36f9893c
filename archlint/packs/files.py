"""The files of a rule: in its folder, or, of a rule that ships, in the archive of an installation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from archlint.packs.records import Pack
from archlint.shipped import packed_file, shipped_folder
from archlint.source.files import keep_inside, read_bytes
from archlint.source.parser import decode


def text_of(folder: Path, name: str) -> str | None:
    """Return the text of a file in the folder of a rule; None if there is no such file.

    >>> from archlint.shipped import shipped_folder
    >>> folder = shipped_folder("rules") / "SRV001-online-bigsize"
    >>> text_of(folder, "rule.yaml").partition(":")[0], text_of(folder, "none.md")
    ('title', None)
    """
    file = folder / name
    if file.is_file():
        return _text(file)
    archive = _archive_of(folder)
    if archive is None:
        return None
    with ZipFile(archive) as packed:
        inside = f"{folder.name}/{name}"
        return packed.read(inside).decode("utf-8") if inside in packed.namelist() else None


def first_example(pack: Pack, kind: str) -> str | None:
    """Return the text of the first example of a kind, `bad` or `good`; an architecture file comes before manifests.

    A bad example that marks a line comes before one whose included files have the marks.
    """
    first = None
    for text in _examples(pack, kind):
        if kind != "bad" or "# expect:" in text:
            return text
        first = first or text
    return first


def _examples(pack: Pack, kind: str) -> Iterator[str]:
    found = pack.examples(kind) or pack.manifests(kind)
    yield from map(_text, found)
    archive = _archive_of(pack.folder)
    if found or archive is None:
        return
    with ZipFile(archive) as packed:
        for suffix in ("yaml", "yml"):
            like = f"{pack.folder.name}/{kind}*.{suffix}"
            names = sorted(name for name in packed.namelist() if PurePosixPath(name).match(like))
            yield from (packed.read(name).decode("utf-8") for name in names)


def _text(file: Path) -> str:
    """Read a file of a rule; raises `UsageError` if a link leads out of the project, as its text is shown."""
    keep_inside(file, done="read")
    return decode(str(file), read_bytes(file, str(file)))


def _archive_of(folder: Path) -> Path | None:
    return packed_file("rules") if folder.parent == shipped_folder("rules") else None
