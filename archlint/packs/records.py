"""Records of a rule and its texts, as its folder describes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

import msgspec

from archlint.packs.params import ParamValue
from archlint.verdicts import Severity

DEPLOYMENT: Final = "DEP"
"""The family of rules about deployment files; they run only on systems that are imported from them."""


class Words(Protocol):
    """The words that a system mentions."""

    def isdisjoint(self, words: Iterable[str], /) -> bool:
        """Return whether it mentions none of some words."""


class Param(msgspec.Struct, frozen=True):
    """A parameter of a rule: its default in base units and as written, its unit, and the reason for the default.

    `where` is the place of the default, `file:line:column`.
    """

    name: str
    value: ParamValue
    text: str
    unit: str
    reason: str
    source: str
    where: str = ""


class CureRule(msgspec.Struct, frozen=True):
    """A fix: its pattern, how it helps, and under which condition."""

    pattern: str
    text: str
    when: str = ""


class Source(msgspec.Struct, frozen=True):
    """Where a rule's claims come from."""

    title: str
    url: str


class Overturn(msgspec.Struct, frozen=True):
    """What could overturn a proof: facts that the file leaves out (`sets`), or that the proof needs (`removes`).

    A fact is named by its part and key: `relation.fallback`, `workload.slo.freshness`, `queue.dead_letter`. A part is
    `system`, `workload`, `model`, `relation`, `component`, or a kind of component. The values of `sets` are examples of
    facts that overturn it; `@queue` stands for the name of a queue. It applies to files that state all of `given`, and
    none of `unless`.
    """

    text: str
    sets: dict[str, str] = {}
    removes: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that it is about."""
        return (*self.sets, *self.removes)


class PackText(msgspec.Struct, frozen=True):
    """The texts of a rule: title, explanation, fixes and sources."""

    title: str
    summary: str
    what: str
    why: str
    place: str
    fix: str
    terms: dict[str, str]
    cures: tuple[CureRule, ...]
    sources: tuple[Source, ...]
    proven_unless: tuple[Overturn, ...] = ()


class Pack(msgspec.Struct, frozen=True, dict=True):
    """A rule. Its texts (`text`) are read on first use.

    `path` is that of its folder, from which `read_text` reads them.
    `facts` is the family of facts whose absence it reports: in a file that does not describe it, the rule is undecided.
    `imported` is the highest severity of its findings in systems that are imported from deployment files, which state
    less than an architecture file; empty if it is the same.
    `needs` are the words that a system must mention, one of each set: without them, the rule has nothing to say.
    `shipped`: it comes with archlint and fits its check, as the tests show.
    `trusted`: Python in its folder may run. True for an installed distribution, or with the user's consent.
    """

    id: str
    name: str
    check: str
    severity: Severity
    status: str
    params: dict[str, Param]
    path: str
    read_text: Callable[[Path], PackText]
    trusted: bool = False
    facts: str = ""
    needs: tuple[frozenset[str], ...] = ()
    shipped: bool = False
    imported: str = ""

    def may_speak(self, mentioned: Words | None) -> bool:
        """Return whether the rule can have anything to say about a system with these words; None stands for all."""
        return mentioned is None or not any(mentioned.isdisjoint(words) for words in self.needs)

    @cached_property
    def folder(self) -> Path:
        """The folder that holds it; of a rule that ships, its files may be in an archive (`packs.files`)."""
        return Path(self.path)

    @cached_property
    def text(self) -> PackText:
        """The texts of the rule; raises `PackError` if they have mistakes."""
        return self.read_text(self.folder)

    @property
    def title(self) -> str:
        """What the rule finds, in one line."""
        return self.text.title

    @property
    def summary(self) -> str:
        """What the rule finds, in one sentence."""
        return self.text.summary

    @property
    def what(self) -> str:
        """When exactly the rule is violated."""
        return self.text.what

    @property
    def why(self) -> str:
        """What goes wrong, with facts."""
        return self.text.why

    @property
    def place(self) -> str:
        """The place of its findings."""
        return self.text.place

    @property
    def fix(self) -> str:
        """What to do, in short."""
        return self.text.fix

    @property
    def terms(self) -> dict[str, str]:
        """The names of the terms of its findings, for conditions of acceptances, each with its meaning."""
        return self.text.terms

    @cached_property
    def cures(self) -> tuple[CureRule, ...]:
        """The fixes, best first."""
        return self.text.cures

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources of its claims."""
        return self.text.sources

    @property
    def proven_unless(self) -> tuple[Overturn, ...]:
        """What could overturn a finding that is called proven."""
        return self.text.proven_unless

    @property
    def family(self) -> str:
        """The letters of the id, such as SRV."""
        return self.id.rstrip("0123456789")

    @property
    def is_deployment(self) -> bool:
        """Whether it is about deployment files: it runs only on systems that are imported from them."""
        return self.id.startswith(DEPLOYMENT) and self.family == DEPLOYMENT

    @property
    def file(self) -> str:
        """The path of the file that describes it."""
        return os.path.join(self.path, "rule.yaml")

    def examples(self, kind: str) -> tuple[Path, ...]:
        """List the example files, `bad` or `good`, in the order of their names."""
        return tuple(sorted(self.folder.glob(f"{kind}*.yaml")))

    def manifests(self, kind: str) -> tuple[Path, ...]:
        """List the examples that are deployment files, `bad` or `good`: each is a system of its own."""
        return tuple(sorted(self.folder.glob(f"{kind}*.yml")))

    @property
    def docs(self) -> str:
        """The rule's page, relative to the project's root."""
        return f"docs/rules/{self.id}-{self.name}.md"
