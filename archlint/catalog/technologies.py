"""The technology catalogue: what a name under `uses:` means, and its default facts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from archlint.catalog.listening import Listens, read_listens
from archlint.catalog.reading import CatalogueFile, compiled, plain_name
from archlint.model.quantities import format_duration, parse_count, parse_duration
from archlint.model.words import BALANCING, KINDS
from archlint.shipped import catalogue_file
from archlint.source.nodes import Node

_KEYS: Final = ("title", "kind", "also", "unlike", "aliases", "images", "site", "listens", "assumed")
_BALANCING: Final = tuple(BALANCING)
_OUTSIDE: Final = frozenset({"client", "external"})
"""Kinds that may use anything: their insides are not the file's subject."""
_ALSO_FIT: Final = {
    "service": (
        "model-server", "worker", "batch-job", "stream-processor", "training-job", "scheduler", "gateway", "guardrail",
        "feature-store", "model-registry", "config-store", "edge-device",
    ),
    "gateway": ("load-balancer", "service", "guardrail"),
    "load-balancer": ("gateway",),
    "model-server": ("service", "worker", "batch-job", "stream-processor", "guardrail", "edge-device"),
    "worker": ("service", "model-server", "batch-job", "stream-processor", "training-job"),
    "batch-job": ("training-job", "worker"),
    "stream-processor": ("service", "model-server", "worker", "batch-job"),
    "scheduler": ("service", "worker", "batch-job", "training-job"),
    "training-job": ("batch-job",),
    "queue": ("log-store",),
    "cache": ("feature-store", "config-store"),
    "database": (
        "cache", "queue", "warehouse", "feature-store", "vector-store", "log-store", "config-store", "model-registry",
    ),
    "warehouse": ("database", "object-store", "feature-store", "log-store"),
    "object-store": ("database", "cache", "warehouse", "feature-store", "log-store", "config-store", "model-registry"),
    "feature-store": ("database", "cache"),
    "vector-store": ("cache", "feature-store"),
    "model-registry": ("object-store",),
    "log-store": ("database", "monitoring"),
    "monitoring": ("log-store",),
    "guardrail": ("service", "model-server", "gateway"),
    "config-store": ("database", "service"),
    "edge-device": ("model-server",),
    "external": ("service",),
}  # fmt: skip
"""By the usual kind of a technology: the kinds whose work it can do as well, though its entry does not name them."""
_ASSUMABLE: Final = (
    "persistent", "redundant", "serverless", "balanced", "generates", "timeout", "cuts_streams", "balancing",
    "workers", "names_only", "redelivery_after",
)  # fmt: skip
_TIMES: Final = frozenset({"timeout", "redelivery_after"})


class Assumed(msgspec.Struct, frozen=True):
    """A default of a technology, with its source; an architecture file may override it."""

    value: bool | float | str
    because: str
    source: str


