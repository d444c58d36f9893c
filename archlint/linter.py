"""The linter of one configuration: it reads systems and runs the rules that apply to each file."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from archlint.analysis.system import System
from archlint.catalog.technologies import Technologies, read_technologies, shipped_technologies
from archlint.config import Config, Settings, validate, with_prices
from archlint.engine import lint
from archlint.errors import ConfigError, ForeignInputError, UnreadableInputError, UsageError
from archlint.model.architecture import Architecture
from archlint.model.read import no_includes, read
from archlint.packs import Pack, Rule, bind, load_packs
from archlint.source.document import Document
from archlint.source.files import FileIncludes
from archlint.source.nodes import Mapping
from archlint.source.parser import collector_paused
from archlint.verdicts import ActiveRule, FileReport, Severity

if TYPE_CHECKING:
    from archlint.model.deployment import Deployment

BASELINE: Final = "archlint-baseline.jsonl"
"""The baseline that is used if it lies beside the configuration, unless the configuration names another."""


class Options(msgspec.Struct, frozen=True):
    """The options of one call.

    `select` replaces the configured selection; `ignore` and `exclude` add to the configured ones. `config` is a file
    that replaces the nearest configuration of every input. `today` is an ISO date. `baseline` replaces the configured
    baselines; without `baselined`, none is used. `signatures` are needed to compare reports (see `archlint.compare`).
    Without `rules`, none is loaded, and their settings are not checked.
    `allow_code`: Python of rule folders that a configuration names may run.
    `isolated` ignores the configurations, baselines and ignore files of the tree. `force_exclude` leaves out excluded
    paths, and `skip_foreign` files without the key `archlint`, even if the call names them. `system` picks one of the
    systems of each file, by name or number.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    config: Path | None = None
    accept: bool = True
    patterns: bool = False
    today: str = ""
    baseline: Path | None = None
    baselined: bool = True
    baseline_strict: bool = False
    signatures: bool = False
    rules: bool = True
    allow_code: bool = False
    isolated: bool = False
    force_exclude: bool = False
    skip_foreign: bool = False
    system: str = ""


class Includes(Protocol):
    """Loads the included files of a document, and keeps their resolved paths.

    The `deployment` is what the files of an import state beyond the architecture; others have none.
    """

    included: set[Path]

    @property
    def deployment(self) -> Deployment | None:
        """What the files of an import state beyond the architecture."""

    def __call__(self, document: Document, target: str) -> Document:
        """Load one file; raises `UnreadableInputError`."""


class Examined(msgspec.Struct, frozen=True):
    """A system with its report, and the resolved paths of its included files."""

    system: System
    report: FileReport
    included: frozenset[Path]

    def without_values(self) -> Examined:
        """The same, with a report that keeps the texts of the files but not their parsed values."""
        sources = {document.name: document.without_values() for document in self.report.sources.values()}
        return msgspec.structs.replace(self, report=msgspec.structs.replace(self.report, sources=sources))


