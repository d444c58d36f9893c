"""The rules of a run as SARIF reporting descriptors, from the same folders as `archlint explain`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from archlint.catalog.patterns import pattern_named
from archlint.maker import rule_url
from archlint.packs.reading import read_text
from archlint.packs.records import PackText
from archlint.report.plain import readable
from archlint.report.sarif.records import Configuration, Descriptor, Message, Value
from archlint.verdicts import ActiveRule, Report, start_command

LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_PROBLEM: Final = {"error": "error", "warning": "warning", "info": "recommendation"}
_FAMILIES: Final = {
    "SRV": "serving", "REL": "reliability", "CAP": "capacity", "OPS": "operations", "TRN": "training",
    "SEC": "security", "DOC": "correctness",
}  # fmt: skip
_FAMILY: Final = re.compile(r"[A-Z]+")
_MOST_NAME = 255
_MOST_DESCRIPTION = 1024
"""GitHub's limits for names and descriptions: docs.github.com, SARIF support for code scanning, reportingDescriptor."""


def all_rules(report: Report) -> list[ActiveRule]:
    """Return the rules that ran, and those that only a finding names, in the order of their ids."""
    known = {rule.id: rule for rule in report.rules}
    others = [*(known.finding for known in report.baselined), *(entry.finding for entry in report.accepted)]
    for finding in (*report.findings, *others):
        known.setdefault(finding.rule, ActiveRule(finding.rule, finding.name, finding.severity, ""))
    for question in report.undecided:
        known.setdefault(question.rule, ActiveRule(question.rule, question.name, "warning", ""))
    return [known[key] for key in sorted(known)]


def descriptor(rule: ActiveRule) -> Descriptor:
    """Describe a rule from its folder; a rule without a folder has only its name."""
    text = read_text(Path(rule.folder)) if rule.folder else None
    title = _sentence(text.title if text else rule.name)
    return Descriptor(
        id=readable(rule.id),
        name=readable(rule.name)[:_MOST_NAME],
        short_description=Message(_cut(title)),
        full_description=Message(_cut(_sentence(text.summary or text.title) if text else title)),
        default_configuration=Configuration(LEVELS.get(rule.severity, "warning")),
        help_uri=rule_url(Path(rule.folder), f"rules/{rule.id}-{rule.name}.md") if rule.folder else "",
        help=_help(rule, text),
        properties=_properties(rule),
    )


def _properties(rule: ActiveRule) -> dict[str, Value]:
    family = _FAMILY.match(rule.id)
    word = _FAMILIES.get(family[0]) if family else None
    properties: dict[str, Value] = {"problem.severity": _PROBLEM.get(rule.severity, "warning")}
    return {"tags": ["architecture", word], **properties} if word else {"tags": ["architecture"], **properties}


def _help(rule: ActiveRule, text: PackText | None) -> Message:
    """Write the page of a rule, plain and as Markdown, from the same parts."""
    command = f"archlint explain {rule.id}"
    if text is None:
        return Message(readable(f"More: {command}"))
    said = {
        "What it does": text.what,
        "Why it matters": text.why,
        "Where it is reported": text.place,
        "How to fix": text.fix,
    }
    plain, marked = [_sentence(text.summary or text.title)], [_sentence(text.summary or text.title)]
    for title, part in said.items():
        if part:
            plain.append(f"{title}: {part}")
            marked.append(f"**{title}.** {part}")
    if text.cures:
        told = [f"{_sentence(cure.text)}{_when(cure.when)}" for cure in text.cures]
        names = [cure.pattern for cure in text.cures]
        starts = [_start(name) for name in names]
        plain.append("Fixes:\n" + _listed(map("{}: {}{}".format, names, told, starts)))
        commands = [start.replace(": ", ": `") + "`" if start else "" for start in starts]
        marked.append("**Fixes**\n\n" + _listed(map("`{}`: {}{}".format, names, told, commands)))
    if text.sources:
        plain.append("Sources:\n" + _listed(f"{s.title}: {s.url}" if s.url else s.title for s in text.sources))
        links = _listed(f"[{s.title}](<{s.url}>)" if s.url else s.title for s in text.sources)
        marked.append(f"**Sources**\n\n{links}")
    plain.append(f"More: {command}")
    marked.append(f"More: `{command}`")
    return Message(readable("\n\n".join(plain)), readable("\n\n".join(marked)))


def _start(pattern: str) -> str:
    """Return the command that starts an implementation of a pattern; empty if there is none."""
    found = pattern_named(pattern)
    command = start_command(found.reference) if found is not None else ""
    return f" Try it: {command}" if command else ""


def _when(condition: str) -> str:
    return f" Use it when {_sentence(condition)}" if condition else ""


def _listed(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _sentence(text: str) -> str:
    text = readable(" ".join(text.split()))
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_DESCRIPTION else f"{text[: _MOST_DESCRIPTION - 3]}..."
