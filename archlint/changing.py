"""Changed versions of an architecture file: facts that a call sets, such as `components.api.replicas=6`.

The values are put into the parsed document, and the ordinary reader reads it: every check sees them as if the file
stated them. All other lines keep their positions. A finding about a set value points to `--set PATH`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from archlint.errors import UnreadableInputError, UsageError
from archlint.model.architecture import Architecture, Problem
from archlint.model.names import Names
from archlint.model.places import Step
from archlint.model.quantities import shorten
from archlint.model.read import read
from archlint.model.records import SECTIONS, TOP_LEVEL
from archlint.model.words import VERBS
from archlint.source import nodes
from archlint.source.document import Document
from archlint.source.nodes import Entry, Node, Scalar, Span
from archlint.source.parser import parse

OPTION: Final = "--set"
_EXAMPLE: Final = "write it as `components.api.replicas=6`"
_STEP: Final = re.compile(r"""\.?(?:"(?P<quoted>[^"]+)"|\[(?P<item>[^\]\[]+)\]|(?P<plain>[^.\[\]"=\s]+))""")
_INDEX: Final = re.compile(r"\d+")
_PERCENTILE: Final = re.compile(r"p\d+")
_MOST_LISTED: Final = 12

Loader = Callable[[Document, str], Document]
"""Loads a file that a document includes, by its path as written."""


class PathStep(msgspec.Struct, frozen=True):
    """One step of a path, and its offsets in the text of the setting."""

    step: Step
    start: int
    end: int


class Setting(msgspec.Struct, frozen=True):
    """One fact that a call sets: its path, and its value as written; `text` is both. `null` removes the key."""

    text: str
    path: str
    value: str
    steps: tuple[PathStep, ...]

    @property
    def name(self) -> str:
        """The place of its value in findings and errors.

        >>> parse_setting("components.api.replicas=6").name
        '--set components.api.replicas'
        """
        return f"{OPTION} {self.path}"

    @property
    def keys(self) -> tuple[Step, ...]:
        """The steps of the path."""
        return tuple(step.step for step in self.steps)


def parse_setting(text: str) -> Setting:
    """Return a setting, written `PATH=VALUE`; raises `UsageError` if it is not.

    The path is the one that findings show. An item of a list has its index or its target in brackets. A name with a
    dot or a bracket is in double quotes.

    >>> parse_setting("components.api.calls[ranker].timeout=80ms").keys
    ('components', 'api', 'calls', 'ranker', 'timeout')
    >>> parse_setting("models.ranker.service_time.p99.9=1s").keys
    ('models', 'ranker', 'service_time', 'p99.9')
    """
    steps, end = _steps(text)
    if not steps or text[end : end + 1] != "=":
        raise UsageError(f"{OPTION} {shorten(text, 80)}: not a path with a value", _EXAMPLE)
    path, value = text[:end], text[end + 1 :]
    if not value.strip():
        raise UsageError(f"{OPTION} {shorten(path, 80)}: the value is missing", f"{_EXAMPLE}; `null` removes the key")
    return Setting(text, path, value, tuple(steps))


def _steps(text: str) -> tuple[list[PathStep], int]:
    """Return the steps at the start of a text, and where they end."""
    found: list[PathStep] = []
    end = 0
    while end < len(text) and text[end] != "=":
        match = _STEP.match(text, end)
        if match is None or (match[0].startswith(".") and not found):
            return [], end
        kind = match.lastgroup or "plain"
        word = match[kind]
        step: Step = int(word) if kind == "item" and _INDEX.fullmatch(word) and len(word) < 10 else word
        end = match.end()
        before = found[-1] if found else None
        tenths = kind == "plain" and _INDEX.fullmatch(word) and match[0].startswith(".")
        if tenths and before is not None and _PERCENTILE.fullmatch(str(before.step)):
            found[-1] = PathStep(f"{before.step}.{word}", before.start, end)     # p99.9 is one key
        else:
            found.append(PathStep(step, match.start(kind), match.end(kind)))
    return found, end


class ChangedDocument(Document):
    """A document with set values: their offsets are beyond its text, and belong to the texts of the settings."""

    __slots__ = ("_set", "_starts")

    def __init__(self, original: Document, root: Node | None, values: Sequence[tuple[int, Document]]) -> None:
        super().__init__(
            original.name, original.text, root, original.flaws, original.unlisted, extent=original.extent, like=original
        )
        self.part, self.aliased, self.others = original.part, original.aliased, original.others
        self.imported = original.imported
        self._starts = [start for start, _ in values]
        self._set = [document for _, document in values]

    @property
    def size(self) -> int:
        """The end of the last set value."""
        return self._starts[-1] + len(self._set[-1].text) if self._set else len(self.text)

    def home(self, span: Span) -> tuple[Document, Span]:
        """Return the text of the setting that a span belongs to, if it belongs to one."""
        index = bisect_right(self._starts, span.start) - 1
        if index < 0:
            return self, span
        start = self._starts[index]
        return self._set[index], Span(span.start - start, max(span.start, span.end) - start)


class Changed(msgspec.Struct, frozen=True):
    """A changed version: its main document, and what loads its includes, for `Linter.examine`."""

    document: Document
    includes: ChangedIncludes

    @property
    def values(self) -> dict[str, Document]:
        """The texts of the settings, by the name that findings have for them."""
        documents = (self.document, *self.includes.changed.values())
        return {one.name: one for each in documents if isinstance(each, ChangedDocument) for one in each._set}


class ChangedIncludes:
    """Loads the included files, changed where a setting is about something in them."""

    def __init__(self, load: Loader, included: set[Path], main: Document, changed: Mapping[str, Document]) -> None:
        self._load = load
        self._main = main
        self.included = included
        self.changed = changed
        self.deployment: None = None               # what files of an import state does not follow the settings

    def __call__(self, document: Document, target: str) -> Document:
        """Load one file; raises `UnreadableInputError`."""
        found = self._load(self._main if document.name == self._main.name else document, target)
        return self.changed.get(found.name, found)


class Changing:
    """One system, of which changed versions are asked for; its files are read once.

    >>> from archlint.model.read import no_includes
    >>> document = parse("a.yaml", "archlint: 1\\ncomponents: {api: {kind: service, replicas: 2}}\\n")
    >>> changed = Changing(document, no_includes).changed([parse_setting("components.api.replicas=6")])
    >>> read(changed.document, changed.includes).components["api"].replicas
    6.0
    """

    def __init__(self, document: Document, load: Loader, included: set[Path] | None = None) -> None:
        self.document = document
        self._load = load
        self._included = set[Path]() if included is None else included
        self.architecture: Architecture = read(document, load)

    def changed(self, settings: Iterable[Setting]) -> Changed:
        """Return the version with some settings; of two for one path, the last one applies.

        Raises `UsageError` for a path that names nothing, a value that is not YAML, and a setting inside another one.
        """
        last = {setting.keys: setting for setting in settings}
        roots: dict[str, tuple[Document, Node | None, list[tuple[int, Document]]]] = {}
        for setting in last.values():
            _refuse_overlap(setting, last)
            home = self._home(setting)
            document, root, values = roots.get(home.name, (home, home.root, []))
            start = len(document.text) + 1 + sum(len(one.text) + 1 for _, one in values)
            root = _Change(setting, start, _value_of(setting, start)).apply(root)
            values.append((start, Document(setting.name, setting.text, None)))
            roots[home.name] = document, root, values
        changed = {name: ChangedDocument(*found) for name, found in roots.items()}
        main = changed.pop(self.document.name, None) or self.document
        return Changed(main, ChangedIncludes(self._load, self._included, self.document, changed))

    def _home(self, setting: Setting) -> Document:
        """Return the document that defines what a path starts with; raises `UsageError` if nothing does."""
        first, *rest = setting.keys
        if first not in SECTIONS:
            if first not in TOP_LEVEL or first in {"archlint", "include", "accept"}:
                settable = [key for key in TOP_LEVEL if key not in {"archlint", "include", "accept"}]
                raise _unknown(setting, f"there is no section `{shorten(str(first))}`", str(first), settable)
            origin = self.architecture.origins.get((str(first),))
            return origin.document if origin is not None else self.document
        if not rest:
            raise UsageError(f"{setting.name}: a whole section cannot be set", f"name one of its {first}")
        origin = self.architecture.origins.get((str(first), str(rest[0])))
        if origin is None:
            names = [name for section, *name in self.architecture.origins if section == first and name]
            known = [name[0] for name in names]
            what = f"there is no {str(first).removesuffix('s')} `{shorten(str(rest[0]))}`"
            raise _unknown(setting, what, str(rest[0]), known)
        return origin.document


def wrong_settings(changed: Changed, problems: Iterable[Problem]) -> UsageError | None:
    """Return the error for settings that the reader does not understand; None if it understands all."""
    values = changed.values
    wrong = []
    for problem in problems:
        document, _ = problem.document.home(problem.span)
        if document.name in values and problem.kind != "contradiction":     # which is a finding about the system
            wrong.append((f"{document.name}: {problem.message}", problem.suggestion))
    if not wrong:
        return None
    hint = "; ".join(dict.fromkeys(suggestion for _, suggestion in wrong if suggestion))
    return UsageError("\n".join(message for message, _ in wrong), hint)


def _unknown(setting: Setting, what: str, word: str, known: Sequence[str]) -> UsageError:
    near = Names(known).nearest(word)
    if near is not None:
        return UsageError(f"{setting.name}: {what}", f"did you mean `{near}`?")
    listed = ", ".join(shorten(name) for name in known[:_MOST_LISTED]) + (", …" if len(known) > _MOST_LISTED else "")
    return UsageError(f"{setting.name}: {what}", f"known names: {listed}" if listed else "the file defines none")


def _refuse_overlap(setting: Setting, others: Mapping[tuple[Step, ...], Setting]) -> None:
    for length in range(1, len(setting.keys)):
        outer = others.get(setting.keys[:length])
        if outer is not None:
            raise UsageError(f"{setting.name} is inside {outer.name}", "put both into the value of the outer one")


def _value_of(setting: Setting, start: int) -> Node | None:
    """Return the value at its offset; None removes the key."""
    try:
        root = parse(setting.name, setting.value).root
    except UnreadableInputError as error:
        raise UsageError(error.message, "quote the value as YAML needs it") from None
    return None if root is None else _moved(root, start + len(setting.path) + 1)


def _moved(node: Node, by: int) -> Node:
    """Return a value at other offsets."""
    if isinstance(node, Scalar):
        return Scalar(node.text, node.start + by, node.width, node.plain)
    if isinstance(node, nodes.Sequence):
        return nodes.Sequence([_moved(item, by) for item in node.items], node.start + by, node.end + by)
    entries = {
        key: Entry(entry.start + by, entry.width, _moved(entry.value, by)) for key, entry in node.entries.items()
    }
    return nodes.Mapping(entries, node.start + by, node.end + by)


class _Change:
    """Puts one value into a tree of nodes; the rest of the tree is shared with the original."""

    def __init__(self, setting: Setting, start: int, value: Node | None) -> None:
        self.setting = setting
        self.start = start
        self.value = value

    def apply(self, root: Node | None) -> Node | None:
        """Return the root with the value in it."""
        return self._put(root or nodes.Mapping({}, 0, 0), 0)

    def _put(self, node: Node, depth: int) -> Node | None:
        """Return a node in which the step at a depth leads to the value."""
        steps = self.setting.steps
        if depth == len(steps):
            return self.value
        step = steps[depth].step
        if isinstance(node, nodes.Sequence):
            return self._in_list(node, depth)
        opened = self._opened(node, depth) if isinstance(node, Scalar) else node
        if self._names_itself(opened, depth):               # `calls: {to: api}` is a list of one
            return self._put(opened, depth + 1)
        return self._in_mapping(opened, str(step), depth)

    def _opened(self, node: Scalar, depth: int) -> nodes.Mapping:
        """Return the mapping that a single value stands for, so that a key can be added to it."""
        step, before = self.setting.steps[depth].step, self.setting.keys[:depth]
        if node.is_null:
            return nodes.Mapping({}, node.start, node.end)
        item = before[3] if len(before) == 4 else 0
        if len(before) in {3, 4} and before[2] in VERBS and (isinstance(item, int) or item == node.text):
            return nodes.Mapping({"to": Entry(node.start, node.width, node)}, node.start, node.end)
        path = ".".join(map(str, before))
        what = f"`{path}` is the single value `{shorten(node.text)}`, so it has no key `{step}`"
        raise UsageError(f"{self.setting.name}: {what}", f"set all of it: {OPTION} '{path}={{{step}: …}}'")

    def _names_itself(self, node: nodes.Mapping, depth: int) -> bool:
        """Return whether a step names the only relation of a verb, which is no list."""
        step, before = self.setting.steps[depth].step, self.setting.keys[:depth]
        return bool(before) and before[-1] in VERBS and step in {0, _target(node)}

    def _in_list(self, node: nodes.Sequence, depth: int) -> Node:
        step = self.setting.steps[depth].step
        targets = [_target(item) for item in node.items]
        found = [step] if isinstance(step, int) else [n for n, target in enumerate(targets) if target == step]
        path = ".".join(map(str, self.setting.keys[:depth]))
        if len(found) > 1:
            listed = " or ".join(f"{path}[{number}]" for number in found)
            raise UsageError(f"{self.setting.name}: `{path}` has several items `{step}`", f"write {listed}")
        if not found or found[0] >= len(node.items):
            known = [target or str(number) for number, target in enumerate(targets)]
            raise _unknown(self.setting, f"`{path}` has no item `{step}`", str(step), known)
        value = self._put(node.items[found[0]], depth + 1)
        items = [*node.items[: found[0]], *([] if value is None else [value]), *node.items[found[0] + 1 :]]
        return nodes.Sequence(items, node.start, node.end)

    def _in_mapping(self, node: nodes.Mapping, key: str, depth: int) -> Node:
        step = self.setting.steps[depth]
        entry = node.entries.get(key)
        is_last = depth + 1 == len(self.setting.steps)
        if entry is None and self.value is None:
            path = ".".join(map(str, self.setting.keys[: depth + 1]))
            raise UsageError(f"{self.setting.name}: there is no `{path}` to remove", "remove the option")
        here = Span(self.start + step.start, self.start + step.end)
        inner = entry.value if entry is not None else nodes.Mapping({}, here.start, here.end)
        value = self._put(inner, depth + 1)
        entries = dict(node.entries)
        if value is None:
            del entries[key]
        elif entry is None or is_last:
            entries[key] = Entry(here.start, here.end - here.start, value)
        else:
            entries[key] = Entry(entry.start, entry.width, value)
        return nodes.Mapping(entries, node.start, node.end)


def _target(node: Node) -> str | None:
    """Return the target of a relation, written as a name or with attributes."""
    if isinstance(node, nodes.Mapping):
        to = node.entries.get("to")
        node = to.value if to is not None else node
    return node.text if isinstance(node, Scalar) else None