class Linter:
    """Reads systems and runs the rules of one configuration over them; packs and catalogues are read once."""

    def __init__(self, config: Config, options: Options | None = None) -> None:
        self.options = options or Options()
        self.today = self.options.today or date.today().isoformat()
        self.packs: list[Pack] = load_packs(config.packs, self.options.allow_code) if self.options.rules else []
        chosen = config.with_options(self.options.select, self.options.ignore)
        self.config = validate(chosen, self.packs) if self.options.rules else chosen
        if self.config.layers and self.options.rules:
            self._refuse_no_rules()
        self.known = frozenset(name for pack in self.packs for name in (pack.id, pack.name))
        self.baseline = baseline_of(config, self.options)
        self._technologies: Technologies | None = None
        self._bound: tuple[tuple[Settings, bool], list[Rule], tuple[ActiveRule, ...]] | None = None

    def _refuse_no_rules(self) -> None:
        """Raise an error if the configuration, or the call's options with it, leave no rule to run for any file."""
        if self.config.leaves_rules(self.packs):
            return
        options = [f"--{name}" for name in ("select", "ignore") if getattr(self.options, name)]
        own = msgspec.structs.replace(self.config, layers=self.config.layers[:-1]) if options else self.config
        if options and (self.options.select or own.leaves_rules(self.packs)):
            message = f"no rule is left to run with {' and '.join(options)}"
            raise UsageError(message, "`archlint rules` lists the rules")
        message = "`select` and `ignore` leave no rule to run"
        raise ConfigError.at(own.choice_of_rules(), message, "select some; `archlint rules` lists the rules")

    @property
    def technologies(self) -> Technologies:
        """The technology catalogue with the user's own entries."""
        if self._technologies is None:
            self._technologies = shipped_technologies()
            for path in self.config.technologies:
                for entry in read_technologies(path):
                    self._technologies.add(entry)
        return self._technologies

    def rules(self, path: Path) -> list[Rule]:
        """The rules that apply to a file, bound to their checks."""
        return self._rules(path, False)[0]

    def _rules(self, path: Path, deployed: bool) -> tuple[list[Rule], tuple[ActiveRule, ...]]:
        """The same, and as a report names them; both are made again only if the settings change between files.

        Rules about deployments are left out unless the system is `deployed`.
        """
        settings = self.config.settings_for(path)
        if self._bound is None or self._bound[0] != (settings, deployed):
            packs = (pack for pack in self.packs if deployed or not pack.is_deployment)
            rules = [_rule(pack, settings) for pack in packs if settings.runs(pack)]
            self._bound = (settings, deployed), rules, tuple(sorted(map(_named, rules), key=lambda rule: rule.id))
        return self._bound[1:]

    def system(
        self, document: Document, path: Path | None, loader: Includes | None = None
    ) -> tuple[System, frozenset[Path]]:
        """Read a document with its includes as a system; also return the resolved paths of the includes.

        `loader` reads the includes if they are not files beside the document.
        """
        if loader is None and path is not None:
            loader = FileIncludes(path)
        architecture = _architecture(document, loader)
        if self.config.prices:
            architecture = with_prices(architecture, self.config.prices, self.technologies)
        if loader is not None and loader.deployment is not None:
            architecture = msgspec.structs.replace(architecture, deployment=loader.deployment)
        system = System(architecture, self.technologies, self.config.require_described)
        return system, frozenset(loader.included) if loader is not None else frozenset()

    def lint(self, document: Document, path: Path | None) -> tuple[FileReport, frozenset[Path]]:
        """Lint one document; also return the resolved paths of its includes."""
        examined = self.examine(document, path).without_values()
        return examined.report, examined.included

    def examine(
        self, document: Document, path: Path | None, loader: Includes | None = None, like: Path | None = None
    ) -> Examined:
        """Read and lint one document, and keep its system; the rules are those of the path `like`."""
        with collector_paused():
            system, included = self.system(document, path, loader)
            return Examined(system, self.judge(system, path, like), included)

    def judge(self, system: System, path: Path | None, like: Path | None = None) -> FileReport:
        """Run the rules over a system; the rules are those of the path `like`."""
        document = system.architecture.document
        rules, named = self._rules(like or path or Path(document.name), system.deployment is not None)
        report = lint(system, rules, self.today, self.known, self.options.accept, self.options.patterns)
        baseline = self.baseline if path is not None else None      # a text without a name has no baseline
        signatures = self._signatures(system) if baseline or self.options.signatures else {}
        return msgspec.structs.replace(
            report, part=document.part, fail_on=self.config.fail_on, rules=named, signatures=signatures,
            baseline=str(baseline or ""), baseline_home=str(self.config.baseline or self.config.root / BASELINE),
            baseline_strict=self.options.baseline_strict or self.config.baseline_strict,
        )  # fmt: skip

    def _signatures(self, system: System) -> dict[tuple[str, str], str]:
        from archlint.compare.signatures import signatures

        return signatures(system.architecture)


def baseline_of(config: Config, options: Options) -> Path | None:
    """The baseline to use: that of the call, that of the configuration, or the one beside the configuration."""
    if not options.baselined:
        return None
    if options.baseline is not None:
        return options.baseline
    if options.isolated:
        return None
    beside = config.root / BASELINE
    return config.baseline or (beside if os.path.lexists(beside) else None)     # reading it reports what is not a file


def _rule(pack: Pack, settings: Settings) -> Rule:
    chosen = settings.of(pack)
    return bind(pack, chosen.params, Severity(chosen.severity) if chosen.severity else None)


def _named(rule: Rule) -> ActiveRule:
    pack = rule.pack
    return ActiveRule(pack.id, pack.name, pack.severity.value, str(pack.folder))


def _architecture(document: Document, loader: Includes | None) -> Architecture:
    """Read a document as an architecture; raises `UnreadableInputError` if it does not describe one."""
    require_architecture(document)
    return read(document, loader or no_includes)


def require_architecture(document: Document) -> None:
    """Raise `UnreadableInputError` if a document does not describe a system."""
    if document.root is None:
        raise UnreadableInputError(f"{document.name}: empty: there is nothing to check", "start with `archlint init`")
    if not isinstance(document.root, Mapping) or "archlint" not in document.root.entries:
        raise ForeignInputError(
            f"{document.name}: not an architecture file: it has no key `archlint`", "start it with `archlint: 1`"
        )
