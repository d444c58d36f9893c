"""Finds the intended place of an unused acceptance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from archlint.acceptance.grants import Grant
from archlint.model.architecture import Architecture
from archlint.model.names import Names
from archlint.model.places import place
from archlint.model.records import SECTIONS
from archlint.verdicts import Finding

_PART: Final = r'(?s)([a-z]+)\.(?:"([^"]*)"|([^.\[]+))(.*)'
_MOST_LINES: Final = 3


class Elsewhere:
    """Suggests how to fix acceptances that accept nothing."""

    def __init__(self, architecture: Architecture, findings: Sequence[Finding]) -> None:
        self.architecture = architecture
        self.findings = findings
        self.by_rule: dict[str, list[Finding]] | None = None
        self.names: dict[str, Names] = {}

    def suggestion(self, grant: Grant) -> str:
        """Name the intended place, or the lines with findings of the rule; otherwise suggest to remove it."""
        likely = self._likely_place(grant.at) if grant.at is not None else None
        if likely is not None:
            return f"did you mean `{likely}`?"
        found = self._of_rule(grant.rule)
        if not found:
            return "remove it"
        files = {finding.location.file for finding in found}
        here = [finding for finding in found if finding.location.file == grant.document.name] or found
        lines = sorted({finding.location.line for finding in here})
        shown = ", ".join(map(str, lines[:_MOST_LINES])) + (", …" if len(lines) > _MOST_LINES else "")
        file = "" if grant.document.name in files else f" of {here[0].location.file}"
        where = f"line{'s' if len(lines) > 1 else ''} {shown}{file}"
        if grant.at is not None:
            return f"{grant.rule} is found on {where}: write `at: {here[0].at}`"
        return f"{grant.rule} is found on {where}: move the comment there"

    def _of_rule(self, rule: str) -> list[Finding]:
        if self.by_rule is None:
            self.by_rule = {}
            for finding in self.findings:
                for word in {finding.rule, finding.name}:
                    self.by_rule.setdefault(word, []).append(finding)
        return self.by_rule.get(rule, [])

    def _likely_place(self, at: str) -> str | None:
        """Return the likely path of a misspelt section or name; None for an existing path, and for a pattern."""
        match = re.fullmatch(_PART, at)
        if match is None or "*" in at:
            return None
        section, name, rest = match[1], match[2] or match[3], match[4]
        if section not in SECTIONS:
            likely = self._names("", SECTIONS).nearest(section)
            return f"{likely}{at[len(section) :]}" if likely else None
        steps = [steps[1] for steps in self.architecture.origins if len(steps) == 2 and steps[0] == section]
        if name in steps:
            return None
        likely = self._names(section, steps).nearest(name)
        return f"{place(section, likely).at}{rest}" if likely else None

    def _names(self, section: str, names: Sequence[str]) -> Names:
        if section not in self.names:
            self.names[section] = Names(names)
        return self.names[section]
