"""Open questions, grouped by the key that decides them, and recognised patterns, as HTML."""

from __future__ import annotations

from archlint.report.html.tags import Lines, element, prose, text
from archlint.report.layout import flat
from archlint.report.plain import fact_text, keyless, place_text, remarks
from archlint.report.undecided import MissingFact
from archlint.verdicts import RecognisedPattern


def fact_item(fact: MissingFact, count: int, root: str) -> Lines:
    """Write a key to add, with the questions that wait for it."""
    rules = " ".join(dict.fromkeys(question.rule for question in fact.listed))
    yield f'<li class="item undecided" data-kind="undecided" data-rules="{text(rules)}">'
    head = f'<code class="key">{text(fact.key)}</code> {fact_text(fact, count)}' if fact.key else keyless(fact)
    yield f'<p class="fact">{head}</p><ul>'
    for question in fact.listed:
        more = remarks(question, fact.key, "`")
        place = element("code", place_text(question.location, root))
        name = f'<code class="rule">{text(question.rule)}</code> {text(question.name)}'
        yield f"<li>{name} at {place} {element('span', question.at, klass='at')} {prose(more)}</li>"
    yield "</ul></li>"


def pattern_row(found: RecognisedPattern) -> str:
    """Write a pattern with the components in its roles."""
    roles = "; ".join(f"{flat(role)}: {', '.join(map(flat, names))}" for role, names in found.roles.items())
    cells = [text(found.workload) or "-", text(roles)]
    return f'<tr><th scope="row">{text(found.pattern)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
