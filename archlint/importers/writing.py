"""The text of an `arch.yaml` from what an import found; weak evidence and unknown facts are commented lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from archlint.importers.draft import Component, Draft, Relation
from archlint.importers.objects import Fact, Site
from archlint.model.words import VERBS

_PLAIN: Final = re.compile(r"[A-Za-z_][\w./@+-]*(?::[\w./@+-]+)*")
_WORDS: Final = frozenset("true false null yes no on off y n none".split())
_NUMBER: Final = re.compile(r"\d+(\.\d+)?[A-Za-z%/]{0,5}")
_COMMAND: Final = r"#(?=#(?:\[|vso\[|teamcity\[))"
"""The start of what a CI system takes as a command."""
_ORDER: Final = (
    "image", "replicas", "hardware", "tensor_parallel", "pipeline_parallel", "max_sequences", "workers", "batching",
    "ready_check", "schedule", "exposed", "persistent", "zones", "region",
)  # fmt: skip
_FLAGS: Final = frozenset({"ready_check", "persistent", "preprocessing", "circuit_breaker", "in_process"})
_FLAG_WORDS: Final = frozenset({"true", "false", "{}"})
_RUNS: Final = frozenset({"service", "worker", "model-server", "gateway", "guardrail", "stream-processor"})
"""Kinds that answer requests or messages with code of their own."""
_ASKED: Final = "# Deployment files do not state demand and objectives: fill in what you know.\n"
_UNKNOWN: Final = """\
    # rate: 10/s
    # peak: 30/s
    # slo: {latency: {p99: 500ms}, availability: 99.9%}
