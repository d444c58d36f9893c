"""The files of a rule: in its folder, or, of a rule that ships, in the archive of an installation."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from archlint.packs.records import Pack
from archlint.shipped import packed_file, shipped_folder


def text_of(folder: Path, name: str) -> str | None:
    """Return the text of a file in the folder of a rule; None if there is no such file.

    >>> from archlint.shipped import shipped_folder
    >>> folder = shipped_folder("rules") / "SRV001-online-bigsize"
    >>> text_of(folder, "rule.yaml").partition(":")[0], text_of(folder, "none.md")
    ('title', None)
    """
    file = folder / name
    if file.is_file():
        return file.read_text(encoding="utf-8")
    archive = _archive_of(folder)
    if archive is None:
        return None
    with ZipFile(archive) as packed:
        inside = f"{folder.name}/{name}"
        return packed.read(inside).decode("utf-8") if inside in packed.namelist() else None


def first_example(pack: Pack, kind: str) -> str | None:
    """Return the text of the first example of a kind, `bad` or `good`; an architecture file comes before manifests."""
    found = pack.examples(kind) or pack.manifests(kind)
    if found:
        return found[0].read_text(encoding="utf-8")
    archive = _archive_of(pack.folder)
    if archive is None:
        return None
    with ZipFile(archive) as packed:
        for suffix in ("yaml", "yml"):
            like = f"{pack.folder.name}/{kind}*.{suffix}"
            names = sorted(name for name in packed.namelist() if PurePosixPath(name).match(like))
            if names:
                return packed.read(names[0]).decode("utf-8")
    return None


def _archive_of(folder: Path) -> Path | None:
    return packed_file("rules") if folder.parent == shipped_folder("rules") else None
