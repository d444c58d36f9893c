"""Rule folders to packs; all mistakes of a file are reported together, with line and column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from archlint.errors import PackError, UnreadableInputError, UsageError
from archlint.model.names import nearest
from archlint.model.quantities import shorten
from archlint.model.words import FACT_FAMILIES
from archlint.packs.files import text_of
from archlint.packs.params import parse_param
from archlint.packs.problems import Problems
from archlint.packs.records import CureRule, Overturn, Pack, PackText, Param, Source
from archlint.source.document import Document
from archlint.source.files import keep_inside, read_document
from archlint.source.nodes import Mapping, Node, Scalar, Sequence
from archlint.source.parser import parse
from archlint.verdicts import Severity

FOLDER_NAME: Final = re.compile(r"([A-Z]{2,10}[0-9]{3})-([a-z0-9]+(?:-[a-z0-9]+)*)")
_KEYS: Final = (
    "title", "check", "severity", "status", "summary", "what", "why", "place", "fix", "params", "terms", "cures",
    "sources", "proven_unless", "facts", "needs", "imported",
)  # fmt: skip
_SEVERITIES: Final = tuple(level.value for level in Severity)
STATUSES: Final = ("stable", "preview")
_LEVELS: Final = ("", *_SEVERITIES)
_FAMILIES: Final = ("", *(word for word in FACT_FAMILIES if word != "all"))


def read_pack(folder: Path) -> Pack:
    """Read a whole rule folder; raises `PackError` with the place of each mistake."""
    problems = Problems()
    pack = gather_pack(folder, problems)
    problems.raise_as(PackError)
    return pack


def gather_pack(folder: Path, problems: Problems) -> Pack:
    """Read a whole rule folder and collect its mistakes; if there are any, do not use the pack."""
    rule_id, name = _split_name(folder, problems)
    reader = _Reader(_document(folder), problems)
    pack = reader.pack(rule_id, name, folder)
    pack.__dict__["text"] = reader.text()  # the cache of `Pack.text`
    return pack


def read_text(folder: Path) -> PackText:
    """Read the texts of a rule."""
    problems = Problems()
    text = _Reader(_document(folder), problems).text()
    problems.raise_as(PackError)
    return text


def needs_of(text: str) -> tuple[frozenset[str], ...]:
    """Return the sets of words of which a system must mention one each.

    >>> [sorted(words) for words in needs_of("queue rate|peak")]
    [['queue'], ['peak', 'rate']]
    """
    return tuple(frozenset(part.split("|")) for part in text.split())


def _split_name(folder: Path, problems: Problems) -> tuple[str, str]:
    """Split the name of a rule's folder into id and name."""
    match = FOLDER_NAME.fullmatch(folder.name)
    if match is None:
        hint = "name it like SRV001-online-bigsize: two to ten capital letters, three digits, a name with hyphens"
        problems.add(str(folder), f"`{folder.name}` does not name a rule", hint)
        return "", folder.name
    if match[1].rstrip("0123456789") == "ALL":
        problems.add(str(folder), "ALL stands for every rule, not for a family", "choose other letters")
    return match[1], match[2]


def _document(folder: Path) -> Document:
    file = folder / "rule.yaml"
    packed = None if folder.is_dir() else text_of(folder, file.name)
    try:
        if packed is None:
            keep_inside(file, done="read")
            return read_document(file)
        return parse(str(file), packed)
    except (UnreadableInputError, UsageError) as error:
        raise PackError(error.message, error.hint) from None


