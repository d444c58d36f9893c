"""What an editor shows about the key, the value or the rule under the mouse, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from archlint.about import docs_url
from archlint.catalog.hardware import shipped_accelerators
from archlint.catalog.technologies import Technologies
from archlint.lsp.known import Known
from archlint.lsp.offers import about_field
from archlint.lsp.tree import Spot
from archlint.model.architecture import Component
from archlint.model.meaning import meaning_of, scalar_of
from archlint.model.records import SECTIONS, Relations
from archlint.model.types import Choice, Name
from archlint.model.values import ACCELERATOR, RULE_ID, TECHNOLOGY
from archlint.packs import Pack

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+!|~&])")
ACCEPTED: Final = re.compile(r"#[ \t]*archlint:[ \t]*accept[ \t]+([^#\r\n]*?)(?:--|—|–|$)")
"""A comment that accepts findings, up to its reason."""


def about_spot(spot: Spot, known: Iterable[Known], technologies: Technologies, packs: Iterable[Pack]) -> str:
    """Describe a key or value; empty if there is nothing to say."""
    path = spot.path
    if spot.is_key and len(path) == 2 and path[0] in SECTIONS:
        return about_part(known, str(path[0]), spot.text)
    meaning = meaning_of(path)
    if meaning is None or meaning.field is None:
        return ""
    key = f"**{meaning.field.key}**: {about_field(meaning.field)}"
    if spot.is_key:
        return key
    kind = scalar_of(meaning.kind)
    said = ""
    if isinstance(kind, Name | Relations):
        said = about_part(known, kind.section if isinstance(kind, Name) else "components", spot.text)
    elif isinstance(kind, Choice) and not isinstance(kind.words, tuple) and spot.text in kind.words:
        said = f"**{spot.text}**: {kind.words[spot.text]}."
    elif kind is TECHNOLOGY:
        said = about_technology(technologies, spot.text)
    elif kind is ACCELERATOR:
        said = next((f"**{one.name}**: {one.title}." for one in shipped_accelerators() if one.name == spot.text), "")
    elif kind is RULE_ID:
        said = about_rule(spot.text, packs)
    return said or key


def about_part(known: Iterable[Known], section: str, name: str) -> str:
    """Describe a component, model or workload of a system."""
    for one in known:
        architecture = one.architecture
        component = architecture.components.get(name) if section == "components" else None
        if component is not None:
            return _about_component(component)
        if name in one.parts(section):
            record = (architecture.models if section == "models" else architecture.workloads).get(name)
            text = f"\n\n{plain(record.description)}" if record is not None and record.description else ""
            return f"**{plain(name)}**: {plain(one.about(section, name))}.{text}"
    return ""


def _about_component(component: Component) -> str:
    uses = f", uses {plain(component.uses)}" if component.uses else ""
    lines = [f"**{plain(component.name)}**: {component.kind}{uses}."]
    if component.description:
        lines.append(plain(component.description))
    verbs = dict.fromkeys(relation.verb for relation in component.relations)
    facts = {"serves": component.serves, "trains": component.trains} | {
        verb: tuple(one.target for one in component.relations if one.verb == verb) for verb in verbs
    }
    items = [f"- {verb}: {', '.join(map(plain, names))}" for verb, names in facts.items() if names]
    return "\n\n".join([*lines, *(["\n".join(items)] if items else [])])


def about_technology(technologies: Technologies, name: str) -> str:
    """Describe a technology of the catalogue; empty for others."""
    entry = technologies.get(name)
    if entry is None:
        return ""
    facts = [f"- `{key}` is assumed to be {fact.value}: {plain(fact.because)}" for key, fact in entry.assumed.items()]
    parts = [f"**{plain(entry.title)}**: {', '.join(entry.kinds)}.", "\n".join(facts), plain(entry.site)]
    return "\n\n".join(filter(None, parts))


def about_rule(word: str, packs: Iterable[Pack]) -> str:
    """Describe a rule, given its id or name; empty for others."""
    for pack in packs:
        if word in (pack.id, pack.name):
            if not pack.shipped:
                return f"**{pack.id} {pack.name}**: {plain(pack.title)}.\n\n{plain(pack.summary)}"
            link = f"[About this rule]({docs_url(pack.docs)})"
            return f"**{pack.id} {pack.name}**: {pack.title}.\n\n{pack.summary}\n\n{link}"
    return ""


def plain(text: str) -> str:
    r"""Escape a text of the repository for Markdown: an editor would load its pictures.

    >>> print(plain("a_b ![x](y)"))
    a\_b \!\[x\]\(y\)
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def rule_in_comment(line: str, column: int) -> tuple[str, int, int] | None:
    """Return the rule at a column of a comment that accepts, with its start and end.

    >>> rule_in_comment("x: 1  # archlint: accept SRV001 -- why", 27)
    ('SRV001', 25, 31)
    """
    comment = ACCEPTED.search(line)
    if comment is not None:
        for match in re.finditer(r"[\w-]+", comment[1]):
            start = comment.start(1) + match.start()
            if start <= column <= start + len(match[0]):
                return match[0], start, start + len(match[0])
    return None