"""
_EXAMPLE: Final = f"# workloads:\n#   requests:\n#     from: client\n{_UNKNOWN.replace('    #', '#    ')}"


def quoted(text: str) -> str:
    r"""Return a scalar of YAML, with quotes if it needs them.

    What YAML forbids, a terminal would execute or a CI system would take as a command is escaped.

    >>> quoted("api"), quoted("no"), quoted("a: b"), quoted("redis:7.2")
    ('api', '"no"', '"a: b"', 'redis:7.2')
    >>> print(quoted("\x9b2J ##[error]"))
    "\u009b2J \u0023#[error]"
    """
    if (_PLAIN.fullmatch(text) and text.lower() not in _WORDS) or _NUMBER.fullmatch(text):
        return text
    shown = "".join(char if char.isprintable() else _escaped(char) for char in json.dumps(text, ensure_ascii=False))
    return re.sub(_COMMAND, r"\\u0023", shown)


def _escaped(char: str) -> str:
    """Return a character as YAML escapes it; a byte of a file name that is not UTF-8 has no such escape."""
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return "\\ufffd"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def fact_text(key: str, fact: Fact) -> str:
    """Return the value of a fact on one line, as YAML."""
    if fact.inner:
        return f"{{{', '.join(f'{name}: {quoted(value.text)}' for name, value in fact.inner)}}}"
    return _flag(key, fact.text)


def _flag(key: str, text: str) -> str:
    return text if key in _FLAGS and text in _FLAG_WORDS else quoted(text)


def component_text(component: Component, base: str = "") -> str:
    """Return the lines of one component, indented as below `components:`."""
    return "".join(_Writer(base).component(component))


def relation_text(relation: Relation, base: str = "") -> str:
    """Return an item of a list of relations, with its reason as a comment."""
    return f"{target_text(relation)}{_Writer(base).why(relation)}"


def write(draft: Draft, system: str, sources: list[str], base: str = "") -> str:
    """Return the text of an architecture file; comments name places from the folder `base`."""
    return "".join(_Writer(base).lines(draft, system, sources))


class _Writer:
    """Writes one file."""

    def __init__(self, base: str) -> None:
        self.base = f"{base.rstrip('/')}/" if base not in {"", "."} else ""

    def lines(self, draft: Draft, system: str, sources: list[str]) -> Iterator[str]:
        count = f"{len(sources)} file" + ("" if len(sources) == 1 else "s")
        yield f"# Imported from {count} by `archlint import`. Each comment names the place of a fact.\n"
        for note in draft.notes:
            yield f"# note: {_flat(note.replace(self.base, '') if self.base else note)}\n"
        yield f"archlint: 1\nsystem: {quoted(system)}\nimported: true  # remove it once the file is complete\n"
        yield "# owner: {team: NAME, contact: ADDRESS, runbook: URL}\n\n"
        yield _ASKED
        yield "workloads:\n" if draft.workloads else _EXAMPLE
        for name, entrance in draft.workloads.items():
            client = quoted(entrance.client)
            source = f"{{client: {client}, to: {quoted(entrance.to)}}}" if entrance.to else client
            yield f"  {quoted(name)}:\n    from: {source}\n"
            yield from (f"    {key}: {fact.text}{self.place(fact, None)}\n" for key, fact in entrance.facts.items())
            asked = _UNKNOWN.splitlines(keepends=True)
            yield from (line for line in asked if line.strip(" #").partition(":")[0] not in entrance.facts)
        if draft.models:
            yield "\nmodels:\n"
            for name, facts in draft.models.items():
                yield f"  {quoted(name)}:" + ("\n" if facts else " {}\n")
                for key, fact in facts.items():
                    yield f"    {key}: {fact_text(key, fact)}{self.place(fact)}\n"
                if "service_time" not in facts:
                    yield "    # service_time: {p50: 20ms, p99: 60ms}\n"
        yield "\ncomponents:\n" if draft.components else "\ncomponents: {}\n"
        for component in draft.components.values():
            yield from self.component(component)

    def component(self, one: Component) -> Iterator[str]:
        yield f"  {quoted(one.name)}:  # {self.shown(one.site)}\n"
        yield f"    kind: {one.kind}" + (f"  # {_flat(one.reason)}\n" if one.reason else "\n")
        if one.uses:
            yield f"    uses: {quoted(one.uses)}\n"
        if one.serves:
            yield f"    serves: [{', '.join(map(quoted, one.serves))}]\n"
        for key in sorted(one.facts, key=lambda key: (_ORDER.index(key) if key in _ORDER else len(_ORDER), key)):
            fact = one.facts[key]
            place = self.place(fact, one)
            yield f"    {key}: {fact_text(key, fact)}{place}\n"
        yield from (f"    # {line}\n" for line in _asked(one))
        for verb in VERBS:
            relations = [relation for relation in one.relations if relation.verb == verb]
            if relations:
                yield f"    {verb}:\n"
                yield from (f"      - {target_text(relation)}{self.why(relation)}\n" for relation in relations)
        for relation in one.weak:
            yield f"    # perhaps {relation.verb}: [{_flat(relation.target)}]{self.why(relation)}\n"
        for relation in one.order:
            yield f"    # starts after {_flat(relation.target)}{self.why(relation)}\n"

    def shown(self, site: Site) -> str:
        return _flat(site.shown.removeprefix(self.base))

    def why(self, relation: Relation) -> str:
        return f"  # {_flat(relation.derivation)}, {self.shown(relation.site)}"

    def place(self, fact: Fact, component: Component | None = None) -> str:
        words = [fact.derivation] if fact.derivation else []
        if not fact.derivation.startswith("measured") and (component is None or fact.site.file != component.site.file):
            words.append(self.shown(fact.site))
        return f"  # {_flat(', '.join(words))}" if words else ""


def _asked(one: Component) -> Iterator[str]:
    """Yield the facts that no file states and that rules need most, as examples to fill in."""
    if one.kind in _RUNS and "replicas" not in one.facts and "autoscale" not in one.facts:
        yield "replicas: 2"
    if one.kind in _RUNS and not one.serves and "service_time" not in one.facts:
        yield "service_time: {p50: 5ms, p99: 20ms}"


def target_text(relation: Relation) -> str:
    """Return a relation as YAML: its target, or a mapping with what is known of it."""
    if relation.attributes:
        pairs = (("to", relation.target), *relation.attributes)
        inner = ", ".join(f"{key}: {_flag(key, text)}" for key, text in pairs)
        return f"{{{inner}}}"
    return quoted(relation.target)


def _flat(text: str) -> str:
    """Return a text for a comment: one line, without control characters and commands of CI systems.

    >>> _flat("a\\n##vso[x]")
    'a # #vso[x]'
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return re.sub(_COMMAND, "# ", line)[:300]