class _Reader:
    """Reads a `rule.yaml`; mistakes are collected in `problems`, and wrong values are left out."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self.document = document
        self.problems = problems
        for flaw in document.flaws:
            self.problems.add(self.at(flaw.span.start), flaw.message)
        self.values = self.mapping(document.root, _KEYS, "a rule")

    def at(self, offset: int) -> str:
        line, column = self.document.position(offset)
        return f"{self.document.name}:{line}:{column}"

    def wrong(self, node: Node, message: str, hint: str = "") -> None:
        self.problems.add(self.at(node.start), message, hint)

    def mapping(self, node: Node | None, keys: Iterable[str] | None, what: str) -> dict[str, Node]:
        """Return the values of a mapping; if `keys` are given, other keys are mistakes."""
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return {}
        if not isinstance(node, Mapping):
            self.wrong(node, f"{what} needs a mapping", "write `key: value`")
            return {}
        known = None if keys is None else tuple(keys)
        found: dict[str, Node] = {}
        for key, entry in node.entries.items():
            if known is not None and key not in known:
                likely = nearest(key, known)
                hint = f"did you mean `{likely}`?" if likely else f"known: {', '.join(known)}"
                self.problems.add(self.at(entry.start), f"{what} has no key `{shorten(key)}`", hint)
            else:
                found[key] = entry.value
        return found

    def items(self, key: str) -> list[Node]:
        node = self.values.get(key)
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return []
        if not isinstance(node, Sequence):
            self.wrong(node, f"`{key}` needs a list", f"write `{key}: [...]`")
            return []
        return node.items

    def said(self, values: dict[str, Node], key: str, default: str | None, owner: Node | None, what: str) -> str:
        """Read a text; a missing required text is a mistake, reported at its mapping."""
        node = values.get(key)
        if node is None or (isinstance(node, Scalar) and node.is_null):
            if default is None:
                place = self.at(owner.start if owner is not None else 0)
                self.problems.add(place, f"{what} needs `{key}`", f"add `{key}:`")
            return default or ""
        if not isinstance(node, Scalar):
            self.wrong(node, f"`{key}` needs a text")
            return ""
        return node.text.strip()

    def top(self, key: str, default: str | None = None) -> str:
        return self.said(self.values, key, default, self.document.root, "a rule")

    def word(self, key: str, words: tuple[str, ...], default: str | None = None) -> str:
        """Read one of some allowed words."""
        text = self.top(key, default)
        node = self.values.get(key)
        if node is not None and text not in words:
            likely = nearest(text, words)
            hint = f"did you mean `{likely}`?" if likely else f"write {', '.join(words)}"
            self.wrong(node, f"`{shorten(text)}` is no {key}", hint)
        return text if text in words else words[0]

    def pack(self, rule_id: str, name: str, folder: Path) -> Pack:
        severity = Severity(self.word("severity", _SEVERITIES))
        return Pack(
            rule_id,
            name,
            self.top("check"),
            severity,
            self.word("status", STATUSES, "stable"),
            self.params(),
            str(folder),
            read_text,
            facts=self.word("facts", _FAMILIES, ""),
            needs=self.needs(),
            imported=self.word("imported", _LEVELS, ""),
        )

    def needs(self) -> tuple[frozenset[str], ...]:
        """Read the words that a system must mention; a word that no system can mention is a mistake."""
        found = needs_of(self.top("needs", ""))
        node = self.values.get("needs")
        if node is not None and found:
            from archlint.packs.proofs import mentionable

            known = mentionable()
            for word in sorted(frozenset().union(*found) - known):
                likely = nearest(word, known)
                hint = f"did you mean `{likely}`?" if likely else "write keys and kinds of the format"
                self.wrong(node, f"no system can mention `{shorten(word)}`", hint)
        return found

    def text(self) -> PackText:
        terms = self.mapping(self.values.get("terms"), None, "`terms`")
        return PackText(
            self.top("title"), self.top("summary"), self.top("what", ""), self.top("why", ""), self.top("place", ""),
            self.top("fix", ""), {key: self.said(terms, key, None, None, "`terms`") for key in terms},
            tuple(self.cure(node) for node in self.items("cures")),
            tuple(self.source(node) for node in self.items("sources")),
            tuple(self.overturn(node) for node in self.items("proven_unless")),
        )  # fmt: skip

    def params(self) -> dict[str, Param]:
        nodes = self.mapping(self.values.get("params"), None, "`params`")
        found = {}
        for key, node in nodes.items():
            param = self.param(key, node)
            if param is not None:
                found[key] = param
        return found

    def param(self, name: str, node: Node) -> Param | None:
        what = f"the parameter `{shorten(name)}`"
        if not isinstance(node, Mapping):
            self.wrong(node, f"{what} needs a mapping", "write {value: 2s, unit: s, reason: why}")
            return None
        values = self.mapping(node, ("value", "unit", "reason", "source"), what)
        text, unit = self.said(values, "value", None, node, what), self.said(values, "unit", "", node, what)
        value = values.get("value")
        if value is None:
            return None
        where = self.at(value.start)
        try:
            parsed = parse_param(text, unit)
        except ValueError as error:
            self.problems.take(where, error)
            return None
        reason, source = (
            self.said(values, "reason", "", node, what),
            self.said(values, "source", "", node, what),
        )
        return Param(name, parsed, text, unit, reason, source, where)

    def cure(self, node: Node) -> CureRule:
        values = self.mapping(node, ("pattern", "text", "when"), "an entry of `cures`")
        if not isinstance(node, Mapping):
            return CureRule("", "")
        pattern, text = (
            self.said(values, "pattern", None, node, "an entry of `cures`"),
            self.said(values, "text", None, node, "an entry of `cures`"),
        )
        return CureRule(pattern, text, self.said(values, "when", "", node, "an entry of `cures`"))

    def source(self, node: Node) -> Source:
        values = self.mapping(node, ("title", "url"), "a source")
        if not isinstance(node, Mapping):
            return Source("", "")
        return Source(
            self.said(values, "title", None, node, "a source"), self.said(values, "url", "", node, "a source")
        )

    def overturn(self, node: Node) -> Overturn:
        what = "an entry of `proven_unless`"
        values = self.mapping(node, ("text", "sets", "removes", "given", "unless"), what)
        if not isinstance(node, Mapping):
            return Overturn("")
        sets = self.mapping(values.get("sets"), None, "`sets`")
        for key, value in sets.items():
            self.fact(key, value)
        found = Overturn(
            self.said(values, "text", None, node, what),
            {key: self.said(sets, key, None, node, "`sets`") for key in sets},
            self.facts(values, "removes"),
            self.facts(values, "given"),
            self.facts(values, "unless"),
        )
        if not found.facts:
            self.wrong(node, f"{what} names no fact", "add `sets:` with facts, or `removes:` with a list of them")
        return found

    def facts(self, values: dict[str, Node], key: str) -> tuple[str, ...]:
        """Read a list of facts, such as `relation.fallback`."""
        node = values.get(key)
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return ()
        if not isinstance(node, Sequence):
            self.wrong(node, f"`{key}` needs a list", f"write `{key}: [relation.fallback]`")
            return ()
        return tuple(self.fact(item.text if isinstance(item, Scalar) else "", item) for item in node.items)

    def fact(self, text: str, node: Node) -> str:
        """Return the name of a fact; a part or key that the format does not have is a mistake."""
        from archlint.packs.proofs import wrong_fact

        wrong = wrong_fact(text)
        if wrong:
            self.problems.take(self.at(node.start), ValueError(wrong))
        return text
