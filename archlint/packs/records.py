"""A rule as its folder describes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import msgspec

from archlint.packs.params import ParamValue
from archlint.verdicts import Severity


class Param(msgspec.Struct, frozen=True):
    """A parameter of a rule: its default in base units and as written, its unit, and why it is what it is.

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


class PackText(msgspec.Struct, frozen=True):
    """What a rule says about itself."""

    title: str
    summary: str
    what: str
    why: str
    place: str
    fix: str
    terms: dict[str, str]
    cures: tuple[CureRule, ...]
    sources: tuple[Source, ...]


class Pack(msgspec.Struct, frozen=True, dict=True):
    """A rule. What only readers of a finding need (`text`) is read when it is first asked for.

    `read_text` reads it from the folder.
    `trusted`: Python in its folder may run. True for an installed distribution, or with the user's consent.
    """

    id: str
    name: str
    check: str
    severity: Severity
    status: str
    params: dict[str, Param]
    folder: Path
    read_text: Callable[[Path], PackText]
    trusted: bool = False

    @cached_property
    def text(self) -> PackText:
        """All that the rule says about itself; raises `PackError` for what it says wrongly."""
        return self.read_text(self.folder)

    @property
    def title(self) -> str:
        """What the rule finds, in a line."""
        return self.text.title

    @property
    def summary(self) -> str:
        """What the rule finds, in a sentence."""
        return self.text.summary

    @property
    def what(self) -> str:
        """When exactly it is violated."""
        return self.text.what

    @property
    def why(self) -> str:
        """What goes wrong, with facts."""
        return self.text.why

    @property
    def place(self) -> str:
        """Where a finding stands."""
        return self.text.place

    @property
    def fix(self) -> str:
        """What to do, in short."""
        return self.text.fix

    @property
    def terms(self) -> dict[str, str]:
        """The names of the terms of its findings, which acceptances may bound, with what each means."""
        return self.text.terms

    @property
    def cures(self) -> tuple[CureRule, ...]:
        """What helps, best first."""
        return self.text.cures

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where its claims come from."""
        return self.text.sources

    @property
    def family(self) -> str:
        """The letters of the id: SRV, and so on."""
        return self.id.rstrip("0123456789")

    @property
    def file(self) -> Path:
        """The file that describes it."""
        return self.folder / "rule.yaml"

    def examples(self, kind: str) -> tuple[Path, ...]:
        """List the example files, `bad` or `good`, in the order of their names."""
        return tuple(sorted(self.folder.glob(f"{kind}*.yaml")))

    @property
    def docs(self) -> str:
        """The rule's page, relative to the project's root."""
        return f"docs/rules/{self.id}-{self.name}.md"
