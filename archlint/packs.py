"""Rules as data: a folder `<ID>-<name>/` with `rule.yaml` and examples, bound to one typed check.

The same `Pack` feeds `check`, `explain`, the documentation, reports and editors. A pack of a user's own has the same
form; its check is one of archlint's, or a module `check.py` in the folder itself (`check: ./check.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

import msgspec

from archlint.analysis.system import System
from archlint.errors import PackError
from archlint.model.architecture import Problem
from archlint.model.quantities import parse_count, parse_duration, parse_rate, parse_share, parse_size
from archlint.shipped import shipped_folder
from archlint.source.document import Document
from archlint.source.files import read_document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence
from archlint.verdicts import Severity, Verdict

FOLDER_NAME: Final = re.compile(r"([A-Z]{2,10}[0-9]{3})-([a-z0-9]+(?:-[a-z0-9]+)*)")
ParamValue = float | str | bool
Check = Callable[[System, msgspec.Struct], Iterator[Verdict | Problem]]

_UNITS: Final[dict[str, Callable[[str], ParamValue]]] = {
    "s": parse_duration, "B": parse_size, "/s": parse_rate, "share": parse_share, "count": parse_count,
    "": float, "text": str, "flag": lambda text: text == "true",
}  # fmt: skip
_KEYS: Final = (
    "title", "check", "severity", "status", "summary", "what", "why", "place", "fix", "params", "terms", "cures", "sources",
)  # fmt: skip


class Param(msgspec.Struct, frozen=True):
    """A parameter of a rule: its default, unit, and why it is what it is."""

    name: str
    value: ParamValue
    text: str
    unit: str
    reason: str
    source: str


class CureRule(msgspec.Struct, frozen=True):
    """A cure: the pattern that it leads to, how it helps, and under which condition."""

    pattern: str
    text: str
    when: str = ""


class Source(msgspec.Struct, frozen=True):
    """Where a rule's claims come from."""

    title: str
    url: str


class Pack(msgspec.Struct, frozen=True):
    """A rule as its folder describes it."""

    id: str
    name: str
    title: str
    check: str
    severity: Severity
    status: str
    summary: str
    what: str
    why: str
    place: str
    fix: str
    params: dict[str, Param]
    terms: dict[str, str]
    cures: tuple[CureRule, ...]
    sources: tuple[Source, ...]
    folder: Path

    @property
    def family(self) -> str:
        """The letters of the id: SRV, REL, …"""
        return self.id.rstrip("0123456789")

    def examples(self, kind: str) -> tuple[Path, ...]:
        """The example files, `bad` or `good`, in the order of their names."""
        return tuple(sorted(self.folder.glob(f"{kind}*.yaml")))

    @property
    def docs(self) -> str:
        """The rule's page, relative to the project's root."""
        return f"docs/rules/{self.id}-{self.name}.md"


def shipped_packs() -> list[Pack]:
    """The rules that ship with archlint, by id."""
    folder = shipped_folder("rules")
    if folder is None:
        raise PackError("this installation has no rules", "install archlint again")
    return read_packs(folder)


def read_packs(folder: Path) -> list[Pack]:
    """Read every rule folder directly inside a folder; raises `PackError` with the place of what is wrong."""
    packs = [
        read_pack(child) for child in sorted(folder.iterdir())
        if child.is_dir() and (child / "rule.yaml").is_file()
    ]  # fmt: skip
    if not packs:
        raise PackError(f"{folder}: holds no rule", "a rule is a folder such as ACME001-no-friday with a rule.yaml")
    return packs


def read_pack(folder: Path) -> Pack:
    """Read one rule folder."""
    match = FOLDER_NAME.fullmatch(folder.name)
    if match is None:
        raise PackError(f"{folder}: `{folder.name}` does not name a rule", "name it like SRV001-online-bigsize")
    reader = _Reader(read_document(folder / "rule.yaml"))
    return reader.pack(match[1], match[2], folder)


