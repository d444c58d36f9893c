"""Makes a file of skops depend on nothing but the model: the same training gives the same digest, and so version."""

from __future__ import annotations

import io
import re
import zipfile

_ID = re.compile(r'"__id__": (\d+)')
_OLDEST = (1980, 1, 1, 0, 0, 0)                     # of a ZIP file


def canonical(data: bytes) -> bytes:
    """Return a file of skops without what differs from run to run: addresses in memory, and the time of writing.

    The addresses identify objects in the schema and in the names of the arrays; they are numbered instead.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    schema = parts.pop("schema.json").decode()
    numbers = {found: str(index) for index, found in enumerate(dict.fromkeys(_ID.findall(schema)), start=1)}

    def renumbered(text: str) -> str:
        return re.sub(r"\d{6,}", lambda found: numbers.get(found[0], found[0]), text)

    kept = {"schema.json": renumbered(schema).encode(), **{renumbered(name): part for name, part in parts.items()}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(kept):
            archive.writestr(zipfile.ZipInfo(name, _OLDEST), kept[name])
    return out.getvalue()
