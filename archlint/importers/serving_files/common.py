"""What readers of these files share: numbers, durations, formats of models, and facts that several models agree on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.files import Files
from archlint.importers.objects import Fact, Item, Rows, Site, Table, Value, tree
from archlint.model.cron import parse_schedule
from archlint.source.document import Document
from archlint.source.nodes import Mapping, Span
from archlint.source.parser import parse_all

MAX_BYTES: Final = 4 * 1024 * 1024
_NUMBER: Final = re.compile(r"^\d{1,12}(\.\d{1,9})?$")
_SUFFIXES: Final = {
    ".onnx": "onnx", ".pt": "torchscript", ".pth": "pickle", ".pkl": "pickle", ".pickle": "pickle", ".joblib": "joblib",
    ".skops": "skops", ".safetensors": "safetensors", ".gguf": "gguf", ".ubj": "ubj", ".h5": "hdf5", ".cbm": "cbm",
}  # fmt: skip


def document_of(path: Path, files: Files) -> Document:
    """Return a file that is not YAML as a document without values; raises `UnreadableInputError`."""
    text = files.text(path)
    if len(text) > MAX_BYTES:
        raise UnreadableInputError(f"{path}: larger than {MAX_BYTES // 1024**2} MiB", "exclude the file")
    return Document(files.shown(path), text, None)


def start_of(document: Document) -> Site:
    """The first line of a file."""
    return Site(document, Span(0, len(document.line(1))))


def number(value: Value | None) -> float | None:
    """The number that a value states; None if it states none, as in a template."""
    return float(value.text) if value is not None and _NUMBER.match(value.text.strip()) else None


def seconds(amount: float) -> str:
    """A duration of `arch.yaml`.

    >>> seconds(0.0001), seconds(30), seconds(0.25)
    ('0.1ms', '30s', '250ms')
    """
    return f"{amount:.10g}s" if amount >= 1 else f"{amount * 1000:.10g}ms"


def is_schedule(text: str) -> bool:
    """Whether a text is a schedule of `arch.yaml`, such as a cron expression.

    >>> is_schedule("0 3 * * *"), is_schedule("0 3 * * x")
    (True, False)
    """
    try:
        parse_schedule(text)
    except ValueError:
        return False
    return True


def is_true(value: Value | None) -> bool:
    """Whether a value is true, also as a text: `true`, `"True"`, `1`."""
    return value is not None and value.text.strip().lower() in {"true", "1", "yes", "on"}


def format_of(path: str) -> str:
    """The format of an artefact by its suffix; empty if it says nothing."""
    return _SUFFIXES.get(Path(path).suffix.lower(), "")


def nested(value: Value) -> Table | None:
    """Read YAML or JSON in a text: with its own places if it is a whole file, otherwise with that of the text."""
    try:
        documents = parse_all(value.site.document.name, value.text)
    except UnreadableInputError:
        return None
    document = next((one for one in documents if isinstance(one.root, Mapping)), None)
    if document is None or document.root is None:
        return None
    found = tree(document, document.root)
    if value.text != value.site.document.text:
        found = _moved(found, value.site)
    return found if isinstance(found, Table) else None


def _moved(item: Item, site: Site) -> Item:
    if isinstance(item, Value):
        return Value(item.text, site, item.status, item.raw, item.plain, item.tag)
    if isinstance(item, Rows):
        return Rows([_moved(one, site) for one in item.items], site)
    return Table({key: _moved(one, site) for key, one in item.entries.items()}, dict.fromkeys(item.entries, site), site)


def batching(size: Value | None, delay: float | None, site: Site, how: str = "") -> Fact | None:
    """The fact `batching` for a size above 1 and a delay in seconds."""
    found = number(size)
    if size is None or found is None or found <= 1:
        return None
    inner = [("max_size", Fact(f"{found:.12g}", size.site))]
    if delay is not None:
        inner.append(("max_delay", Fact(seconds(delay), site)))
    return Fact("", site, how, tuple(inner))


def agreed(facts: Iterable[Fact | None]) -> Fact | None:
    """The fact of a server whose models all state the same; None if they differ or one states none."""
    found = list(facts)
    first = found[0] if found else None
    if first is None or any(one is None or _plain(one) != _plain(first) for one in found):
        return None
    return first


def _plain(fact: Fact) -> tuple[str, tuple[tuple[str, str], ...]]:
    return fact.text, tuple((key, inner.text) for key, inner in fact.inner)