class Technology(msgspec.Struct, frozen=True):
    """One entry: `kind` is its usual kind, `also` lists other possible kinds.

    `unlike` names entries whose names are easily taken for this one; `listens` are the default ports of its images.
    """

    name: str
    title: str
    kind: str
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    site: str = ""
    assumed: dict[str, Assumed] = {}
    unlike: tuple[str, ...] = ()
    listens: Listens | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind that the entry names, the usual one first."""
        return (self.kind, *self.also)

    @property
    def label(self) -> str:
        """The title, and the entries that it is not: "NVIDIA Dynamo (not `dynamodb`)"."""
        return f"{self.title} (not {', '.join(f'`{name}`' for name in self.unlike)})" if self.unlike else self.title

    def fits(self, kind: str) -> bool:
        """Whether a component of this kind may use the technology: only what it plainly is not is refused.

        >>> kafka = Technology("kafka", "Apache Kafka", "queue", ("log-store",))
        >>> kafka.fits("queue"), kafka.fits("external"), kafka.fits("model-server")
        (True, True, False)
        """
        return kind in self.kinds or kind in _OUTSIDE or kind in _ALSO_FIT.get(self.kind, ())


class Technologies:
    """Technologies by name and alias; case and word separators do not matter."""

    def __init__(self, entries: Iterable[Technology]) -> None:
        self.entries: dict[str, Technology] = {}
        self._by_name: dict[str, Technology] = {}
        self._as_written: dict[str | None, Technology | None] = {None: None, "": None}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Technology) -> None:
        """Add an entry; it replaces one of the same name."""
        self.entries[entry.name] = entry
        self._as_written = {None: None, "": None}
        for name in (entry.name, *entry.aliases):
            self._by_name[plain_name(name)] = entry

    def get(self, name: str | None) -> Technology | None:
        """Look up a name or alias."""
        if name not in self._as_written:
            self._as_written[name] = self._by_name.get(plain_name(name or ""))
        return self._as_written[name]

    def names(self) -> list[str]:
        """Every name and alias."""
        return list(self._by_name)


def shipped_technologies() -> Technologies:
    """The catalogue that ships with archlint.

    Its source is `technologies.yaml`. Every start reads `technologies.json`, which `docs/generate.py` makes from it and
    which loads ten times faster.

    >>> shipped_technologies().get("TensorFlow Serving").kind
    'model-server'
    """
    data = catalogue_file("technologies.json").read_bytes()
    return Technologies(msgspec.json.decode(data, type=list[Technology]))


def default_text(key: str, value: bool | float | str) -> str:
    """Return a default as a file states it.

    >>> default_text("timeout", 60.0), default_text("persistent", False), default_text("workers", 8.0)
    ('timeout: 1min', 'persistent: false', 'workers: 8')
    """
    if isinstance(value, float):
        return f"{key}: {format_duration(value).replace(' ', '') if key in _TIMES else f'{value:g}'}"
    return f"{key}: {str(value).lower() if isinstance(value, bool) else value}"


def compiled_technologies() -> bytes:
    """Return the required content of `technologies.json`."""
    return compiled(read_technologies(catalogue_file("technologies.yaml")))


def read_technologies(path: Path) -> list[Technology]:
    """Read a catalogue file, shipped or a user's own; raises `ConfigError` with its place."""
    file = CatalogueFile(path)
    return [_entry(file, name, entry.value) for name, entry in file.entries().items()]


def _entry(file: CatalogueFile, name: str, node: Node) -> Technology:
    values = file.mapping(node, _KEYS, name)
    kind, also = file.text(node, values, "kind", name), file.texts(values, "also", name)
    for word in (kind, *also):
        if word not in KINDS:
            raise file.error(node, f"`{name}`: unknown kind of component `{word}`", f"valid values: {', '.join(KINDS)}")
    assumed: dict[str, Assumed] = {}
    if "assumed" in values:
        for key, fact in file.mapping(values["assumed"], _ASSUMABLE, name).items():
            assumed[key] = _assumed(file, key, fact, f"{name}.{key}")
    images = file.texts(values, "images", name)
    listens = read_listens(file, values["listens"], images, f"{name}.listens") if "listens" in values else None
    return Technology(
        name, file.text(node, values, "title", name), kind, also, file.texts(values, "aliases", name),
        images, "".join(file.texts(values, "site", name)), assumed, file.texts(values, "unlike", name), listens,
    )  # fmt: skip


def _assumed(file: CatalogueFile, key: str, node: Node, name: str) -> Assumed:
    values = file.mapping(node, ("value", "because", "source"), name)
    text = file.text(node, values, "value", name)
    try:
        value = _value(key, text)
    except ValueError as error:
        message, _, hint = str(error).partition("; ")
        raise file.error(values["value"], f"`{name}`: {message}", hint) from None
    return Assumed(value, file.text(node, values, "because", name), file.text(node, values, "source", name))


def _value(key: str, text: str) -> bool | float | str:
    """Read the value of a fact that may be assumed; raises `ValueError`."""
    if key in _TIMES:
        return parse_duration(text)
    if key == "workers":
        return parse_count(text)
    words = _BALANCING if key == "balancing" else ("true", "false")
    if text not in words:
        raise ValueError(f"`{text}` is not allowed here; valid values: {', '.join(words)}")
    return text if key == "balancing" else text == "true"