class _Reader:
    """Reads a `rule.yaml`; every mistake is a `PackError` with file, line and column."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def wrong(self, node: Node, message: str, hint: str = "") -> PackError:
        line, column = self.document.position(node.start)
        return PackError(f"{self.document.name}:{line}:{column}: {message}", hint)

    def mapping(self, node: Node | None, keys: Iterable[str] | None, what: str) -> dict[str, Node]:
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            raise self.wrong(node, f"{what} needs a mapping")
        known = None if keys is None else tuple(keys)
        for key, entry in node.entries.items():
            if known is not None and key not in known:
                raise self.wrong(entry.value, f"{what} has no key `{key}`", f"known: {', '.join(known)}")
        return {key: entry.value for key, entry in node.entries.items()}

    def items(self, node: Node | None, what: str) -> list[Node]:
        if node is None:
            return []
        if not isinstance(node, Sequence):
            raise self.wrong(node, f"{what} needs a list")
        return node.items

    def text(self, values: dict[str, Node], key: str, default: str | None = None) -> str:
        node = values.get(key)
        if node is None or (isinstance(node, Scalar) and node.is_null):
            if default is None:
                raise PackError(f"{self.document.name}: the rule needs `{key}`")
            return default
        if not isinstance(node, Scalar):
            raise self.wrong(node, f"`{key}` needs a text")
        return node.text.strip()

    def pack(self, rule_id: str, name: str, folder: Path) -> Pack:
        values = self.mapping(self.document.root, _KEYS, "a rule")
        severity = self.text(values, "severity")
        if severity not in [level.value for level in Severity]:
            raise self.wrong(values["severity"], f"`{severity}` is no severity", "write error, warning or info")
        params = self.mapping(values.get("params"), None, "params")
        terms = self.mapping(values.get("terms"), None, "terms")
        return Pack(
            rule_id, name, self.text(values, "title"), self.text(values, "check"), Severity(severity),
            self.text(values, "status", "stable"), self.text(values, "summary"), self.text(values, "what", ""),
            self.text(values, "why", ""), self.text(values, "place", ""), self.text(values, "fix", ""),
            {key: self.param(key, node) for key, node in params.items()},
            {key: node.text if isinstance(node, Scalar) else "" for key, node in terms.items()},
            tuple(self.cure(node) for node in self.items(values.get("cures"), "cures")),
            tuple(self.source(node) for node in self.items(values.get("sources"), "sources")),
            folder,
        )  # fmt: skip

    def param(self, name: str, node: Node) -> Param:
        values = self.mapping(node, ("value", "unit", "reason", "source"), f"the parameter `{name}`")
        text, unit = self.text(values, "value"), self.text(values, "unit", "")
        try:
            value = parse_param(text, unit)
        except ValueError as error:
            raise self.wrong(values["value"], str(error)) from None
        return Param(name, value, text, unit, self.text(values, "reason", ""), self.text(values, "source", ""))

    def cure(self, node: Node) -> CureRule:
        values = self.mapping(node, ("pattern", "text", "when"), "a cure")
        return CureRule(self.text(values, "pattern"), self.text(values, "text"), self.text(values, "when", ""))

    def source(self, node: Node) -> Source:
        values = self.mapping(node, ("title", "url"), "a source")
        return Source(self.text(values, "title"), self.text(values, "url", ""))


def parse_param(text: str, unit: str) -> ParamValue:
    """A parameter's value in its base unit; raises `ValueError`.

    >>> parse_param("1s", "s"), parse_param("3", "")
    (1.0, 3.0)
    """
    parse = _UNITS.get(unit)
    if parse is None:
        raise ValueError(f"`{unit}` is no unit of a parameter; known: {', '.join(repr(known) for known in _UNITS)}")
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(str(error) if unit else f"`{text}` is no number") from None


class Rule(msgspec.Struct, frozen=True):
    """A pack bound to its check with parameters: what the engine runs. `chosen` is a severity that the user set."""

    pack: Pack
    run: Check
    params: msgspec.Struct
    severity: Severity
    chosen: bool = False


def bind(pack: Pack, overrides: dict[str, ParamValue] | None = None, severity: Severity | None = None) -> Rule:
    """Bind a pack to its check; raises `PackError` where they do not fit."""
    module = _module(pack)
    make = getattr(module, "Params", None)
    run = getattr(module, "check", None)
    if make is None or run is None:
        raise PackError(f"{pack.folder}: the check `{pack.check}` has no `Params` and `check`")
    values = {name: param.value for name, param in pack.params.items()} | (overrides or {})
    fields = {field.name: field for field in msgspec.structs.fields(make)}
    for name in values:
        if name not in fields:
            raise PackError(f"{pack.folder}: the check `{pack.check}` has no parameter `{name}`", f"known: {', '.join(fields) or 'none'}")
    try:
        params = msgspec.convert(values, make, strict=False)
    except msgspec.ValidationError as error:
        raise PackError(f"{pack.folder}: {error}") from None
    level = severity or pack.severity
    return Rule(pack, run, params, level, severity is not None)


def _module(pack: Pack) -> ModuleType:
    if pack.check.startswith("./"):
        return _module_in(pack)
    if not pack.check.isidentifier():
        raise PackError(f"{pack.folder}: `{pack.check}` is no check", "write the name of a module of archlint.checks, or ./check.py")
    try:
        return import_module(f"archlint.checks.{pack.check}")
    except ModuleNotFoundError:
        raise PackError(f"{pack.folder}: there is no check `{pack.check}`", "write the name of a module of archlint.checks, or ./check.py") from None


def _module_in(pack: Pack) -> ModuleType:
    """Load a check that lies in the pack's own folder."""
    from importlib.util import module_from_spec, spec_from_file_location

    path = (pack.folder / pack.check).resolve()
    if not path.is_file() or not path.is_relative_to(pack.folder.resolve()):
        raise PackError(f"{pack.folder}: there is no file {pack.check}", "put the check into the rule's own folder")
    spec = spec_from_file_location(f"archlint_pack_{pack.id}", path)
    if spec is None or spec.loader is None:
        raise PackError(f"{path}: cannot be loaded")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PackError(f"{path}: {type(error).__name__}: {error}", "correct the check") from error
    return module
