"""The example that the page of a rule shows: a file in its folder, or in the archive of an installation."""

from __future__ import annotations

from pathlib import PurePosixPath

from archlint.packs.records import Pack
from archlint.shipped import packed_file


def first_example(pack: Pack, kind: str) -> str | None:
    """Return the text of the first example of a kind, `bad` or `good`; an architecture file comes before manifests."""
    found = pack.examples(kind) or pack.manifests(kind)
    if found:
        return found[0].read_text(encoding="utf-8")
    archive = packed_file("rules") if pack.shipped else None
    if archive is None:
        return None
    from zipfile import ZipFile

    with ZipFile(archive) as packed:
        for suffix in ("yaml", "yml"):
            like = f"{pack.folder.name}/{kind}*.{suffix}"
            names = sorted(name for name in packed.namelist() if PurePosixPath(name).match(like))
            if names:
                return packed.read(names[0]).decode("utf-8")
    return None
